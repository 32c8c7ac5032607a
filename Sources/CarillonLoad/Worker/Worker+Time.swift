// Time — the stages of a run as a worker goes through them, and its accounts.

internal import Bytes
internal import CSystem
internal import Measurement
internal import WebSocket

extension Worker {
    /// The times are set: warm-up begins.
    mutating func beginRun() {
        clock.measureBegin = board.measureBegin
        clock.measureEnd = board.measureEnd
        clock.beginInterval(at: now, end: board.measureBegin)
        for place in groups.indices where groups[place].count > 0 {
            let population = groups[place].population
            if population.stormInterval > 0 {
                groups[place].nextStorm = board.measureBegin + population.stormInterval
            }
            if case .open(let schedule) = population.pace { setDue(place, schedule) }
        }
    }

    /// Closes intervals whose time has come.
    ///
    /// Intervals end when schedules fall due, too: the books are closed in a pause, so that
    /// nobody's message waits for that.
    mutating func keepTime() {
        guard now >= clock.intervalEnd else { return }
        if intervalNumber == nil, now >= clock.measureBegin, stage == .running {
            // Warm-up is over. What went wrong in it went wrong all the same.
            var kept = Tally()
            kept.duplicated = tally.duplicated
            kept.reordered = tally.reordered
            kept.corrupted = tally.corrupted
            kept.timedOut = tally.timedOut
            kept.refusedHandshakes = tally.refusedHandshakes
            kept.disconnected = tally.disconnected
            kept.protocolErrors = tally.protocolErrors
            kept.connected = tally.connected
            tally = kept
            latency.reset()
            intervalNumber = 0
            clock.beginInterval(at: now, end: end(ofInterval: 0))
        } else if wasIdle || now >= clock.intervalEnd + Self.bookkeepingPatience {
            closeInterval(at: now)
        }
    }

    /// When an interval ends; the last one takes in whatever arrives after sending has stopped.
    private func end(ofInterval number: Int) -> UInt64 {
        let end = clock.measureBegin + UInt64(number + 1) * plan.interval
        return end < clock.measureEnd ? end : .max
    }

    /// How long the end of an interval waits for a pause, ns.
    private static var bookkeepingPatience: UInt64 { 20_000_000 }

    private mutating func closeInterval(at time: UInt64) {
        guard let number = intervalNumber else { return }
        let distribution = latency.distribution
        total.add(distribution)
        tell(
            WorkerRecord(
                worker: index, interval: number,
                beginSeconds: seconds(clock.intervalBegin), endSeconds: seconds(time),
                tally: tally, latency: distribution, busyShare: clock.busyShare(at: now)))
        cpuTime += clock.cpuTime
        tally = Tally()
        latency.reset()
        intervalNumber = number + 1
        clock.beginInterval(at: now, end: end(ofInterval: number + 1))
    }

    private func seconds(_ time: UInt64) -> Double {
        time > clock.measureBegin ? Double(time - clock.measureBegin) / 1e9 : 0
    }

    // MARK: patience

    /// Ten times a second: who waits in vain?
    mutating func sweep() {
        while let (slot, generation) = openings.first {
            let client = unsafe clients.pointer(slot)
            let isPending =
                unsafe client.pointee.generation == generation
                && (client.pointee.phase == .opening || client.pointee.phase == .greeting)
            guard isPending else {
                _ = openings.popFirst()
                continue
            }
            var begin = unsafe client.pointee.lastProgress
            if let opening = unsafe client.pointee.opening { begin = opening.begin }
            guard now > begin + plan.patience else { break }
            _ = openings.popFirst()
            let isOpen = unsafe client.pointee.phase == .greeting
            tally.timedOut += 1
            openingFailed(
                slot,
                isOpen ? explainGreeting(slot) : "the server did not answer a handshake in time")
        }
        for group in groups where group.population.role == .requester {
            for slot in group.firstSlot..<group.firstSlot + group.count { giveUpRequests(slot) }
        }
        writeOffDeliveries()
    }

