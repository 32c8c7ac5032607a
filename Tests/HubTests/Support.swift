// Support — a dealer that tests can talk to in one line, and its actions as text.

import Bytes

@testable import Hub
@testable import Rooms

/// A payload with a name.
final class Note: Sendable {
    let text: String
    init(_ text: String) { self.text = text }
}

let millisecond: UInt64 = 1_000_000

func room(_ dotted: String) -> Room { try! Room(dotted: Array(dotted.utf8).raw) }

func exact(_ dotted: String) -> Pattern { .exact(room(dotted)) }

func prefix(_ text: String) -> Pattern { .prefix(Array(text.utf8)) }

/// `a..c` with an empty component for any one segment.
func wildcard(_ dotted: String) -> Pattern {
    .wildcard(
        dotted.split(separator: ".", omittingEmptySubsequences: false).map {
            $0.isEmpty ? nil : Array($0.utf8)
        })
}

extension RegisterOptions {
    init(
        _ policy: InvocationPolicy, concurrency: UInt32 = 0, disclosesCaller: Bool = false,
        forwardsTimeout: Bool = false, takeover: Takeover = .none
    ) {
        self.init()
        self.policy = policy
        concurrencyLimit = concurrency
        self.disclosesCaller = disclosesCaller
        self.forwardsTimeout = forwardsTimeout
        self.takeover = takeover
    }
}

extension CallOptions {
    init(
        timeout: UInt64 = 0, progress: Bool = false, part: Bool = false, disclose: Bool = false,
        repeated: Bool = false, refusal: String? = nil
    ) {
        self.init()
        self.timeout = timeout
        wantsProgress = progress
        isPart = part
        disclosesCaller = disclose
        isRepeated = repeated
        self.refusal = refusal.map { CallRefusal(uri: $0, text: "no") }
    }
}

func text(of payload: (any CallPayload)?) -> String { (payload as? Note).map(\.text) ?? "-" }

extension DealerAction {
    /// One line, its receiver first.
    var text: String {
        switch self {
        case .invoke(let invocation): invocation.text
        case .interrupt(let party, let invocation, let mode, let reason):
            "\(party.rawValue) interrupt \(invocation) \(mode) \(reason?.uri ?? "-")"
        case .result(let party, let request, let isProgress, let payload):
            "\(party.rawValue) result \(request)\(isProgress ? " progress" : "") "
                + HubTests.text(of: payload)
        case .error(let party, let request, let error, let payload):
            "\(party.rawValue) error \(request) \(error.uri) \(HubTests.text(of: payload))"
        case .registered(let party, let request, let id):
            "\(party.rawValue) registered \(request) \(id)"
        case .registrationRefused(let party, let request, let error),
            .unregistrationRefused(let party, let request, let error):
            "\(party.rawValue) refused \(request) \(error.uri)"
        case .unregistered(let party, let request, let id):
            "\(party.rawValue) unregistered \(request) \(id)"
        case .revoked(let party, let id, let reason): "\(party.rawValue) revoked \(id) \(reason)"
        case .violation(let party, let violation): "\(party.rawValue) violation \(violation)"
        case .meta(let event): event.text
        }
    }
}

extension Invocation {
    var text: String {
        var text = "\(callee.rawValue) invoke \(id) \(registration)"
        if let procedure { text += " procedure=\(procedure.text)" }
        if let caller { text += " caller=\(caller.rawValue)" }
        if timeout > 0 { text += " timeout=\(timeout)" }
        if receivesProgress { text += " progress" }
        if isPart { text += " part" }
        return text + " " + HubTests.text(of: payload)
    }
}

extension RegistrationEvent {
    var text: String {
        let name = topic.split(separator: ".").last!
        switch self {
        case .created(let party, let details):
            return "\(name) \(party.rawValue) \(details.id) \(details.policy.rawValue)"
        case .registered(let party, let id), .unregistered(let party, let id),
            .deleted(let party, let id):
            return "\(name) \(party.rawValue) \(id)"
        }
    }
}

/// A dealer that an expectation can ask: `#expect` cannot hold what is not copyable.
final class Desk {
    private var dealer: Dealer
    private var actions: [DealerAction] = []
    /// The time of all inputs, in nanoseconds.
    var now: UInt64 = 1_000_000_000
    var random: UInt64 = 0

