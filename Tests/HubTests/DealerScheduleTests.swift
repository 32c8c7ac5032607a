// DealerScheduleTests — random lives of a small realm, compared with the naive dealer step by step.

import Bytes
import Rooms
import Synchronization
import Testing

@testable import Hub

@Suite("random schedules")
struct DealerScheduleTests {
    @Test("the dealer does what the naive one does, answers each call once and forgets everything")
    func schedules() {
        var totals = DealerCounters()
        for seed: UInt64 in 1...2000 {
            let schedule = Schedule(seed: seed)
            if let failure = schedule.run(stepCount: 120) {
                Issue.record("seed \(seed): \(failure)")
                return
            }
            totals.rerouted += schedule.counters.rerouted
            totals.late += schedule.counters.late
            totals.dropped += schedule.counters.dropped
            totals.answered += schedule.counters.answered
        }
        // The schedules are about something.
        #expect(totals.answered > 10_000)
        #expect(totals.dropped > 4000)
        #expect(totals.late > 4000)
        #expect(totals.rerouted > 800)
    }

    @Test("a dealer lives behind a lock")
    func locked() {
        let lock = Mutex(Dealer())
        let isOpen = lock.withLock { $0.open(PartyID(rawValue: 1), features: .all) }
        #expect(isOpen)
    }

    @Test("the same seed gives the same actions")
    func deterministic() {
        let first = Schedule(seed: 7)
        let second = Schedule(seed: 7)
        #expect(first.run(stepCount: 400) == nil)
        #expect(second.run(stepCount: 400) == nil)
        #expect(first.history == second.history)
        #expect(first.history.count > 100)
    }
}

/// Both dealers, and what the callers of the real one have been told.
private final class Schedule {
    private struct CallName: Hashable {
        let caller: UInt64
        let request: UInt64
    }

    private var random: SplitMix64
    private var dealer = Dealer()
    private var naive = NaiveDealer()
    private var now: UInt64 = 1_000_000_000
    private var actions: [DealerAction] = []
    /// Calls with no final answer yet.
    private var waiting: Set<CallName> = []
    private(set) var history: [String] = []

    private let names = ["a.b", "a.c", "a.b.c", "x.y.z", "ab", "q"]
    private let patterns: [Pattern] = [
        exact("a.b"), exact("a.b.c"), exact("q"), prefix("a"), prefix("a.b"), wildcard("a."),
        wildcard(".b."), wildcard("x..z"), wildcard(".."),
    ]
    private let uris = [
        CallError.unavailable, CallError.unavailable, "wamp.error.canceled", "oops",
    ]

    var counters: DealerCounters { dealer.counters }

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// - Returns: What went wrong first, or `nil`.
    func run(stepCount: Int) -> String? {
        for party: UInt64 in 1...6 {
            _ = open(party)
            _ = register(party)
            _ = register(party)
        }
        for step in 0..<stepCount {
            let input = self.step()
            if let failure = compare() { return "step \(step), \(input): \(failure)" }
        }
        for party: UInt64 in 1...6 {
            close(party)
            if let failure = compare() { return "closing \(party): \(failure)" }
        }
        let remains = [dealer.partyCount, dealer.registrationCount, dealer.pendingCallCount]
        if remains != [0, 0, 0] || dealer.nextDeadline != nil { return "left: \(remains)" }
        return waiting.isEmpty ? nil : "never answered: \(waiting)"
    }

    private func pick(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }

    private func pick<Element>(of elements: [Element]) -> Element {
        elements[pick(elements.count)]
    }

    private func isLucky(_ percent: Int) -> Bool { pick(100) < percent }

    private func step() -> String {
        now += UInt64(pick(2)) * millisecond
        let party = UInt64(pick(6) + 1)
        switch pick(100) {
        case 0..<12: return open(party)
        case 12..<13: return close(party)
        case 13..<22: return register(party)
        case 22..<25: return unregister(party)
        case 25..<28:
            now += 10 * millisecond
            return expire()
        case 28..<60: return call(party)
        case 60..<68: return cancel(party)
        case 68..<80: return yield(busy(party))
        case 80..<94: return fail(busy(party))
        case 94..<95:
            now += 60_000 * millisecond
            return expire()
        default: return expire()
        }
    }

    private func open(_ party: UInt64) -> String {
        // Most can do most, so that the interesting paths are taken often.
        let mask = UInt16(truncatingIfNeeded: random.next() | random.next() | random.next())
        let features = PartyFeatures(rawValue: mask & PartyFeatures.all.rawValue)
        let owner = UInt64(pick(2))
        let isOpen = dealer.open(PartyID(rawValue: party), owner: owner, features: features)
        if isOpen != naive.open(party, owner: owner, features) { naive.said.append("differs") }
        return "open \(party) \(features.rawValue)"
    }

    @discardableResult
    private func close(_ party: UInt64) -> String {
        waiting = waiting.filter { $0.caller != party }
        dealer.close(PartyID(rawValue: party), now: now, &actions)
        naive.close(party, now: now)
        return "close \(party)"
    }

    private func register(_ party: UInt64) -> String {
        var options = RegisterOptions()
        options.policy = pick(of: [.single, .first, .last, .roundRobin, .random, .roundRobin])
        options.concurrencyLimit = UInt32(isLucky(30) ? pick(3) : 0)
        options.disclosesCaller = isLucky(10)
        options.forwardsTimeout = isLucky(10)
        options.takeover = isLucky(10) ? pick(of: [.ofSameOwner, .ofAnyone]) : .none
        let pattern = pick(of: patterns)
        let request = random.next() >> 12
        dealer.register(
            pattern, request: request, by: PartyID(rawValue: party), options: options, now: now,
            &actions)
        naive.register(pattern, party, request: request, options)
        return "register \(pattern) \(party) \(options)"
    }

