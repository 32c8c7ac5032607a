// The world of the benchmarks `Opening` and `Echo` counts what it claims to.

import Bytes
import DialectKit
import Echo
import Engine
import Testing

@Suite struct TalkWorldTests {
    @Test("clients come, are answered once a message, and leave nothing behind")
    func talk() {
        var settings = EngineSettings()
        settings.routes = [
            Route(path: "/echo", dialect: EchoDialect(), dialectID: DialectID(rawValue: 0))
        ]
        let world = TalkWorld(settings: settings, clientCount: 5)
        let request =
            "GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        // A text of two letters, masked by zeros, and another behind it.
        let frame: [UInt8] = [0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]
        for _ in 0..<2 {
            let before = world.figures
            world.come()
            #expect(world.connectionCount == 5)
            unsafe world.say(Array(request.utf8).span.bytes)
            let opened = world.figures
            #expect(opened.sendCount - before.sendCount == 5)
            unsafe world.say((frame + frame).span.bytes)
            let answered = world.figures
            #expect(answered.sendCount - opened.sendCount == 5)
            #expect(answered.sendSize - opened.sendSize == 5 * 2 * 4)
            world.leave()
            #expect(world.connectionCount == 0)
            #expect(world.figures.closeCount - before.closeCount == 5)
        }
    }
}