    init(limits: DealerLimits = .standard) { dealer = Dealer(limits: limits) }

    var counters: DealerCounters { dealer.counters }
    var nextDeadline: UInt64? { dealer.nextDeadline }
    var list: RegistrationList { dealer.list() }

    /// What was done since the last time, without meta events unless asked for.
    private func said(meta: Bool = false) -> [String] {
        defer { actions.removeAll() }
        dealer.checkInvariants()
        return actions.compactMap {
            if case .meta = $0, !meta { return nil }
            return $0.text
        }
    }

    @discardableResult
    func open(_ party: UInt64, owner: UInt64 = 0, _ features: PartyFeatures = []) -> Bool {
        dealer.open(PartyID(rawValue: party), owner: owner, features: features)
    }

    @discardableResult
    func close(_ party: UInt64, meta: Bool = false) -> [String] {
        dealer.close(PartyID(rawValue: party), now: now, &actions)
        return said(meta: meta)
    }

    @discardableResult
    func register(
        _ pattern: Pattern, _ party: UInt64, request: UInt64 = 1,
        _ options: RegisterOptions = RegisterOptions(), meta: Bool = false
    ) -> [String] {
        dealer.register(
            pattern, request: request, by: PartyID(rawValue: party), options: options, now: now,
            &actions)
        return said(meta: meta)
    }

    @discardableResult
    func unregister(
        _ id: RegistrationID, _ party: UInt64, request: UInt64 = 1, meta: Bool = false
    ) -> [String] {
        dealer.unregister(id, request: request, by: PartyID(rawValue: party), &actions)
        return said(meta: meta)
    }

    func revoke(_ id: RegistrationID, _ party: UInt64, reason: String) throws -> [String] {
        try dealer.revoke(id, from: PartyID(rawValue: party), reason: reason, &actions)
        return said(meta: true)
    }

    @discardableResult
    func call(
        _ procedure: String, _ party: UInt64, request: UInt64,
        _ options: CallOptions = CallOptions(), _ note: String = "a"
    ) -> [String] {
        dealer.call(
            procedure.isEmpty ? Room() : room(procedure), request: request,
            by: PartyID(rawValue: party), options: options, payload: Note(note), now: now,
            random: random, &actions)
        return said()
    }

    func knows(_ request: UInt64, _ party: UInt64) -> Bool {
        dealer.knows(request, of: PartyID(rawValue: party), now: now)
    }

    func cancel(_ request: UInt64, _ party: UInt64, _ mode: CancelMode) -> [String] {
        dealer.cancel(request, by: PartyID(rawValue: party), mode: mode, now: now, &actions)
        return said()
    }

    @discardableResult
    func yield(
        _ invocation: UInt64, _ party: UInt64, progress: Bool = false, _ note: String = "r"
    ) -> [String] {
        dealer.yield(
            invocation, by: PartyID(rawValue: party), isProgress: progress, payload: Note(note),
            now: now, &actions)
        return said()
    }

    @discardableResult
    func fail(_ invocation: UInt64, _ party: UInt64, _ uri: String, _ note: String = "e")
        -> [String]
    {
        dealer.fail(
            invocation, by: PartyID(rawValue: party), uri: uri, payload: Note(note), now: now,
            random: random, &actions)
        return said()
    }

    func expire() -> [String] {
        dealer.expire(now: now, &actions)
        return said()
    }

    func lookup(_ pattern: Pattern) -> RegistrationID? { dealer.lookup(pattern) }
    func match(_ procedure: String) -> RegistrationID? { dealer.match(room(procedure)) }
    func details(_ id: RegistrationID) -> RegistrationDetails? { dealer.details(of: id) }
    func callees(_ id: RegistrationID) -> [UInt64]? {
        dealer.callees(of: id).map { $0.map(\.rawValue) }
    }
    func calleeCount(_ id: RegistrationID) -> Int? { dealer.calleeCount(of: id) }

    /// Parties, registrations and calls that are left.
    var remains: [Int] {
        [dealer.partyCount, dealer.registrationCount, dealer.pendingCallCount]
    }
}
