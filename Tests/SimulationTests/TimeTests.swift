// Time: handshakes, pings, idle connections, slow writes; all of it on a virtual clock.

import Engine
import HTTP1
import Rooms
import Telemetry
import Testing
import WebSocket

/// Answers `GET /now` at once and `GET /later` when told to.
private final class TestHandler: RequestHandler, @unchecked Sendable {
    private(set) var waiting: [Responder] = []

    func respond(to request: borrowing Request, via responder: Responder) -> HandlerOutcome? {
        switch request.path {
        case "/now": return .now(Response(status: 200, body: Array("now".utf8)))
        case "/later":
            waiting.append(responder)
            return .later
        default: return nil
        }
    }

    func bodyLimit(method: Method, path: String, listener: Int) -> Int? { 1_000 }

    func answer() {
        waiting.removeFirst().respond(Response(status: 200, body: Array("later".utf8)))
    }
}

@Suite("time, simulated")
struct TimeTests {
    private static let pingText = Array("carillon".utf8)

    @Test("a handshake that got as far as its request line is answered 408")
    func handshakeTimeout() {
        let world = TestWorld()
        let client = world.connect()
        client.write(octets: Array("GET /stream HTTP/1.1\r\nHost: a\r\n".utf8))
        world.exchangeAll()
        world.pass(seconds: 9.8, [client])
        #expect(!client.socket.isFinished)
        world.pass(seconds: 0.4, [client])
        #expect(client.refusal == 408)
        #expect(client.socket.isFinished)
        world.pass(seconds: 1.2, [client])
        #expect(world.world.state.connectionCount == 0)
        #expect(world.world.state.metrics[0].value(of: LimitName.handshakeTime) == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a handshake that said nothing, or no whole line, is closed without a word")
    func silentHandshake() {
        for start in ["", "GET /str"] {
            let world = TestWorld()
            let client = world.connect()
            client.write(octets: Array(start.utf8))
            world.exchangeAll()
            world.pass(seconds: 10.3, [client])
            #expect(client.socket.isFinished && client.arrivals == [])
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("octets that trickle in do not lengthen a handshake")
    func trickle() {
        let world = TestWorld()
        let client = world.connect()
        let head = Array("GET /stream HTTP/1.1\r\nHost: a\r\nX-Padding: aaaaaaaaaaaaaaaa\r\n".utf8)
        for octet in head.prefix(30) {
            client.write(octets: [octet])
            world.exchangeAll()
            world.pass(seconds: 0.4, [client])
        }
        #expect(client.refusal == 408)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a silent peer is pinged, and kept as long as it answers")
    func pings() {
        let world = TestWorld()
        let client = world.open()
        world.pass(seconds: 120, [client], slice: 0.5)
        let pings = client.takeArrivals()
        #expect(pings.count >= 4)
        #expect(pings.allSatisfy { $0 == .ping(Self.pingText) })
        #expect(!client.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a peer that does not answer its ping is dropped after ten seconds")
    func pongTimeout() {
        let world = TestWorld(cores: 2)
        let client = world.open()
        client.answersPings = false
        client.write(Call.subscribe("a"))
        let other = world.open(core: 1)
        world.exchangeAll()
        world.pass(seconds: 24.8, [client, other])
        #expect(client.takeArrivals().count == 1)
        // Pings wait for each other, half a second at most.
        world.pass(seconds: 0.9, [client, other])
        #expect(client.takeArrivals() == [.ping(Self.pingText)])
        world.pass(seconds: 9.2, [client, other])
        #expect(!client.socket.isFinished)
        world.pass(seconds: 1.0, [client, other])
        #expect(client.socket.isFinished)
        #expect(client.takeArrivals() == [])
        #expect(world.world.state.connectionCount == 1)
        #expect(world.registry.connectionCount(of: TestWorld.dialect, in: .standard) == 1)
        #expect(world.registry.subscriptions(of: TestWorld.dialect, in: .standard).isEmpty)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("octets of any kind count as an answer to a ping")
    func anyOctets() {
        let world = TestWorld()
        let client = world.open()
        client.answersPings = false
        for _ in 0..<10 {
            world.pass(seconds: 9, [client])
            client.write(Call.echo("{}"))
            world.exchangeAll()
        }
        #expect(!client.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("who may take long to answer is pinged at each interval all the same, and dropped late")
    func patience() {
        var limits = Limits()
        limits.pingInterval = 2 * Limits.second
        limits.pongTime = 20 * Limits.second
        let world = TestWorld(limits: limits)
        let client = world.open()
        world.pass(seconds: 40, [client], slice: 0.5)
        #expect(client.takeArrivals().count >= 12)
        // It says something in time, though no pong.
        client.answersPings = false
        for _ in 0..<10 {
            world.pass(seconds: 9, [client])
            client.write(Call.echo("{}"))
            world.exchangeAll()
        }
        #expect(!client.socket.isFinished)
        world.pass(seconds: 19, [client])
        #expect(!client.socket.isFinished)
        world.pass(seconds: 4, [client])
        #expect(client.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a peer that takes no octet for ten seconds is given up")
    func slowWrite() {
        let world = TestWorld()
        let client = world.open(TestWorld.echo)
        client.socket.sendWindow = 100
        client.write(.binary, Array(repeating: 1, count: 5_000))
        client.push()
        world.world.pass(9_700_000_000)
        #expect(world.world.state.connectionCount == 1)
        world.world.pass(600_000_000)
        #expect(world.world.state.connectionCount == 0)
        #expect(world.world.backlogSize == 0)
        #expect(world.world.state.metrics[0].value(of: LimitName.slowWriteTime) == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a peer that takes a little now and then is not given up")
    func slowButAlive() {
        let world = TestWorld()
        let client = world.open(TestWorld.echo)
        client.socket.sendWindow = 100
        client.write(.binary, Array(repeating: 1, count: 1_500))
        client.push()
        for _ in 0..<16 {
            world.world.pass(6_000_000_000)
            client.read(100)
        }
        world.exchangeAll()
        #expect(client.takeArrivals().first == .binary(Array(repeating: 1, count: 1_500)))
        #expect(!client.socket.isFinished)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("an idle HTTP connection is closed after a minute, one that asks on is not")
    func keepAlive() {
        let world = TestWorld(handler: TestHandler())
        let idle = world.connect()
        let busy = world.connect()
        let request = Array("GET /now HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        idle.write(octets: request)
        for _ in 0..<4 {
            busy.write(octets: request)
            world.exchangeAll()
            world.pass(seconds: 20, [idle, busy], slice: 0.5)
        }
        #expect(idle.socket.isFinished)
        #expect(!busy.socket.isFinished)
        #expect(world.world.state.metrics[0].value(of: LimitName.keepAliveIdle) == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("pipelined requests are answered in order, also behind one that takes its time")
    func pipelining() {
        let handler = TestHandler()
        let world = TestWorld(handler: handler)
        let client = world.connect()
        for path in ["/now", "/later", "/now"] {
            client.write(octets: Array("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        }
        client.push()
        world.world.settle()
        let first = String(decoding: client.socket.read(), as: UTF8.self)
        #expect(first.hasSuffix("now") && !first.contains("later"))
        handler.answer()
        world.world.settle()
        let rest = String(decoding: client.socket.read(), as: UTF8.self)
        #expect(rest.contains("later") && rest.hasSuffix("now"))
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a peer over its rate is read on at the next tick, whatever else is due")
    func messageRate() {
        for window in [65_536, 10] {
            var limits = Limits()
            limits.messageRate = 10
            limits.messageBurst = 5
            let world = TestWorld(limits: limits)
            let client = world.open(TestWorld.echo)
            client.socket.sendWindow = window
            for number in 0..<25 as Range<UInt8> { client.write(.binary, [number]) }
            client.push()
            world.pass(seconds: 1, [client])
            let early = client.takeArrivals().count
            #expect(early >= 10 && early <= 20)
            world.pass(seconds: 2, [client])
            #expect(early + client.takeArrivals().count == 25, "window \(window)")
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("publishers wait while too much is under way between the cores, and go on")
    func mailSize() {
        var limits = Limits()
        limits.mailSize = 1_000
        let world = TestWorld(cores: 2, limits: limits)
        let reader = world.open(core: 0)
        let writer = world.open(core: 1)
        reader.write(Call.subscribe("a"))
        world.exchangeAll()
        _ = reader.takeMessages()
        for number in 0..<20 {
            let filling = String(repeating: "x", count: 300)
            writer.write(Call.publish("a", data: #"{"n":\#(number),"x":"\#(filling)"}"#))
        }
        writer.push()
        for _ in 0..<5 { world.world.turn(of: 1) }
        #expect(world.world.state.metrics[1].value(of: LimitName.mailSize) >= 1)
        world.pass(seconds: 3, [reader, writer])
        #expect(reader.takeMessages().count == 20)
        #expect(writer.takeMessages().count == 20)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a clock that jumps ahead drops nobody who answers")
    func clockJump() {
        let world = TestWorld()
        let clients = (0..<5).map { _ in world.open() }
        for jump in [30, 90, 3_600, 86_400] as [UInt64] {
            world.world.advance(by: jump * 1_000_000_000)
            world.exchangeAll()
            world.pass(seconds: 1, clients)
        }
        #expect(clients.allSatisfy { !$0.socket.isFinished })
        world.end()
        #expect(world.world.violations == [])
    }
}