    private mutating func giveUpRequests(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        let open = unsafe client.pointee.openRequests
        guard open > 0, unsafe now > client.pointee.lastProgress + plan.patience else { return }
        tally.timedOut += UInt64(open)
        wrongCount += UInt64(open)
        accounted += UInt64(open)
        unsafe client.pointee.openRequests = 0
        let population = plan.populations[Int(unsafe client.pointee.population)]
        if stage == .running { fillWindow(slot, population) }
    }

    /// A closed loop whose deliveries do not come would stand still for ever.
    private mutating func writeOffDeliveries() {
        guard plan.isClosedLoop, stage == .running else { return }
        let done = board.sum(.accounted)
        if done != lastProgressCount {
            lastProgressCount = done
            lastProgress = now
        }
        guard now > lastProgress + plan.patience else { return }
        lastProgress = now
        let due = board.sum(.expected)
        guard due > done + writtenOff else { return }
        writtenOff = due - done
        problems.add("nothing was delivered for a while; the window was opened again")
    }

    // MARK: the end

    /// Counts what never came, says goodbye, and reports.
    mutating func finish() {
        // The last one ends with sending, or with what came after; not with our waiting for more.
        closeInterval(at: max(min(now, board.measureEnd), lastArrival))
        var last = tally
        last.lost = lostBeforeReturn
        for (place, group) in groups.enumerated() {
            for slot in group.firstSlot..<group.firstSlot + group.count {
                last.lost += missing(slot, place)
                // The conductor may lose patience a moment before we do.
                last.timedOut += UInt64(unsafe clients.pointer(slot).pointee.openRequests)
            }
        }
        let busyShare = clock.busyShare(at: now)
        sayGoodbye()
        tell(
            WorkerRecord(
                worker: index, interval: nil, beginSeconds: 0, endSeconds: seconds(lastArrival),
                tally: last, latency: total, busyShare: busyShare,
                handshakes: handshakes.distribution, problems: problems.problems,
                worstSlip: worstSlip, cpuSeconds: Double(cpuTime) / 1e9))
    }

    /// What a client was owed and did not get.
    private func missing(_ slot: Int, _ place: Int) -> UInt64 {
        let client = unsafe clients.pointer(slot)
        let checksBegin = Int(unsafe client.pointee.checks)
        let damage = UInt64(unsafe client.pointee.anonymousDamage)
        var lost: UInt64 = 0
        switch groups[place].population.role {
        case .subscriber:
            guard unsafe client.pointee.isAudience || client.pointee.isCutOff else { return 0 }
            for event in events(of: slot) {
                for (place, stream) in plan.streams.streams(ofRoom: room(of: slot), event: event) {
                    lost += checks.lost(
                        at: checksBegin + place, published: board.publishedCount(stream))
                }
            }
        case .requester:
            lost = checks.lost(
                at: checksBegin, published: unsafe client.pointee.requestCount)
        case .publisher, .visitor, .idler, .callee: return 0
        }
        // Damaged beyond recognition is not lost as well.
        return lost - min(lost, damage)
    }

    /// Closes every WebSocket as RFC 6455 §7 wants it, for a moment at most.
    private mutating func sayGoodbye() {
        let end = carillon_monotonic_now() + 300_000_000
        for slot in 0..<clients.count {
            let client = unsafe clients.pointer(slot)
            guard
                unsafe client.pointee.phase == .ready || client.pointee.phase == .greeting,
                unsafe client.pointee.outbox == nil, unsafe !client.pointee.isStuck
            else { continue }
            if unsafe client.pointee.exchange != nil {
                // HTTP has no farewell.
                leave(slot)
                continue
            }
            let start = arena.count
            if let wamp, unsafe client.pointee.isJoined { write(.goodbye, wamp) }
            FrameWriter.writeClose(.normal, mask: freshMask(), into: &arena)
            queue(from: start, for: slot)
        }
        while readyCount > 0, carillon_monotonic_now() < end { _ = runTurn() }
    }
}
