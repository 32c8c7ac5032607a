// Arrivals — what a stamp says about the server: was it owed, is it in order, how long did it take?
//
// Hot path, see `Worker+Receive.swift`.

internal import Measurement

extension Worker {
    /// A delivery whose stamp is known: was it owed, is it in order, how long did it take?
    @inline(__always)
    mutating func arrived(_ stamp: Stamp, isWhole: Bool, _ slot: Int) {
        let client = unsafe clients.pointer(slot)
        let isOnly = unsafe stamp.stream == UInt32(bitPattern: client.pointee.onlyStream)
        let first = Int(unsafe client.pointee.checks)
        guard let check = isOnly ? first : checkPlace(of: stamp, slot) else {
            tally.corrupted += 1
            wrongCount += 1
            problems.add("a message reached a subscriber that had not asked for it")
            return
        }
        let arrival = checks.arrived(stamp.number, at: check)
        switch arrival {
        case .inOrder: accounted += 1
        case .early(let count):
            // When these were sent, this subscriber was not counted on.
            expected += count
            accounted += 1
        case .gap(let count):
            accounted += 1 + count
            wrongCount += count
        case .late, .duplicate: break
        }
        guard countFaults(of: arrival, isWhole: isWhole, isOrdered: true) else { return }
        if clock.isMeasured(stamp.time) {
            tally.delivered += 1
            lastArrival = now
            pending.add(stamp.number, time: stamp.time, now: now, into: &latency)
        }
    }

    /// Where the stream of a message is checked; `nil` when the client is not owed it.
    ///
    /// It changes nothing; were it not `mutating`, Swift 6.3.1 would copy the worker to call it.
    @inline(never)
    private mutating func checkPlace(of stamp: Stamp, _ slot: Int) -> Int? {
        let client = unsafe clients.pointer(slot)
        let first = Int(unsafe client.pointee.checks)
        if unsafe client.pointee.onlyStream >= 0 { return nil }
        let room = Int(unsafe client.pointee.number) % plan.streams.roomCount
        guard let found = plan.streams.place(of: Int(stamp.stream), inRoom: room),
            coverage(of: slot).events >> UInt64(found.event) & 1 == 1
        else { return nil }
        return first + found.place
    }

    /// An answer whose stamp is known.
    mutating func answered(_ stamp: Stamp, isWhole: Bool, _ slot: Int) {
        let client = unsafe clients.pointer(slot)
        let population = groups[Int(unsafe client.pointee.population)].population
        guard Int(stamp.stream) == population.streamBase + Int(unsafe client.pointee.number)
        else {
            tally.corrupted += 1
            wrongCount += 1
            problems.add("an answer reached a client that had not asked")
            return
        }
        let arrival = checks.arrived(stamp.number, at: Int(unsafe client.pointee.checks))
        guard countFaults(of: arrival, isWhole: isWhole, isOrdered: population.isOrdered)
        else { return }
        if clock.isMeasured(stamp.time) {
            tally.answered += 1
            lastArrival = now
            latency.record(now > stamp.time ? now - stamp.time : 0)
        }
        settle(slot)
    }

    /// Counts what is wrong with what arrived.
    ///
    /// - Returns: Whether it is anything new, no duplicate.
    @inline(__always)
    private mutating func countFaults(
        of arrival: Arrival, isWhole: Bool, isOrdered: Bool
    ) -> Bool {
        switch arrival {
        case .inOrder, .early, .gap: break
        case .late:
            if isOrdered {
                tally.reordered += 1
                wrongCount += 1
            }
        case .duplicate:
            tally.duplicated += 1
            wrongCount += 1
            return false
        }
        if !isWhole {
            tally.corrupted += 1
            wrongCount += 1
        }
        return true
    }

    /// A request is over, however it ended: there is room for the next.
    mutating func settle(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        let place = Int(unsafe client.pointee.population)
        // Late answers to requests that were given up are answers, but make no room.
        if unsafe client.pointee.openRequests > 0 {
            unsafe client.pointee.openRequests -= 1
            accounted += 1
        }
        unsafe client.pointee.lastProgress = now
        if case .closed = groups[place].population.pace, stage == .running {
            request(slot, place, due: now)
        }
    }

    mutating func damaged(_ slot: Int) {
        tally.corrupted += 1
        // It was owed, whichever it was.
        tally.expected += 1
        wrongCount += 1
        unsafe clients.pointer(slot).pointee.anonymousDamage += 1
    }
}
