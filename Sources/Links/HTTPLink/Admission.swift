// Admission — who is asked for next, who waits, and who has waited long enough.
//
// A flight is one request to the application; its askers are those who get the answer. Flights wait
// first in, first out, until fewer than the limit are under way. An asker of a shared question
// joins a flight with the same question, and every asker leaves by itself: answered, out of time,
// or because it no longer wants to know. A flight without askers is given up.
//
// Pure: time comes in, what to do comes out of `turn`. The link keeps it under a lock; endings are
// collected and carried out by the link's thread after the lock is released.

internal import DialectKit

/// The requests to one back end.
struct Admission<Asker> {
    struct Flight {
        let question: Question
        /// Numbers of askers, in order of asking; some may have left.
        var askers: [UInt64]
        var askerCount: Int
        /// Whether and until when others may join. No longer than its first asker waits: a request
        /// that got lost must not keep taking new ones along.
        var joinableUntil: UInt64?
        /// When it got under way.
        var start: UInt64?
    }

    struct Seat {
        let asker: Asker
        let flight: UInt64
    }

    let inFlightLimit: Int
    let queueLimit: Int
    let queueSizeLimit: Int
    let answerSizeLimit: Int
    let timeLimit: UInt64

    var breaker: CircuitBreaker
    var flights: [UInt64: Flight] = [:]
    var seats: [UInt64: Seat] = [:]
    /// The flight that askers of a question join.
    var shared: [Question: UInt64] = [:]
    var line = WaitingLine()
    var deadlines = Deadlines()
    var lastSerial: UInt64 = 0
    var queueSize = 0
    var runningCount = 0
    var endings: [Ending] = []
    var drops: [UInt64] = []
    var plannedTurn = UInt64.max
    /// Those up to this number that wait in line are refused: the circuit has opened since.
    var refusedUntil: UInt64 = 0
    var isStopped = false
    var totals = Figures()

    init(_ settings: HTTPBackEndSettings, seed: UInt64) {
        inFlightLimit = settings.inFlightLimit
        queueLimit = settings.queueLimit
        queueSizeLimit = settings.queueSizeLimit
        answerSizeLimit = settings.answerSizeLimit
        timeLimit = settings.timeLimit
        breaker = CircuitBreaker(
            threshold: settings.breakThreshold, breakTime: settings.breakTime, seed: seed)
    }

    var isServing: Bool { breaker.isServing }

    var figures: Figures {
        var figures = totals
        figures.breaks = breaker.breakCount
        figures.inFlight = runningCount
        figures.waiting = seats.count - runningCount
        return figures
    }

    /// Whether a turn has to be made before the one that was planned.
    var wantsTurn: Bool {
        !endings.isEmpty || !drops.isEmpty || canStart || (nextDue ?? .max) < plannedTurn
    }

    /// Askers that time out, and flights in line that are refused, in one turn. They may be all
    /// that can wait, and the cores that ask or cancel wait for the lock.
    static var slice: Int { 1024 }

    private var canStart: Bool { runningCount < inFlightLimit && flights.count > runningCount }
    /// Askers beyond the first ones of flights that are under way, or will be in the next turn.
    private var waitingCount: Int { seats.count - min(flights.count, inFlightLimit) }

    var nextDue: UInt64? {
        switch (deadlines.nextDue, breaker.nextDue) {
        case (let due?, let other?): min(due, other)
        case (let due, let other): due ?? other
        }
    }

    // MARK: - Asking

    /// Takes a request in, or says why not.
    ///
    /// - Parameter requestTimeLimit: Less than the back end's own, or `nil`.
    mutating func submit(
        _ question: Question, isShared: Bool, timeLimit requestTimeLimit: UInt64?, asker: Asker,
        now: UInt64
    ) -> Submission {
        let submission = admit(
            question, isShared: isShared, timeLimit: min(requestTimeLimit ?? timeLimit, timeLimit),
            asker: asker, now: now)
        if case .refused = submission { totals.failures += 1 }
        return submission
    }

