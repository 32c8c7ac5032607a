// Talk — what a client costs beside its sockets: coming, speaking, leaving (a Core on a driver
// without a kernel).
//
// `Opening` is one connection from the accept to its close: request, upgrade, answer, reset. `Echo`
// is one message and its answer. Clients come and speak by the dozens in a turn, as they do when a
// core is busy; what a turn costs is shared by them.

import Bytes
import DialectKit
import Echo
import Engine

/// The settings of a server that echoes.
private func echoing() -> EngineSettings {
    var settings = EngineSettings()
    settings.routes = [
        Route(path: "/echo", dialect: EchoDialect(), dialectID: DialectID(rawValue: 0))
    ]
    return settings
}

private let upgrade = Array(
    """
    GET /echo HTTP/1.1\r
    Host: 127.0.0.1:9100\r
    Upgrade: websocket\r
    Connection: Upgrade\r
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
    Sec-WebSocket-Version: 13\r
    \r

    """.utf8)

struct Opening: Work, ~Copyable {
    private let world: TalkWorld
    private let clientCount: Int
    private let roundCount: Int

    init(clientCount: Int, roundCount: Int) {
        world = TalkWorld(settings: echoing(), clientCount: clientCount)
        self.clientCount = clientCount
        self.roundCount = roundCount
    }

    var itemCount: Int { clientCount * roundCount }

    mutating func pass() -> UInt64 {
        let before = world.figures
        for _ in 0..<roundCount {
            world.come()
            unsafe world.say(upgrade.span.bytes)
            world.leave()
        }
        let after = world.figures
        precondition(world.connectionCount == 0)
        var sum = Checksum()
        sum.add(after.sendCount - before.sendCount)
        sum.add(after.sendSize - before.sendSize)
        sum.add(after.closeCount - before.closeCount)
        sum.add(after.operationCount - before.operationCount)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 10, real: 500)
        suite.measure("Opening", "16 per turn") { Opening(clientCount: 16, roundCount: rounds) }
    }
}

struct EchoTurn: Work, ~Copyable {
    private let world: TalkWorld
    private let frame: [UInt8]
    private let clientCount: Int
    private let roundCount: Int

    init(size: Int, clientCount: Int, roundCount: Int) {
        world = TalkWorld(settings: echoing(), clientCount: clientCount)
        self.clientCount = clientCount
        self.roundCount = roundCount
        // A text, masked by zeros: the mask costs what any other does.
        let payload = jsonText(size: size)
        frame = [0x81, 0xFE, UInt8(size >> 8), UInt8(size & 255), 0, 0, 0, 0] + payload
        world.come()
        unsafe world.say(upgrade.span.bytes)
    }

    var itemCount: Int { clientCount * roundCount }

    mutating func pass() -> UInt64 {
        let before = world.figures
        for _ in 0..<roundCount { unsafe world.say(frame.span.bytes) }
        let after = world.figures
        precondition(after.sendCount - before.sendCount == itemCount)
        var sum = Checksum()
        sum.add(after.sendCount - before.sendCount)
        sum.add(after.sendSize - before.sendSize)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 20, real: 2000)
        for clientCount in [1, 20] {
            suite.measure("Echo", "128 octets, \(clientCount) per turn") {
                EchoTurn(size: 128, clientCount: clientCount, roundCount: rounds)
            }
        }
    }
}
