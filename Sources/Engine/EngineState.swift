// EngineState — what all cores share, and nothing that a delivery writes.

import CSystem
package import DialectKit
import Hub
import Lockfree
package import Rooms
import Synchronization
package import Telemetry
package import WebSocket

/// Settings of an engine that do not change while it runs.
package struct EngineSettings: Sendable {
    package var limits = Limits()
    /// What a core's index of rooms keeps to.
    package var index = IndexLimits.standard
    package var routes: [Route] = []
    /// Forms of dialects that no route leads to and that sessions join.
    package var forms: [(DialectID, any Dialect)] = []
    /// What the connections of stream listeners begin with, at most eight; the dialects they lead
    /// to are among `routes` or `forms`.
    package var framings: [any StreamFraming] = []
    package var handler: (any RequestHandler)?
    package var deflate = DeflateSettings()
    /// Told of limits that were reached; called on cores, so it must not wait.
    package var report: (@Sendable (LimitReport) -> Void)?
    /// Who listens in, in the order in which they are shown what enters.
    package var taps: [Tap] = []
    /// What is answered inside this process.
    package var handlers: [HandlerRegistration] = []
    /// Messages below this many octets are sent plain.
    package var deflateMinimumSize = 64
    /// Messages above this many octets are sent plain as well: deflating a megabyte takes a core 10
    /// to 20 ms, in which it does nothing else.
    package var deflateMaximumSize = 1_048_576
    /// Connections flushed in one turn.
    package var flushSlice = 320
    /// How much longer publications may wait so that a send takes more of them along, ns; 0: not
    /// at all.
    package var batchingDelay: UInt64 = 0

    package init() {}
}

/// Shared by reference between the cores of one engine and its embedder.
package final class EngineState: Sendable {
    package let settings: EngineSettings
    package let registry: Registry
    package let metrics: [CoreMetrics]
    let mailboxes: [Mailbox<Mail>]
    /// Whether somebody is shown what is published.
    let isWatched: Bool
    /// Which listeners are bound to loopback addresses.
    let loopbackListeners: [Bool]
    /// Connections by peer host, while they are limited.
    private let hosts = Guarded<[String: Int]>([:])
    private let wakeHandles: Guarded<[WakeHandle?]>
    /// Octets of publications, calls and answers posted and not yet read, all cores.
    let mailOctets = Atomic<Int>(0)
    /// Octets of the process's limit that cores have taken for their backlogs, in steps: no core
    /// writes it per delivery.
    let heldOctets = Atomic<Int>(0)
    /// The same for input that cannot be used yet.
    let inputOctets = Atomic<Int>(0)
    /// Octets that the contexts may take which clients were told they may keep.
    let contextOctets = Atomic<Int>(0)
    /// What calls hold until they are answered.
    package let callMemory: CallMemory
    let draining = Atomic<Bool>(false)
    let openCount = Atomic<Int>(0)
    /// Listeners of clients that have not been closed, on all cores.
    let acceptingCount = Atomic<Int>(0)
    /// Does what would keep a core too long.
    let worker = Worker()

    package init(
        settings: EngineSettings, registry: Registry, coreCount: Int,
        loopbackListeners: [Bool] = [true, true]
    ) {
        precondition(coreCount > 0 && coreCount <= InterestSummary.coreLimit)
        self.settings = settings
        callMemory = CallMemory(limit: settings.limits.processCallSize)
        isWatched = !settings.taps.isEmpty
        self.registry = registry
        self.loopbackListeners = loopbackListeners
        metrics = (0..<coreCount).map { CoreMetrics(core: $0) }
        mailboxes = (0..<coreCount).map { _ in Mailbox<Mail>() }
        wakeHandles = Guarded(Array(repeating: nil, count: coreCount))
        registry.attach { [unowned self] in publish($0) }
        for (number, registration) in settings.handlers.enumerated() {
            // Small numbers: no session of a router is likely to have one.
            let handler = HandlerParty(id: PartyID(rawValue: UInt64(1 + number)), registration)
            let isOpen = registry.dealer(of: registration.realm).open(handler, self)
            precondition(isOpen, "two handlers for one procedure")
        }
    }

    var interest: InterestSummary { registry.interest }

    package var coreCount: Int { mailboxes.count }

    /// More octets are under way between cores than `mailSize`: who sends more should wait.
    package var isCongested: Bool {
        mailOctets.load(ordering: .relaxed) > settings.limits.mailSize
    }

    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Whether clients can still connect. Those who could before it became `false` are counted.
    package var isAccepting: Bool { acceptingCount.load(ordering: .acquiring) > 0 }

    /// Connections open on all cores.
    package var connectionCount: Int { openCount.load(ordering: .relaxed) }

    /// Counts a connection of `host`; `false` when it has `limit` already.
    func admit(_ host: String, limit: Int) -> Bool {
        hosts.withLock { hosts in
            guard hosts[host, default: 0] < limit else { return false }
            hosts[host, default: 0] += 1
            return true
        }
    }

    func leave(_ host: String) {
        hosts.withLock { hosts in
            guard let count = hosts[host] else { return }
            hosts[host] = count > 1 ? count - 1 : nil
        }
    }

    func setWakeHandle(_ handle: WakeHandle?, of core: Int) {
        wakeHandles.withLock { $0[core] = handle }
    }

    func wakeHandle(of core: Int) -> WakeHandle? { wakeHandles.withLock { $0[core] } }

    /// Posts from any thread; wakes the core when it sleeps.
    func post(_ mail: Mail, to core: Int) {
        if mailboxes[core].post(mail) { signal(core) }
    }

    /// Posts what a call carries, counted until ``tookMail(of:)``.
    func post(_ mail: Mail, of size: Int, to core: Int) {
        mailOctets.wrappingAdd(size, ordering: .relaxed)
        post(mail, to: core)
    }

    func tookMail(of size: Int) { mailOctets.wrappingSubtract(size, ordering: .relaxed) }

    /// Ends the sleep of a core by its event, from any thread.
    func signal(_ core: Int) {
        wakeHandles.withLock { handles in
            // Under the lock: a core that ends takes its handle away before it closes the event.
            if let handle = handles[core] { _ = carillon_eventfd_signal(handle.event) }
        }
    }

    /// Publishes from any thread. Every core with subscribers delivers; the receipt, if any, is
    /// made with the number of those cores.
    package func publish(
        _ publication: Publication, completion: (@Sendable (_ receiverCount: Int) -> Void)? = nil
    ) {
        show(publication)
        let cores = cores(for: publication)
        let receipt = completion.map {
            Receipt(partCount: cores.nonzeroBitCount, completion: $0)
        }
        var rest = cores
        while rest != 0 {
            let core = rest.trailingZeroBitCount
            rest &= rest - 1
            mailOctets.wrappingAdd(publication.mailSize, ordering: .relaxed)
            post(.publication(publication, receipt), to: core)
        }
    }

    /// The cores that may have subscribers. One that covers rooms of any name goes to all.
    func cores(for publication: Publication) -> UInt64 {
        guard publication.coverage == nil else { return .max >> UInt64(64 - coreCount) }
        return interest.cores(for: publication.room, in: publication.realm)
    }

    /// Does work off the cores; its note goes to the session that asked for it.
    func workElsewhere(
        _ job: @escaping @Sendable () -> any SessionNote, for connection: ConnectionID
    ) {
        worker.submit { [self] in post(.note(connection, job()), to: connection.core) }
    }
}
