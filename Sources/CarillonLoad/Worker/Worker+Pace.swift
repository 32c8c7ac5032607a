// Pacing — what is due now.
//
// An open loop sends message n when it is due, whatever happened to those before it, and stamps it
// with the time it was due: a server that stalls is charged for everything that waited, and what
// was due before the end is sent, though it may leave behind it. A closed loop keeps so many
// messages under way. Member m of round r sends message r × members + m of its population, so every
// worker knows its own due times without asking.

internal import Bytes
internal import CSystem
internal import Measurement

extension Worker {
    /// Most messages in one turn, so that a burst does not keep receiving from happening.
    private static let burstLimit = 256

    mutating func sendDue() {
        let time = now
        guard time >= board.warmUpBegin else { return }
        let end = board.measureEnd
        var isDone = true
        earliestDue = .max
        for place in groups.indices where groups[place].count > 0 {
            if stage == .running { startStorm(place, time) }
            switch groups[place].population.role {
            case .subscriber, .idler, .callee: continue
            case .publisher, .requester, .visitor: break
            }
            guard let due = groups[place].nextDue else { continue }
            if time >= end, !isOwed(place, due, end) {
                groups[place].nextDue = nil
                continue
            }
            switch groups[place].population.pace {
            case .open(let schedule): sendScheduled(place, schedule, until: end, time)
            case .closed(let window): sendWindow(place, window, time)
            }
            if let due = groups[place].nextDue {
                isDone = false
                if groups[place].isScheduled { earliestDue = min(earliestDue, due) }
            }
        }
        isDoneSending = isDone
    }

    // MARK: open loop

    /// Whether a message is to be sent though the run is over: its schedule says before, and nobody
    /// has waited for us longer than we wait for a server.
    private mutating func isOwed(_ place: Int, _ due: UInt64, _ end: UInt64) -> Bool {
        guard groups[place].isScheduled, due < end else { return false }
        guard now < end + plan.patience else {
            problems.add("what was due before the end was not sent in time")
            return false
        }
        return true
    }

    private mutating func sendScheduled(
        _ place: Int, _ schedule: Schedule, until end: UInt64, _ time: UInt64
    ) {
        var sent = 0
        while let due = groups[place].nextDue, due <= time, due < end, sent < Self.burstLimit {
            let slip = time - due
            if slip > worstSlip, clock.isMeasured(due) { worstSlip = slip }
            if slip > plan.slipTolerance, clock.isMeasured(due) { tally.slippedSamples += 1 }
            sendOne(place, due: due)
            advance(place)
            setDue(place, schedule)
            sent += 1
        }
    }

    /// The due time of the member whose turn it is.
    mutating func setDue(_ place: Int, _ schedule: Schedule) {
        let group = groups[place]
        let member = index + group.member * plan.workerCount
        let number = group.round * group.population.count + member
        if let limit = group.population.messageLimit, number >= limit {
            groups[place].nextDue = nil
            return
        }
        groups[place].nextDue = schedule.time(of: Double(number)).flatMap { seconds in
            // Schedules are bounded when they are read; a run that long ends before.
            seconds < 1e9 ? board.warmUpBegin + UInt64(seconds * 1e9) : nil
        }
    }

    private mutating func advance(_ place: Int) {
        groups[place].sentCount += 1
        groups[place].member += 1
        if groups[place].member == groups[place].count {
            groups[place].member = 0
            groups[place].round += 1
        }
    }

    // MARK: closed loop

    private mutating func sendWindow(_ place: Int, _ window: Int, _ time: UInt64) {
        // Field by field: a copy of the population retains every text of its speech, each turn.
        switch groups[place].population.role {
        case .requester:
            // Every answer asks the next.
            guard !groups[place].hasBegun else { return }
            groups[place].hasBegun = true
            let population = groups[place].population
            for slot in groups[place].firstSlot..<groups[place].firstSlot + groups[place].count {
                fillWindow(slot, population)
            }
        case .visitor:
            // As many visits under way as the window says, spread over the workers.
            let share = LoadPlan.share(window, index, plan.workerCount)
            var tried = 0
            while inProgress < share, tried < groups[place].count, groups[place].nextDue != nil {
                tried += visitNext(place, due: time) ? 0 : 1
            }
        case .publisher:
            var sent = 0
            while sent < 64, groups[place].nextDue != nil, mayPublish(place, window) {
                sendOne(place, due: time)
                advance(place)
                groups[place].burstLeft &-= 1
                stopAtLimit(place)
                sent += 1
            }
        case .subscriber, .idler, .callee: break
        }
    }

    mutating func stopAtLimit(_ place: Int) {
        guard let limit = groups[place].population.messageLimit else { return }
        if groups[place].sentCount >= LoadPlan.share(limit, index, plan.workerCount) {
            groups[place].nextDue = nil
        }
    }

