// CallSchedule — a life of a realm's dealer made from one seed: callers of two dialects on several
// cores, a handler and WAMP callees who answer, fail, forget and get lost; every call of a caller that
// stays ends once, and nothing is left of those that went.

import DialectKit
import Engine
import Hub
import Rooms
import Uring

final class CallSchedule: SeededSchedule {
    /// What is called: by hand in this process, at once, by a WAMP callee, by nobody.
    static let procedures = ["h.slow", "h.slow", "h.echo", "com.p", "com.p", "com.none"]

    private var random: SeededRandom
    private let test: SpokenWorld
    private let answerer = Answerer()
    /// From when everybody is there.
    private var faults = SimulatedFaults.none
    private var callers: [Caller] = []
    private var callees: [Callee] = []
    private var complaints: [String] = []
    private(set) var sights: [String: Int] = [:]

    private final class Caller {
        let client: SimulatedClient
        let isWAMP: Bool
        var lastToken = 0
        /// Calls without an answer: what was said with them, and their limit.
        var waiting: [Int: (text: String, hasLimit: Bool, isCanceled: Bool)] = [:]
        var isGone = false

        init(_ client: SimulatedClient, isWAMP: Bool) {
            self.client = client
            self.isWAMP = isWAMP
        }
    }

    private final class Callee {
        let client: SimulatedClient
        /// Invocations that were not answered, with what they brought.
        var waiting: [(id: String, text: String)] = []
        var isGone = false

