import DialectKit
import LinkKit
import Lockfree
import Rooms
import Synchronization
import Testing

@testable import CarillonServer
@testable import Engine

@Suite struct LinkPublisherTests {
    private static func room(_ name: String) -> Room {
        let octets = Array(name.utf8)
        return try! Room(dotted: unsafe octets.span.bytes)
    }

    /// An engine whose core reads no mail but when somebody waits for it.
    private static func engine(mailSize: Int) -> EngineState {
        var settings = EngineSettings()
        settings.limits.mailSize = mailSize
        return EngineState(settings: settings, registry: Registry(), coreCount: 1)
    }

    @Test("a broker that sends faster than the cores read waits for them")
    func backPressure() {
        let limit = 20_000
        let state = Self.engine(mailSize: limit)
        var interest = CoreInterest(state.interest, core: 0)
        let room = Self.room("a.b")
        interest.add(.exact(room), in: .standard)
        let pauses = Atomic<Int>(0)
        let publisher = LinkPublisher {
            pauses.wrappingAdd(1, ordering: .relaxed)
            // Every third time the core gets to it.
            guard pauses.load(ordering: .relaxed) % 3 == 0 else { return }
            state.mailboxes[0].drain { mail in
                guard case .publication(let publication, _) = mail else { return }
                state.tookMail(of: publication.mailSize)
            }
        }
        publisher.attach(state)
        let handler = publisher.handler([.payload(.standard)], link: 1)
        let payload = [UInt8](repeating: 0x31, count: 1000)
        var peak = 0
        for _ in 0..<200 {
            let message = LinkMessage(subscription: 0, origin: [], room: room, payload: payload)
            #expect(handler(message) == .taken)
            peak = max(peak, state.mailOctets.load(ordering: .relaxed))
        }
        #expect(pauses.load(ordering: .relaxed) >= 3)
        #expect(peak <= limit + 1000 + 512)
        interest.remove(.exact(room), in: .standard)
    }

    @Test("cores that never read hold up a broker for a while, not for good")
    func patience() {
        let state = Self.engine(mailSize: 100)
        var interest = CoreInterest(state.interest, core: 0)
        let room = Self.room("a.b")
        interest.add(.exact(room), in: .standard)
        let pauses = Atomic<Int>(0)
        let publisher = LinkPublisher { pauses.wrappingAdd(1, ordering: .relaxed) }
        publisher.attach(state)
        let handler = publisher.handler([.payload(.standard)], link: 1)
        let message = LinkMessage(subscription: 0, origin: [], room: room, payload: [0x31])
        for _ in 0..<3 { #expect(handler(message) == .taken) }
        #expect(pauses.load(ordering: .relaxed) == 2 * 2000)
        interest.remove(.exact(room), in: .standard)
    }
}
