import Glibc
import LinkKit
import RabbitMQLink
import Synchronization
import Telemetry
import Testing

@Suite("RabbitMQ settings")
struct RabbitMQSettingsTests {
    private func problems(_ change: (inout RabbitMQSource) -> Void) -> [String] {
        var source = RabbitMQSource(queue: "q")
        change(&source)
        return RabbitMQSettings(consumers: [.source(source)]).problems
    }

    @Test("what works has no problems")
    func good() throws {
        #expect(RabbitMQSettings(consumers: [.highTemplar()]).problems == [])
        #expect(problems { _ in } == [])
        let template = try RoomTemplate("o.{1}")
        #expect(
            problems {
                $0.exchange = RabbitMQExchange(name: "e", kind: .topic)
                $0.bindings = ["a.*", "b.#"]
                $0.template = template
            } == [])
    }

    @Test("what cannot work is said in words")
    func bad() throws {
        let template = try RoomTemplate("o.{1}")
        #expect(RabbitMQSettings(consumers: []).problems == ["nothing to consume"])
        #expect(problems { $0.queue = "" } == ["a queue has no name"])
        #expect(problems { $0.prefetch = 0 }.count == 1)
        #expect(problems { $0.recentIDLimit = 0 }.count == 1)
        #expect(problems { $0.bindings = ["a"] } == ["q: bindings to no exchange"])
        #expect(
            problems { $0.exchange = RabbitMQExchange(name: "e") }
                == ["q: an exchange without bindings"])
        #expect(
            problems {
                $0.declaresQueue = false
                $0.isDurable = false
            }.count == 1)
        // The template needs a wildcard, and one of the bindings has none.
        for kind in [RabbitMQExchange.Kind.topic, .direct, nil] {
            #expect(
                problems {
                    $0.exchange = RabbitMQExchange(name: "e", kind: kind)
                    $0.bindings = ["a.*", "b"]
                    $0.template = template
                } == ["q: the template names {1}, and a binding has 0 wildcards"])
        }
        #expect(problems { $0.queue = String(repeating: "x", count: 250) }.count == 1)
        #expect(problems { $0.queue = "a\u{0}b" }.count == 1)
        let long = String(repeating: "e", count: 256)
        #expect(RabbitMQSettings(consumers: [.highTemplar(exchange: long)]).problems.count == 1)
    }

    @Test("a broker that speaks something else is refused and tried again", .timeLimit(.minutes(1)))
    func garbage() throws {
        let answers = [
            Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), [],
            Array("AMQP\u{0}\u{0}\u{9}\u{1}".utf8),
            [UInt8](repeating: 0xFF, count: 4096), [1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
            [1, 0, 0, 0, 0, 0, 4, 0, 99, 0, 99, 0xCE],
        ]
        let server = Listener(answers)
        defer { server.close() }
        var settings = RabbitMQSettings(consumers: [.highTemplar()])
        settings.port = server.port
        settings.answerLimit = .milliseconds(200)
        settings.retryCeiling = BackOff.standardFloor
        let status = LinkStatus(kind: .rabbitmq, name: "test")
        let refusals = Atomic<Int>(0)
        let count = Shared(refusals)
        let link = try RabbitMQLink(
            settings,
            desk: LinkDesk(
                status: status, handler: { _ in .taken },
                report: { if case .refused = $0 { count.add() } }))
        try link.start()
        for _ in answers { server.answerOne() }
        while count.value < answers.count { sched_yield() }
        link.stop()
        #expect(status[.connects] == 0)
        #expect(!status.isConnected)
    }
}

private final class Shared: Sendable {
    private let count: Atomic<Int>

    init(_ count: consuming Atomic<Int>) { self.count = count }

    var value: Int { count.load(ordering: .acquiring) }
    func add() { count.add(1, ordering: .releasing) }
}

/// Says one thing to each who connects, and hangs up.
private final class Listener {
    private let descriptor: CInt
    let port: UInt16
    private var answers: [[UInt8]]

    init(_ answers: [[UInt8]]) {
        self.answers = answers
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutableBytes(of: &address) { octets in
            let place = unsafe octets.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            unsafe bind(descriptor, place, size)
            listen(descriptor, 8)
            unsafe getsockname(descriptor, place, &size)
        }
        self.descriptor = descriptor
        port = UInt16(bigEndian: address.sin_port)
    }

    func answerOne() {
        let peer = accept(descriptor, nil, nil)
        let answer = answers.removeFirst()
        unsafe answer.withUnsafeBytes {
            _ = unsafe send(peer, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        shutdown(peer, CInt(SHUT_WR))
        // Until the other side has gone, so that our end is no reset.
        var octets = [UInt8](repeating: 0, count: 4096)
        while unsafe read(peer, &octets, octets.count) > 0 {}
        Glibc.close(peer)
    }

    func close() { Glibc.close(descriptor) }
}