        init(_ client: SimulatedClient) { self.client = client }
    }

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var options = SimulatedOptions()
        if random.chance(600) { faults = SimulatedFaults(&random) }
        faults.brokenSocket = 0
        options.bufferSize = random.pick([64, 1024])
        options.sendWindow = random.pick([2_000, 65_536])
        var limits = Limits()
        limits.framesPerTurn = random.pick([2, 128])
        test = SpokenWorld(
            seed: random.next(), cores: random.within(1...3), limits: limits, options: options,
            flushSlice: random.pick([1, 64]), handlers: answerer.registrations)
        self.random = random
    }

    var description: String { test.world.description }

    private func see(_ sight: String) { sights[sight, default: 0] += 1 }

    private func complain(_ what: String) { complaints.append(what) }

    func play() -> [String] {
        for number in 0..<random.within(3...8) { admitCaller(isWAMP: number % 3 == 2) }
        for _ in 0..<random.within(1...3) { admitCallee() }
        test.exchangeAll()
        test.world.faults = faults
        test.world.interlude = { [unowned self] in act() }
        for _ in 0..<random.within(50...250) {
            if random.chance(600) { act() } else { test.world.step() }
        }
        test.world.interlude = nil
        rest()
        end()
        return complaints + test.world.violations
    }

    private func admitCaller(isWAMP: Bool) {
        let core = random.below(test.world.coreCount)
        let client = isWAMP ? test.join(core: core) : test.open(core: core)
        callers.append(Caller(client, isWAMP: isWAMP))
    }

    private func admitCallee() {
        let callee = Callee(test.join(core: random.below(test.world.coreCount)))
        callee.client.write(#"[64,1,{"invoke":"roundrobin"},"com.p"]"#)
        callees.append(callee)
        callee.client.push()
    }

    // MARK: acting

    private func act() {
        let caller = random.pick(callers)
        switch random.below(100) {
        case 0..<40 where !caller.isGone: call(caller)
        case 40..<48 where !caller.isGone: cancel(caller)
        case 48..<50 where !caller.isGone: lose(caller)
        case 50..<62 where !answerer.calls.isEmpty: answer(at: random.below(answerer.calls.count))
        case 62..<72: serve(random.pick(callees))
        case 72: leave(random.pick(callees))
        case 73..<76: test.world.advance(by: UInt64(random.within(1...60)) * 1_000_000)
        default: read(caller)
        }
    }

    private func call(_ caller: Caller) {
        caller.lastToken += 1
        let token = caller.lastToken
        let procedure = random.pick(Self.procedures)
        let limit = random.chance(300) ? random.within(1...100) : 0
        let text = "\"\(token)-\(procedure)\""
        if caller.isWAMP {
            let options = limit > 0 ? "\"timeout\":\(limit)" : ""
            caller.client.write("[48,\(token),{\(options)},\"\(procedure)\",[\(text)]]")
        } else {
            let hold = limit > 0 && random.chance(300) ? "holds" : "goes"
            caller.client.write("call \(token) \(procedure) \(limit) \(hold) \(text)")
        }
        caller.waiting[token] = (text, limit > 0, false)
        caller.client.push(random.chance(700) ? .max : 20)
    }

    private func cancel(_ caller: Caller) {
        guard let token = caller.waiting.keys.sorted().first(where: { _ in random.chance(300) })
        else { return }
        caller.waiting[token]?.isCanceled = true
        let text = caller.isWAMP ? "[49,\(token),{\"mode\":\"killnowait\"}]" : "cancel \(token)"
        caller.client.write(text)
        caller.client.push()
        see("cancels")
    }

    private func lose(_ caller: Caller) {
        caller.isGone = true
        caller.client.socket.reset()
        see("losses")
    }

    private func answer(at place: Int) {
        if random.chance(300) {
            answerer.calls[place].push(event: "p", data: [0x31])
        }
        let arguments = answerer.calls[place].call.arguments
        let isFailure = random.chance(300)
        answerer.answer(
            isFailure ? .failure(ProcedureError(uri: "com.bad", message: "x")) : .result(arguments),
            at: place)
    }

    private func serve(_ callee: Callee) {
        read(callee)
        guard !callee.isGone, !callee.waiting.isEmpty else { return }
        let (id, text) = callee.waiting.remove(at: random.below(callee.waiting.count))
        callee.client.write(
            random.chance(300) ? "[8,68,\(id),{},\"com.bad\"]" : "[70,\(id),{},[\(text)]]")
        callee.client.push()
    }

    private func leave(_ callee: Callee) {
        guard !callee.isGone else { return }
        callee.isGone = true
        callee.client.socket.reset()
        see("callee losses")
    }

    // MARK: hearing

    private func read(_ caller: Caller) {
        guard !caller.isGone else { return }
        caller.client.push()
        caller.client.read(random.chance(800) ? .max : 30)
        for arrival in caller.client.takeArrivals() {
            guard case .message(let text) = arrival else {
                if case .ping = arrival { continue }
                complain("a caller got \(arrival)")
                continue
            }
            caller.isWAMP ? take(wamp: text, caller) : take(text, caller)
        }
    }

    private func take(_ text: String, _ caller: Caller) {
        let words = text.split(separator: " ", maxSplits: 2).map(String.init)
        if words[0] == "did" || words[0] == "push" { return }
        guard words.count == 3, let token = Int(words[1]) else { return complain("heard \(text)") }
        finish(token, words[2], isResult: words[0] == "answer", caller)
    }

    private func take(wamp text: String, _ caller: Caller) {
        let isResult = text.hasPrefix("[50,")
        guard isResult || text.hasPrefix("[8,48,") else { return complain("heard \(text)") }
        let parts = text.dropFirst().split(separator: ",").map(String.init)
        let token = Int(parts[isResult ? 1 : 2]) ?? 0
        let rest =
            isResult
            ? String(text.split(separator: "[").last?.dropLast(2) ?? "")
            : String(text.split(separator: "\"")[1])
        finish(token, rest, isResult: isResult, caller)
    }

    private func finish(_ token: Int, _ rest: String, isResult: Bool, _ caller: Caller) {
        guard let call = caller.waiting.removeValue(forKey: token) else {
            return complain("call \(token) was answered twice: \(rest)")
        }
        if isResult {
            see("results")
            if rest != call.text { complain("\(call.text) was answered with \(rest)") }
            if call.text.contains("none") { complain("nobody answered \(call.text)") }
            return
        }
        see("failures")
        switch rest {
        case "wamp.error.timeout":
            see("timeouts")
            if !call.hasLimit { complain("\(call.text) has no limit and ran out of time") }
        case "wamp.error.no_such_procedure":
            if call.text.contains("h.") { complain("\(call.text) was not found") }
        case "wamp.error.canceled", "com.bad": break
        default: complain("\(call.text) failed with \(rest)")
        }
    }

    private func read(_ callee: Callee) {
        guard !callee.isGone else { return }
        callee.client.push()
        callee.client.read()
        for text in callee.client.takeMessages() {
            let parts = text.dropFirst().split(separator: ",").map(String.init)
            switch parts[0] {
            case "65": break
            case "68":
                let argument = text.split(separator: "[").last?.dropLast(2) ?? ""
                callee.waiting.append((parts[1], String(argument)))
            case "69": callee.waiting.removeAll { $0.id == parts[1] }
            default: complain("a callee heard \(text)")
            }
        }
    }

    // MARK: the end

    private func readAll() {
        for caller in callers { read(caller) }
        for callee in callees { read(callee) }
    }

    /// Everything is answered and read.
    private func rest() {
        for _ in 0..<60 {
            for _ in 0..<4 {
                guard test.world.settle() else { return complain("the cores do not come to rest") }
                readAll()
            }
            while !answerer.calls.isEmpty { answer(at: 0) }
            for callee in callees where !callee.isGone {
                while !callee.waiting.isEmpty { serve(callee) }
            }
            if callers.allSatisfy({ $0.isGone || $0.waiting.isEmpty }) { break }
            test.world.pass(20_000_000)
        }
        test.world.settle()
        readAll()
        for caller in callers where !caller.isGone && !caller.waiting.isEmpty {
            complain("\(caller.waiting.count) calls without an answer: \(caller.waiting)")
        }
        let (pending, parties) = test.router.registry.dealer(of: .standard).query { dealer in
            dealer.checkInvariants()
            return (dealer.pendingCallCount, dealer.partyCount)
        }
        if pending != 0 { complain("\(pending) calls are left") }
        let present = callers.count { !$0.isGone && ($0.isWAMP || $0.lastToken > 0) }
        let serving = callees.count { !$0.isGone }
        if parties != present + serving + answerer.registrations.count {
            complain("\(parties) parties: \(present) callers, \(serving) callees")
        }
        test.world.checkQuiet()
    }

    private func end() {
        test.world.stop()
        for _ in 0..<100 where !test.world.isOver {
            test.world.pass(100_000_000)
            for client in test.clients { client.read() }
            for client in test.clients { client.push() }
        }
        test.world.checkEmpty()
        let (pending, parties) = test.router.registry.dealer(of: .standard).query {
            ($0.pendingCallCount, $0.partyCount)
        }
        if pending != 0 || parties != answerer.registrations.count {
            complain("\(pending) calls and \(parties) parties outlive the server")
        }
    }
}
