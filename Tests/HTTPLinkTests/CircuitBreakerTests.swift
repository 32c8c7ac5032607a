import Testing

@testable import HTTPLink

@Suite("the circuit breaker") struct CircuitBreakerTests {
    /// A breaker that can be asked inside an expectation.
    private final class Subject {
        private var breaker: CircuitBreaker

        init(threshold: Int = 3, seed: UInt64 = 1) {
            breaker = CircuitBreaker(threshold: threshold, breakTime: 100...200, seed: seed)
        }

        var state: CircuitBreaker.State { breaker.state }
        var admits: Bool { breaker.admits }
        var isServing: Bool { breaker.isServing }
        var breakCount: Int { breaker.breakCount }
        var nextDue: UInt64? { breaker.nextDue }
        func admitted(_ flight: UInt64) { breaker.admitted(flight) }
        func succeeded() { breaker.succeeded() }
        func ended(_ flight: UInt64) { breaker.ended(flight) }
        func failed(_ flight: UInt64, now: UInt64) -> Bool { breaker.failed(flight, now: now) }
        func isDueToKnock(now: UInt64) -> Bool { breaker.isDueToKnock(now: now) }
        func knocked(isConnected: Bool, now: UInt64) {
            breaker.knocked(isConnected: isConnected, now: now)
        }
    }

    private func openAt(_ now: UInt64) -> Subject {
        let breaker = Subject()
        for flight: UInt64 in 1...3 { _ = breaker.failed(flight, now: now) }
        return breaker
    }

    @Test("opens after so many failures in a row, and an answer in between starts over")
    func opens() {
        let breaker = Subject()
        for _ in 0..<5 {
            #expect(!breaker.failed(1, now: 0))
            #expect(!breaker.failed(2, now: 0))
            breaker.succeeded()
        }
        #expect(!breaker.failed(3, now: 0))
        #expect(!breaker.failed(4, now: 0))
        #expect(breaker.failed(5, now: 0))
        #expect(!breaker.admits)
        #expect(!breaker.isServing)
        #expect(breaker.breakCount == 1)
        #expect(!breaker.failed(6, now: 0), "it is open already")
        #expect(breaker.breakCount == 1)
    }

    @Test("stays open for a random time within its bounds, then knocks once")
    func time() {
        var times: Set<UInt64> = []
        for seed: UInt64 in 1...100 {
            let breaker = Subject(threshold: 1, seed: seed)
            #expect(breaker.failed(1, now: 1000))
            let due = breaker.nextDue ?? 0
            #expect((1100...1200).contains(due))
            times.insert(due)
            #expect(!breaker.isDueToKnock(now: due - 1))
            #expect(breaker.isDueToKnock(now: due))
            #expect(!breaker.isDueToKnock(now: due + 1000))
            #expect(!breaker.isServing)
        }
        #expect(times.count > 30)
    }

    @Test("lets one request through after a knock that was answered, and its answer closes it")
    func recovers() {
        let breaker = openAt(0)
        #expect(breaker.isDueToKnock(now: 200))
        breaker.knocked(isConnected: true, now: 210)
        #expect(breaker.isServing)
        #expect(breaker.admits)
        breaker.admitted(9)
        #expect(!breaker.admits)
        breaker.succeeded()
        #expect(breaker.state == .closed(failureCount: 0))
    }

    @Test("opens again when nobody answers the knock, or the request fails")
    func staysOpen() {
        let breaker = openAt(0)
        #expect(breaker.isDueToKnock(now: 200))
        breaker.knocked(isConnected: false, now: 210)
        #expect((310...410).contains(breaker.nextDue ?? 0))
        #expect(breaker.isDueToKnock(now: 410))
        breaker.knocked(isConnected: true, now: 410)
        breaker.admitted(9)
        #expect(!breaker.failed(8, now: 420), "an old request says nothing new")
        #expect(breaker.state == .probing(9))
        #expect(breaker.failed(9, now: 430))
        #expect((530...630).contains(breaker.nextDue ?? 0))
        #expect(breaker.breakCount == 1, "it was never closed in between")
    }

    @Test("waits for another request when the one that was to find out is given up")
    func givenUp() {
        let breaker = openAt(0)
        #expect(breaker.isDueToKnock(now: 200))
        breaker.knocked(isConnected: true, now: 200)
        breaker.admitted(9)
        breaker.ended(8)
        #expect(breaker.state == .probing(9))
        breaker.ended(9)
        #expect(breaker.state == .halfOpen)
    }

    @Test("closes with the late answer of a request from before the break")
    func lateAnswer() {
        let breaker = openAt(0)
        breaker.succeeded()
        #expect(breaker.admits)
        breaker.knocked(isConnected: false, now: 5)
        #expect(breaker.admits, "a knock from before says nothing")
    }

    @Test("never opens without a threshold, and bears the end of time")
    func edges() {
        let never = Subject(threshold: 0)
        for flight: UInt64 in 1...1000 { #expect(!never.failed(flight, now: 0)) }
        #expect(never.admits)
        #expect(openAt(.max).nextDue == .max)
    }
}