    private mutating func admit(
        _ question: Question, isShared: Bool, timeLimit: UInt64, asker: Asker, now: UInt64
    ) -> Submission {
        if isStopped { return .refused(.stopped) }
        if timeLimit == 0 { return .refused(.timedOut) }
        let (sum, isBeyond) = now.addingReportingOverflow(timeLimit)
        let due = isBeyond ? UInt64.max : sum
        if isShared, breaker.isServing, let number = shared[question],
            let until = flights[number]?.joinableUntil, now < until
        {
            guard waitingCount < queueLimit else { return .refused(.overloaded) }
            let serial = sit(asker, in: number, due: due)
            flights[number]?.askers.append(serial)
            flights[number]?.askerCount += 1
            return .admitted(serial)
        }
        guard question.isNotice ? breaker.isClosed : breaker.admits else {
            return .refused(.circuitOpen)
        }
        if flights.count >= inFlightLimit {
            guard waitingCount < queueLimit, question.size <= queueSizeLimit - queueSize else {
                return .refused(.overloaded)
            }
        }
        lastSerial += 1
        let number = lastSerial
        let serial = sit(asker, in: number, due: due)
        flights[number] = Flight(
            question: question, askers: [serial], askerCount: 1,
            joinableUntil: isShared ? due : nil)
        if isShared { shared[question] = number }
        queueSize += question.size
        line.append(number)
        if !question.isNotice { breaker.admitted(number) }
        return .admitted(serial)
    }

    private mutating func sit(_ asker: Asker, in flight: UInt64, due: UInt64) -> UInt64 {
        lastSerial += 1
        seats[lastSerial] = Seat(asker: asker, flight: flight)
        deadlines.add(lastSerial, due: due)
        return lastSerial
    }

    /// Ends one asker's wait, if it has not ended. The others of its flight keep theirs.
    mutating func cancel(_ serial: UInt64) {
        guard let seat = seats.removeValue(forKey: serial) else { return }
        endings.append(Ending(asker: seat.asker, result: .failure(.canceled)))
        if leave(seat.flight) { giveUp(seat.flight) }
    }

    // MARK: - Flights

    /// - Returns: Whether the flight has no asker left.
    mutating func leave(_ number: UInt64) -> Bool {
        guard var flight = flights.removeValue(forKey: number) else { return false }
        flight.askerCount -= 1
        // Who joins and leaves all the time must not make the list long.
        if flight.askers.count > 2 * flight.askerCount + 16 {
            flight.askers.removeAll { seats[$0] == nil }
        }
        flights[number] = flight
        return flight.askerCount == 0
    }

    /// Ends a flight that nobody waits for.
    mutating func giveUp(_ number: UInt64) {
        guard let flight = remove(number) else { return }
        if flight.start != nil { drops.append(number) }
        breaker.ended(number)
    }

    mutating func remove(_ number: UInt64) -> Flight? {
        guard let flight = flights.removeValue(forKey: number) else { return nil }
        if flight.start == nil { queueSize -= flight.question.size } else { runningCount -= 1 }
        if flight.joinableUntil != nil, shared[flight.question] == number {
            shared[flight.question] = nil
        }
        return flight
    }

    /// - Returns: Whether there was anybody.
    @discardableResult
    mutating func end(_ flight: Flight, _ result: Result<BackEndAnswer, BackEndFailure>) -> Bool {
        for serial in flight.askers {
            guard let seat = seats.removeValue(forKey: serial) else { continue }
            endings.append(Ending(asker: seat.asker, result: result))
            if case .failure(let failure) = result, failure != .stopped { totals.failures += 1 }
        }
        return flight.askerCount > 0
    }

    func checkInvariants() {
        precondition(runningCount <= inFlightLimit)
        precondition(flights.values.count { $0.start != nil } == runningCount)
        let waiting = flights.values.filter { $0.start == nil }
        precondition(waiting.reduce(0) { $0 + $1.question.size } == queueSize)
        precondition(flights.values.reduce(0) { $0 + $1.askerCount } == seats.count)
        precondition(flights.values.allSatisfy { $0.askerCount > 0 })
        precondition(shared.values.allSatisfy { flights[$0] != nil })
        precondition(waitingCount <= queueLimit)
        precondition(Set(line.numbers).isSuperset(of: flights.filter { $1.start == nil }.keys))
    }
}