    /// Whether the window has room, or the burst is not whole yet.
    private mutating func mayPublish(_ place: Int, _ window: Int) -> Bool {
        guard groups[place].population.sendsBursts else { return hasRoom(window) }
        if groups[place].burstLeft <= 0, hasRoom(1) { groups[place].burstLeft = window }
        return groups[place].burstLeft > 0
    }

    /// Whether fewer deliveries are under way than the window holds publications of.
    mutating func hasRoom(_ window: Int) -> Bool {
        // This worker's own figures are newer than those on its board.
        var due = expected
        var done = accounted + writtenOff
        for other in 0..<plan.workerCount where other != index {
            due += board.value(.expected, of: other)
            done += board.value(.accounted, of: other)
        }
        let underWay = due > done ? Double(due - done) : 0
        return underWay <= Double(window - 1) * plan.audience
    }

    // MARK: one message

    private mutating func sendOne(_ place: Int, due: UInt64) {
        let slot = groups[place].firstSlot + groups[place].member
        switch groups[place].population.role {
        case .publisher: publish(slot, place, due: due)
        case .requester:
            let start = arena.count
            request(slot, place, due: due)
            if arena.count > start { queue(from: start, for: slot) }
        case .visitor: _ = visitNext(place, due: due)
        case .subscriber, .idler, .callee: break
        }
    }

    private mutating func publish(_ slot: Int, _ place: Int, due: UInt64) {
        let client = unsafe clients.pointer(slot)
        let population = groups[place].population
        guard unsafe client.pointee.phase == .ready else { return }
        let member = Int(unsafe client.pointee.number)
        let streamCount = plan.streams.streamCount(of: member, in: population.publisherPlace)
        let count = Int(unsafe client.pointee.requestCount)
        let (stream, flatRoom) = plan.streams.stream(
            count % streamCount, of: member, in: population.publisherPlace)
        let number = UInt32(truncatingIfNeeded: count / streamCount)
        unsafe client.pointee.requestCount &+= 1
        var values = Template.Values()
        values.room = flatRoom / plan.streams.eventCount
        values.event = flatRoom % plan.streams.eventCount
        values.connection = population.firstClient + member
        values.number = count
        values.payloadSize = population.payloadSize
        // Said before it is done: whoever subscribes later is not owed it.
        board.published(stream, count: number &+ 1)
        let audience = board.audience(of: flatRoom)
        expected += UInt64(audience)
        tally.published += 1
        let start = arena.count
        let stamp = Stamp(
            stream: UInt32(truncatingIfNeeded: stream), number: number, time: due,
            payloadSize: UInt32(truncatingIfNeeded: population.payloadSize))
        if let wamp {
            let topic = wamp.topic(room: values.room, event: values.event)
            let request = requestID(UInt32(truncatingIfNeeded: count), slot)
            write(.publish(request: request, topic: topic), stamp, wamp, slot)
        } else if population.speech.posts {
            post(population.speech, values, stamp, slot)
        } else {
            write(
                population.speech.publish, values, stamp, slot,
                isBinary: population.speech.isBinary)
        }
        queue(from: start, for: slot)
    }

    /// Appends one request to the arena; who calls queues it.
    mutating func request(_ slot: Int, _ place: Int, due: UInt64) {
        let client = unsafe clients.pointer(slot)
        let population = groups[place].population
        guard unsafe client.pointee.phase == .ready, due < board.measureEnd else { return }
        if case .closed = population.pace {
            guard groups[place].nextDue != nil else { return }
            groups[place].sentCount += 1
            stopAtLimit(place)
        }
        let number = unsafe client.pointee.requestCount
        unsafe client.pointee.requestCount &+= 1
        if unsafe client.pointee.openRequests == 0 { unsafe client.pointee.lastProgress = now }
        unsafe client.pointee.openRequests += 1
        expected += 1
        tally.requested += 1
        let member = Int(unsafe client.pointee.number)
        var values = Template.Values()
        values.room = member % plan.streams.roomCount
        values.connection = population.firstClient + member
        values.number = Int(number)
        values.payloadSize = population.payloadSize
        let stamp = Stamp(
            stream: UInt32(truncatingIfNeeded: population.streamBase + member), number: number,
            time: due, payloadSize: UInt32(truncatingIfNeeded: population.payloadSize))
        if let wamp {
            write(.call(request: requestID(number, slot)), stamp, wamp, slot)
        } else {
            write(
                population.speech.request, values, stamp, slot,
                isBinary: population.speech.isBinary)
        }
    }

    /// Asks as many requests of one client as its window holds.
    mutating func fillWindow(_ slot: Int, _ population: Population) {
        guard case .closed(let window) = population.pace else { return }
        let client = unsafe clients.pointer(slot)
        let place = Int(unsafe client.pointee.population)
        let start = arena.count
        while unsafe Int(client.pointee.openRequests) < window {
            let before = unsafe client.pointee.openRequests
            request(slot, place, due: now)
            guard unsafe client.pointee.openRequests > before else { break }
        }
        if arena.count > start { queue(from: start, for: slot) }
    }
}
