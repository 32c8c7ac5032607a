import DialectKit
import Testing

@testable import HTTPLink

@Suite("admission to a back end") struct AdmissionTests {
    /// An admission with names for askers, and short ways to use it.
    final class World {
        var admission: Admission<String>
        let settings: HTTPBackEndSettings

        init(_ change: (inout HTTPBackEndSettings) -> Void = { _ in }) {
            var settings = HTTPBackEndSettings(name: "x", baseURL: "http://x")
            settings.timeLimit = 1000
            settings.inFlightLimit = 2
            settings.breakTime = 100...100
            change(&settings)
            self.settings = settings
            admission = Admission(settings, seed: 1)
        }

        func submit(
            _ asker: String, _ target: String = "/", isShared: Bool = false, limit: UInt64? = nil,
            isNotice: Bool = false, now: UInt64 = 0
        ) -> Admission<String>.Submission {
            let request = BackEndRequest(method: "GET", target: target, isNotice: isNotice)
            guard let question = try? Question(request, for: settings) else {
                return .refused(.unreachable("a bad test"))
            }
            let result = admission.submit(
                question, isShared: isShared, timeLimit: limit, asker: asker, now: now)
            admission.checkInvariants()
            return result
        }

        /// The number of one that must be taken.
        func take(
            _ asker: String, _ target: String = "/", isShared: Bool = false, limit: UInt64? = nil,
            now: UInt64 = 0
        ) -> UInt64 {
            let result = submit(asker, target, isShared: isShared, limit: limit, now: now)
            guard case .admitted(let number) = result else { preconditionFailure("\(result)") }
            return number
        }

        /// Without a look at all who wait.
        func admit(_ asker: String) -> Bool {
            let request = BackEndRequest(method: "GET", target: "/")
            guard let question = try? Question(request, for: settings) else { return false }
            let result = admission.submit(
                question, isShared: false, timeLimit: nil, asker: asker, now: 0)
            if case .admitted = result { return true } else { return false }
        }

        func turn(_ now: UInt64 = 0) -> Admission<String>.Turn {
            let turn = admission.turn(now: now)
            admission.checkInvariants()
            return turn
        }

        func finish(_ flight: UInt64, now: UInt64 = 0) {
            let outcome = FlightOutcome.answered(BackEndAnswer(status: 200), isFailure: false)
            admission.finish(flight, outcome, now: now)
            admission.checkInvariants()
        }

        func fail(_ flight: UInt64, now: UInt64 = 0) {
            admission.finish(flight, .failed("gone", isFailure: true), now: now)
            admission.checkInvariants()
        }
    }

    func targets(_ turn: Admission<String>.Turn) -> [String] {
        turn.starts.map { String($0.question.url.dropFirst("http://x".count)) }
    }

    func describe(_ turn: Admission<String>.Turn) -> [String] {
        turn.endings.map { ending in
            switch ending.result {
            case .success(let answer): "\(ending.asker) \(answer.status)"
            case .failure(let failure): "\(ending.asker) \(failure)"
            }
        }
    }

    @Test("starts as many as may be in flight, the others first in, first out")
    func order() {
        let world = World()
        for name in ["a", "b", "c", "d"] { _ = world.take(name, "/" + name) }
        #expect(world.admission.wantsTurn)
        let first = world.turn()
        #expect(targets(first) == ["/a", "/b"])
        #expect(!world.admission.wantsTurn)
        world.finish(first.starts[1].flight)
        #expect(world.admission.wantsTurn)
        let second = world.turn()
        #expect(targets(second) == ["/c"])
        #expect(describe(second) == ["b 200"])
        world.finish(first.starts[0].flight)
        #expect(targets(world.turn()) == ["/d"])
    }

    @Test("refuses whom there is no room to wait for, by number and by octets")
    func overload() {
        let world = World { $0.queueLimit = 2 }
        for name in ["a", "b", "c", "d"] { _ = world.take(name) }
        #expect(world.submit("e") == .refused(.overloaded))
        let turn = world.turn()
        #expect(world.submit("e") == .refused(.overloaded))
        world.finish(turn.starts[0].flight)
        _ = world.take("e")
        #expect(world.submit("f") == .refused(.overloaded))

        let small = World { $0.queueSizeLimit = 100 }
        let long = "/" + String(repeating: "x", count: 100)
        _ = small.take("a", long)
        _ = small.take("b", long)
        _ = small.turn()
        #expect(small.submit("c", long) == .refused(.overloaded))
        _ = small.take("c")
        #expect(small.admission.figures.failures == 1)
    }

