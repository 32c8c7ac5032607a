// One publication that is a message for each of many patterns: what is written for it is bounded, and
// whoever cannot take more has nothing written.

import Bytes
import DialectKit
import Engine
import Hub
import Rooms
import Synchronization
import Telemetry
import Testing

/// A dialect whose patterns all have messages of their own, which it counts.
///
/// A client says `NUMBER` and subscribes to the first so many octets of `a.b`'s names in that reading,
/// or `pub TEXT`.
private final class OverlappingDialect: Dialect {
    let encodedCount = Atomic<Int>(0)

    static let name = "a." + String(repeating: "x", count: 200)

    var deliversOncePerConnection: Bool { false }

    func open(_ request: OpeningRequest) -> OpeningDecision {
        .accept(OverlappingSession(), subprotocol: nil)
    }

    func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? {
        encodedCount.wrappingAdd(1, ordering: .relaxed)
        message.append("\(reading) ")
        return message.append(payload: publication.value)
    }
}

private final class OverlappingSession: Session {
    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        let text = octets.text
        if text.hasPrefix("pub ") {
            let publication = Publication(
                realm: .standard, room: SpokenDialect.room(OverlappingDialect.name),
                payload: Array(text.utf8.dropFirst(4)))
            commands.append(.publish(publication))
            return
        }
        let number = Reading(text)!
        let prefix = Array(OverlappingDialect.name.utf8.prefix(Int(number)))
        commands.append(.subscribe(.prefix(prefix), number))
    }
}

private final class OverlappingWorld: ClientWorld {
    let dialect: OverlappingDialect
    let router: RouterWorld
    var world: SimulatedWorld { router.world }
    private(set) var clients: [SimulatedClient] = []

    init(
        limits: Limits = Limits(), options: SimulatedOptions = SimulatedOptions(), seed: UInt64 = 1
    ) {
        let dialect = OverlappingDialect()
        self.dialect = dialect
        router = RouterWorld(seed: seed, cores: 1, limits: limits, options: options) { _ in
            [Route(path: "/o", dialect: dialect, dialectID: DialectID(rawValue: 20))]
        }
    }

    func open(offersDeflate: Bool = false) -> SimulatedClient {
        let client = SimulatedClient(
            world.connect(to: 0), seed: world.random.next(), offersDeflate: offersDeflate)
        client.requestUpgrade("/o")
        clients.append(client)
        exchange(client)
        precondition(client.isOpen)
        client.socket.sendWindow = 1 << 30
        return client
    }

    func publish(_ size: Int, by writer: SimulatedClient) -> Int {
        let before = dialect.encodedCount.load(ordering: .relaxed)
        writer.write("pub " + String(repeating: "x", count: size))
        exchangeAll()
        return dialect.encodedCount.load(ordering: .relaxed) - before
    }
}

@Suite("one publication to many patterns, simulated")
struct HostileFanOutTests {
    @Test("nothing is written for a connection that has had all it may be sent in a turn")
    func overlapping() {
        let test = OverlappingWorld()
        let writer = test.open()
        let reader = test.open()
        let greedy = test.open()
        for number in 1...150 { greedy.write("\(number)") }
        for number in 151...153 { reader.write("\(number)") }
        test.exchangeAll()
        // Small ones reach everybody.
        #expect(test.publish(100, by: writer) == 153)
        #expect(greedy.takeMessages().count == 150)
        #expect(reader.takeMessages().count == 3)
        // Eighteen and some megabytes are what the greedy one may be sent in a turn.
        let count = test.publish(1_000_000, by: writer)
        #expect(count > 15 && count < 30)
        #expect(greedy.receivedCode == 1013)
        #expect(reader.takeMessages().count == 3)
        #expect(test.publish(1_000_000, by: writer) == 3)
        #expect(reader.takeMessages().count == 3)
        test.end()
        #expect(test.world.violations == [])
    }

    @Test(
        "a publication that would be written too often leaves the last of its readers out, and says so"
    )
    func manyConnections() {
        for offersDeflate in [false, true] {
            var limits = Limits()
            limits.fanOutSize = 5_000_000
            let test = OverlappingWorld(limits: limits)
            let writer = test.open()
            let readers = (1...20).map { number in
                let reader = test.open(offersDeflate: offersDeflate)
                reader.write("\(number)")
                return reader
            }
            test.exchangeAll()
            #expect(test.publish(100_000, by: writer) == 20)
            for reader in readers { #expect(reader.takeMessages().count == 1) }
            let count = test.publish(1_000_000, by: writer)
            #expect(count == 5)
            let closed = readers.filter { $0.receivedCode == 1013 }
            #expect(closed.count == 15)
            for reader in readers where reader.receivedCode == nil {
                #expect(reader.takeMessages().count == 1)
            }
            test.end()
            #expect(test.world.violations == [])
        }
    }

    @Test("those who are left out together are closed in slices")
    func manyClosed() {
        var limits = Limits()
        limits.fanOutSize = 5_000_000
        var options = SimulatedOptions()
        options.socketLimit = 256
        let test = OverlappingWorld(limits: limits, options: options)
        let writer = test.open()
        let readers = (1...190).map { number in
            let reader = test.open()
            reader.write("\(number)")
            return reader
        }
        test.exchangeAll()
        writer.write("pub " + String(repeating: "x", count: 1_000_000))
        writer.push()
        let metrics = test.world.state.metrics[0]
        var closedCount: UInt64 = 0
        for _ in 0..<5000 where closedCount < 185 {
            test.world.step()
            let count = metrics.value(of: SlowConsumer.closed)
            #expect(count - closedCount <= 128)
            closedCount = count
        }
        #expect(closedCount == 185)
        test.exchangeAll()
        #expect(readers.count { $0.receivedCode == 1013 } == 185)
        test.end()
        #expect(test.world.violations == [])
    }

    @Test("a selective publication behind another one of the turn reaches who is in several lists")
    func selectiveBehind() {
        let test = SpokenWorld()
        let stream = test.open(SpokenWorld.stream)
        let session = test.join()
        test.say(stream, Call.subscribe("a"))
        test.say(session, #"[32,1,{},"a.e"]"#)
        let writer = test.join()
        writer.write(#"[16,1,{},"a.e",[1]]"#)
        writer.write(#"[16,2,{"retain":true},"a.e",[2]]"#)
        writer.write(#"[16,3,{},"a.e",[3]]"#)
        writer.write(#"[16,4,{"exclude":[7]},"a.e",[4]]"#)
        test.exchangeAll()
        #expect(session.takeMessages().count == 4)
        #expect(
            stream.takeMessages() == (1...4).map { Call.event("a", data: "\($0)") })
        test.end()
        #expect(test.world.violations == [])
    }
}