    private func unregister(_ party: UInt64) -> String {
        let known = naive.registrations.filter { $0.callees.contains { $0.party == party } }
        let id = known.isEmpty || isLucky(10) ? UInt64(pick(20)) : pick(of: known).id
        dealer.unregister(id, request: 5, by: PartyID(rawValue: party), &actions)
        naive.unregister(id, party, request: 5)
        return "unregister \(id) \(party)"
    }

    private func call(_ party: UInt64) -> String {
        var options = CallOptions()
        options.timeout = isLucky(40) ? UInt64(pick(30)) * millisecond : 0
        options.wantsProgress = isLucky(40)
        options.isPart = isLucky(30)
        options.disclosesCaller = isLucky(10)
        options.hidesCaller = isLucky(10)
        options.isRepeated = isLucky(5)
        if isLucky(10) { options.refusal = CallRefusal(uri: "refused", text: "no") }
        // Few ids, so that parts, reuse and late parts all happen.
        let request = UInt64(pick(12))
        let word = random.next()
        let note = "n\(word % 1000)"
        let name = pick(of: names)
        let callCount = dealer.counters.calls
        let isKnown = dealer.knows(request, of: PartyID(rawValue: party), now: now)
        dealer.call(
            room(name), request: request, by: PartyID(rawValue: party), options: options,
            payload: Note(note), now: now, random: word, &actions)
        if isKnown && dealer.counters.calls > callCount { naive.said.append("knew it") }
        naive.call(name, party, request: request, options, note, now: now, random: word)
        if dealer.counters.calls > callCount {
            let isNew = waiting.insert(CallName(caller: party, request: request)).inserted
            if !isNew { naive.said.append("a pending call began again") }
        }
        return "call \(name) \(party) \(request) \(options)"
    }

    private func cancel(_ party: UInt64) -> String {
        let own = naive.calls.filter { $0.caller == party }
        let request = own.isEmpty || isLucky(20) ? UInt64(pick(12)) : pick(of: own).request
        let mode: CancelMode = pick(of: [.skip, .kill, .killNoWait])
        let droppedCount = dealer.counters.dropped
        dealer.cancel(request, by: PartyID(rawValue: party), mode: mode, now: now, &actions)
        naive.cancel(request, party, mode, now: now)
        if dealer.counters.dropped > droppedCount {
            waiting.remove(CallName(caller: party, request: request))
        }
        return "cancel \(party) \(request) \(mode)"
    }

    /// A party that has something to answer, mostly.
    private func busy(_ party: UInt64) -> UInt64 {
        naive.calls.isEmpty || isLucky(10) ? party : pick(of: naive.calls).callee
    }

    /// An invocation that waits, mostly; else an old one or one that never was.
    private func invocation(of party: UInt64) -> UInt64 {
        let own = naive.calls.filter { $0.callee == party }
        return own.isEmpty || isLucky(15) ? UInt64(pick(12)) : pick(of: own).invocation
    }

    private func yield(_ party: UInt64) -> String {
        let invocation = invocation(of: party)
        let isProgress = isLucky(40)
        dealer.yield(
            invocation, by: PartyID(rawValue: party), isProgress: isProgress, payload: Note("r"),
            now: now, &actions)
        naive.yield(invocation, party, isProgress: isProgress, "r", now: now)
        return "yield \(party) \(invocation) \(isProgress)"
    }

    private func fail(_ party: UInt64) -> String {
        let invocation = invocation(of: party)
        let uri = pick(of: uris)
        let word = random.next()
        dealer.fail(
            invocation, by: PartyID(rawValue: party), uri: uri, payload: Note("e"), now: now,
            random: word, &actions)
        naive.fail(invocation, party, uri: uri, "e", now: now, random: word)
        return "fail \(party) \(invocation) \(uri)"
    }

    private func expire() -> String {
        dealer.expire(now: now, &actions)
        naive.expire(now: now)
        return "expire"
    }

    /// Compares what both said and know, and checks that nobody is answered twice.
    private func compare() -> String? {
        defer {
            actions.removeAll(keepingCapacity: true)
            naive.said.removeAll(keepingCapacity: true)
        }
        let said = actions.map(\.text)
        history += said
        if said != naive.said { return "\(said), not \(naive.said)" }
        if dealer.counters != naive.counters {
            return "\(dealer.counters), not \(naive.counters)"
        }
        if dealer.nextDeadline != naive.nextDeadline { return "another deadline" }
        if dealer.pendingCallCount != naive.calls.count { return "another number of calls" }
        for action in actions {
            switch action {
            case .result(let caller, let request, let isProgress, _):
                let name = CallName(caller: caller.rawValue, request: request)
                if isProgress ? !waiting.contains(name) : waiting.remove(name) == nil {
                    return "answered without a question: \(name)"
                }
            case .error(let caller, let request, _, _):
                let name = CallName(caller: caller.rawValue, request: request)
                if waiting.remove(name) == nil { return "answered twice: \(name)" }
            default: break
            }
        }
        let name = pick(of: names)
        if dealer.match(room(name)) != naive.best(name).map({ id($0) }) {
            return "another registration for \(name)"
        }
        // Walks everything, so only now and then.
        if pick(16) == 0 { dealer.checkInvariants() }
        return nil
    }

    private func id(_ index: Int) -> UInt64 { naive.registrations[index].id }
}