    @Test("ends a wait when its time is over, in line and in flight")
    func timeLimits() {
        let world = World()
        _ = world.take("a", limit: 300)
        _ = world.take("b", limit: 5000)
        _ = world.take("c", limit: 200)
        let turn = world.turn()
        #expect(turn.next == 200)
        #expect(describe(world.turn(199)).isEmpty)
        #expect(describe(world.turn(200)) == ["c timedOut"])
        let third = world.turn(300)
        #expect(describe(third) == ["a timedOut"])
        #expect(third.drops == [turn.starts[0].flight])
        // More than the back end's own limit there is not.
        let last = world.turn(1000)
        #expect(describe(last) == ["b timedOut"])
        #expect(last.next == nil)
        #expect(world.submit("d", limit: 0) == .refused(.timedOut))
        #expect(world.admission.figures.failures == 4)
    }

    @Test("wakes the thread for a shorter time limit, and not for a longer one")
    func waking() {
        let world = World { $0.inFlightLimit = 1 }
        _ = world.take("a", limit: 500)
        _ = world.turn()
        _ = world.take("b", limit: 500)
        #expect(!world.admission.wantsTurn)
        _ = world.take("c", limit: 400)
        #expect(world.admission.wantsTurn)
        _ = world.turn()
        #expect(!world.admission.wantsTurn)
    }

    @Test("gives one answer to all who share a question, and only to those")
    func singleFlight() {
        let world = World()
        _ = world.take("a", "/same", isShared: true)
        _ = world.take("b", "/same", isShared: true)
        _ = world.take("c", "/other", isShared: true)
        let turn = world.turn()
        #expect(targets(turn) == ["/same", "/other"])
        _ = world.take("d", "/same", isShared: true)
        _ = world.take("e", "/same", isShared: false)
        #expect(targets(world.turn()).isEmpty)
        world.finish(turn.starts[0].flight)
        let answered = world.turn()
        #expect(describe(answered) == ["a 200", "b 200", "d 200"])
        #expect(targets(answered) == ["/same"])
        #expect(world.admission.figures.shared == 2)
        #expect(world.admission.figures.requests == 3)
        // The next one asks anew.
        _ = world.take("f", "/same", isShared: true)
        world.finish(turn.starts[1].flight)
        #expect(targets(world.turn()) == ["/same"])
    }

    @Test("lets one of several go without the others, and drops a flight with the last one")
    func cancellation() {
        let world = World()
        let first = world.take("a", isShared: true)
        let second = world.take("b", isShared: true)
        let flight = world.turn().starts[0].flight
        world.admission.cancel(first)
        world.admission.cancel(first)
        let one = world.turn()
        #expect(describe(one) == ["a canceled"])
        #expect(one.drops.isEmpty)
        world.admission.cancel(second)
        #expect(world.admission.wantsTurn)
        let two = world.turn()
        #expect(describe(two) == ["b canceled"])
        #expect(two.drops == [flight])
        // Whoever asks now gets a flight of its own.
        _ = world.take("c", isShared: true)
        #expect(world.turn().starts.count == 1)
        // One that waits in line leaves it.
        _ = world.take("d", "/d")
        let waiting = world.take("e", "/e")
        world.admission.cancel(waiting)
        let last = world.turn()
        #expect(describe(last) == ["e canceled"])
        #expect(last.drops.isEmpty)
        #expect(targets(last) == ["/d"])
        #expect(world.admission.figures.failures == 0)
    }

    @Test("lets nobody join a request whose first asker has waited for too long")
    func staleFlight() {
        let world = World()
        _ = world.take("a", isShared: true)
        let old = world.turn().starts[0].flight
        _ = world.take("b", isShared: true, now: 900)
        let turn = world.turn(1000)
        #expect(describe(turn) == ["a timedOut"])
        #expect(turn.drops.isEmpty, "b still waits")
        _ = world.take("c", isShared: true, now: 1000)
        let new = world.turn(1000).starts[0].flight
        #expect(new != old)
        // The old one's end is not the new one's, and the new one is the one to join.
        world.finish(old, now: 1100)
        #expect(describe(world.turn(1100)) == ["b 200"])
        _ = world.take("d", isShared: true, now: 1200)
        world.finish(new, now: 1300)
        #expect(describe(world.turn(1300)) == ["c 200", "d 200"])
    }

    @Test("a stop ends everything once and admits nothing more")
    func stop() {
        let world = World()
        let numbers = ["a", "b", "c"].map { world.take($0) }
        let starts = world.turn().starts.map(\.flight)
        world.admission.stop()
        world.admission.checkInvariants()
        for number in numbers { world.admission.cancel(number) }
        let turn = world.turn(5000)
        #expect(describe(turn) == ["a stopped", "b stopped", "c stopped"])
        #expect(turn.drops == starts)
        #expect(turn.starts.isEmpty)
        #expect(world.submit("d") == .refused(.stopped))
        #expect(world.admission.figures.inFlight == 0)
        #expect(world.admission.figures.waiting == 0)
    }

    @Test("bears time limits and moments at the end of time")
    func endOfTime() {
        let world = World { $0.timeLimit = .max }
        _ = world.take("a", now: .max - 1)
        let turn = world.turn(.max - 1)
        #expect(turn.starts.count == 1)
        #expect(turn.next == .max)
    }
}
