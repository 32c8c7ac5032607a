// AdmissionScheduleTests — random lives of a back end; after every step what must hold, holds.

import Bytes
import DialectKit
import Testing

@testable import HTTPLink

@Suite("random schedules") struct AdmissionScheduleTests {
    @Test("each asker gets one ending in time, the limits are kept and the order is fair")
    func schedules() {
        var endings: [String: Int] = [:]
        for seed: UInt64 in 1...2000 {
            var schedule = Schedule(seed: seed)
            if let failure = schedule.run(stepCount: 150) {
                Issue.record("seed \(seed): \(failure)")
                return
            }
            endings.merge(schedule.counts) { $0 + $1 }
        }
        // The schedules are about something.
        for kind in ["answer", "timedOut", "canceled", "circuitOpen", "unreachable", "stopped"] {
            #expect(endings[kind, default: 0] > 2000, "\(kind)")
        }
        #expect(endings["overloaded", default: 0] > 500)
        #expect(endings["shared", default: 0] > 2000)
        #expect(endings["knock", default: 0] > 500)
    }
}

/// An admission, and what its askers and its back end know.
private struct Schedule {
    private struct Asker {
        let number: UInt64
        let url: String
        let due: UInt64
    }

    private var random: SplitMix64
    private let settings: HTTPBackEndSettings
    private var admission: Admission<Int>
    private var now: UInt64 = 1000
    private var askers: [Int: Asker] = [:]
    private var lastAsker = 0
    private var underWay: [UInt64: Question] = [:]
    private var started: Set<UInt64> = []
    private var lastStart: UInt64 = 0
    private var knocks = 0
    private(set) var counts: [String: Int] = [:]

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        var settings = HTTPBackEndSettings(name: "x", baseURL: "http://x")
        settings.timeLimit = 100
        settings.inFlightLimit = Int.random(in: 1...4, using: &random)
        settings.queueLimit = Int.random(in: 0...8, using: &random)
        settings.queueSizeLimit = Int.random(in: 60...400, using: &random)
        settings.breakThreshold = Int.random(in: 0...4, using: &random)
        settings.breakTime = 10...30
        self.settings = settings
        admission = Admission(settings, seed: seed)
    }

    /// - Returns: What went wrong first, or `nil`.
    mutating func run(stepCount: Int) -> String? {
        for step in 0..<stepCount {
            if let failure = self.step() { return "step \(step) at \(now): \(failure)" }
            admission.checkInvariants()
        }
        admission.stop()
        if let failure = turn() { return "at the end: \(failure)" }
        let figures = admission.figures
        if figures.inFlight != 0 || figures.waiting != 0 { return "left: \(figures)" }
        return askers.isEmpty ? nil : "never answered: \(askers)"
    }

    private mutating func isLucky(_ percent: Int) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    private mutating func step() -> String? {
        now += UInt64.random(in: 0...6, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<40: return submit()
        case 40..<50:
            guard let name = askers.keys.sorted().randomElement(using: &random) else { return nil }
            if let asker = askers[name] { admission.cancel(asker.number) }
            return nil
        case 50..<75: return finish()
        case 75..<80:
            guard knocks > 0 else { return nil }
            knocks -= 1
            admission.knocked(isConnected: isLucky(60), now: now)
            return nil
        default: return turn()
        }
    }

    private mutating func submit() -> String? {
        let target = "/\(Int.random(in: 0..<4, using: &random))"
        let limit = isLucky(50) ? nil : UInt64.random(in: 1...150, using: &random)
        let request = BackEndRequest(method: "GET", target: target)
        guard let question = try? Question(request, for: settings) else { return "no question" }
        lastAsker += 1
        let isServing = admission.isServing
        switch admission.submit(
            question, isShared: isLucky(50), timeLimit: limit, asker: lastAsker, now: now)
        {
        case .admitted(let number):
            if !isServing { return "admitted though the circuit is open" }
            let due = now + min(limit ?? settings.timeLimit, settings.timeLimit)
            askers[lastAsker] = Asker(number: number, url: question.url, due: due)
        case .refused(.overloaded):
            counts["overloaded", default: 0] += 1
            // Those who would share an answer wait too.
            let most = min(settings.inFlightLimit, settings.queueLimit + 1)
            if askers.count < most { return "refused without need" }
        case .refused(.circuitOpen):
            counts["circuitOpen", default: 0] += 1
            if settings.breakThreshold == 0 { return "a circuit without a breaker is open" }
        case .refused(let failure): return "refused: \(failure)"
        }
        return nil
    }

    private mutating func finish() -> String? {
        guard let flight = underWay.keys.sorted().randomElement(using: &random),
            let question = underWay.removeValue(forKey: flight)
        else { return nil }
        if isLucky(60) {
            let answer = BackEndAnswer(status: 200, body: Array(question.url.utf8))
            admission.finish(flight, .answered(answer, isFailure: false), now: now)
        } else {
            admission.finish(flight, .failed("gone", isFailure: isLucky(80)), now: now)
        }
        return nil
    }

    private mutating func turn() -> String? {
        let turn = admission.turn(now: now)
        for flight in turn.drops {
            // It may have finished meanwhile, between the cancellation and this turn.
            underWay[flight] = nil
            guard started.remove(flight) != nil else { return "\(flight) dropped twice" }
        }
        for ending in turn.endings {
            guard let asker = askers.removeValue(forKey: ending.asker) else {
                return "\(ending.asker) ended twice"
            }
            if let failure = check(ending.result, asker) { return failure }
        }
        for (flight, question) in turn.starts {
            guard flight > lastStart else { return "\(flight) overtook \(lastStart)" }
            lastStart = flight
            underWay[flight] = question
            started.insert(flight)
        }
        if turn.knocks {
            knocks += 1
            counts["knock", default: 0] += 1
        }
        guard underWay.count <= settings.inFlightLimit else { return "\(underWay.count) in flight" }
        if let late = askers.values.first(where: { $0.due <= now }) { return "late: \(late)" }
        if let due = askers.values.map(\.due).min(), (turn.next ?? .max) > due {
            return "the next turn is too late"
        }
        let figures = admission.figures
        if figures.inFlight != underWay.count { return "in flight by its figures: \(figures)" }
        if figures.waiting != askers.count - underWay.count { return "waiting: \(figures)" }
        counts["shared", default: 0] = figures.shared
        return admission.wantsTurn ? "nothing was left to do, and a turn is wanted" : nil
    }

    private mutating func check(
        _ result: Result<BackEndAnswer, BackEndFailure>, _ asker: Asker
    ) -> String? {
        switch result {
        case .success(let answer):
            counts["answer", default: 0] += 1
            return answer.body == Array(asker.url.utf8) ? nil : "another question's answer"
        case .failure(.timedOut):
            counts["timedOut", default: 0] += 1
            return asker.due <= now ? nil : "timed out too early"
        case .failure(.canceled): counts["canceled", default: 0] += 1
        case .failure(.circuitOpen): counts["circuitOpen", default: 0] += 1
        case .failure(.unreachable): counts["unreachable", default: 0] += 1
        case .failure(.stopped): counts["stopped", default: 0] += 1
        case .failure(let failure): return "\(failure)"
        }
        return nil
    }
}
