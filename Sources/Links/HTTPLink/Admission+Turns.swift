// Admission, turns — what the link's thread does: it ends waits, starts flights and takes their
// outcomes.

internal import DialectKit

extension Admission {
    /// Everything there is to do now.
    mutating func turn(now: UInt64) -> Turn {
        // Who is not to be asked for any more must be gone before the next ones start.
        let isDone = expire(now: now) && refuseLine()
        let knocks = breaker.isDueToKnock(now: now)
        var turn = Turn()
        while isDone, runningCount < inFlightLimit, let number = nextInLine() {
            guard let flight = flights[number] else { continue }
            flights[number]?.start = now
            queueSize -= flight.question.size
            runningCount += 1
            totals.requests += 1
            turn.starts.append((number, flight.question))
        }
        deadlines.prune(liveCount: seats.count) { seats[$0] != nil }
        line.tidy(liveCount: flights.count - runningCount) { flights[$0] != nil }
        swap(&turn.drops, &drops)
        swap(&turn.endings, &endings)
        turn.knocks = knocks
        turn.next = isDone ? nextDue : now
        plannedTurn = turn.next ?? .max
        return turn
    }

    /// A flight is over. Its askers are among the endings of the next turn.
    mutating func finish(_ number: UInt64, _ outcome: FlightOutcome, now: UInt64) {
        guard let flight = remove(number) else { return }
        let result: Result<BackEndAnswer, BackEndFailure>
        let isFailure: Bool
        switch outcome {
        case .answered(let answer, let fails): (result, isFailure) = (.success(answer), fails)
        case .tooLarge: (result, isFailure) = (.failure(.tooLarge(limit: answerSizeLimit)), false)
        case .failed(let sentence, let fails):
            (result, isFailure) = (.failure(.unreachable(sentence)), fails)
        }
        if end(flight, result), case .success = result { totals.shared += flight.askerCount - 1 }
        if flight.question.isNotice { return }
        if isFailure { fail(number, now: now) } else { breaker.succeeded() }
    }

    mutating func knocked(isConnected: Bool, now: UInt64) {
        breaker.knocked(isConnected: isConnected, now: now)
    }

    /// Ends everything and admits nothing from here on; one more turn brings the endings.
    mutating func stop() {
        isStopped = true
        for number in flights.keys.sorted() {
            guard let flight = remove(number) else { continue }
            if flight.start != nil { drops.append(number) }
            end(flight, .failure(.stopped))
        }
        line = WaitingLine()
    }

    /// Ends the waits that are over, as many as a turn may.
    ///
    /// - Returns: Whether that was all of them.
    private mutating func expire(now: UInt64) -> Bool {
        for _ in 0..<Self.slice {
            guard let serial = deadlines.popDue(now: now) else { return true }
            guard let seat = seats.removeValue(forKey: serial) else { continue }
            endings.append(Ending(asker: seat.asker, result: .failure(.timedOut)))
            totals.failures += 1
            guard leave(seat.flight) else { continue }
            // Callers may be in a greater hurry than the application can be; only a request that
            // had a fair part of the back end's own time says something about the back end.
            if let flight = flights[seat.flight], !flight.question.isNotice,
                let start = flight.start, now >= start, now - start >= timeLimit / 2
            {
                fail(seat.flight, now: now)
            }
            giveUp(seat.flight)
        }
        return false
    }

    /// A failure; when it opens the circuit, those in line are told with the next turns.
    private mutating func fail(_ number: UInt64, now: UInt64) {
        if breaker.failed(number, now: now) { refusedUntil = lastSerial }
    }

    /// Tells those in line that the circuit has opened, as many as a turn may.
    ///
    /// - Returns: Whether all of them know.
    private mutating func refuseLine() -> Bool {
        var share = Self.slice
        while let number = line.first({ flights[$0] != nil }), number <= refusedUntil {
            guard share > 0 else { return false }
            guard let flight = remove(number) else { continue }
            share -= flight.askers.count
            end(flight, .failure(.circuitOpen))
        }
        return true
    }

    /// Takes the first of the line that still waits.
    private mutating func nextInLine() -> UInt64? { line.next { flights[$0] != nil } }
}
