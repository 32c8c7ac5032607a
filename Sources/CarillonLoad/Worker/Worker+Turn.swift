// Turns — a worker sends what is due, enters the ring once, and handles what came.
//
// What came in one enter has one time, taken when the enter returned: it was in our hands by then,
// and how long we take to look at it is not the server's doing.

internal import Bytes
internal import CSystem
internal import Lockfree
internal import Measurement
internal import Uring

extension Worker {
    /// Runs until the board says it is over.
    mutating func run() {
        armWakeUp()
        lastProgress = now
        while true {
            let current = board.stage
            if current != stage { enter(current) }
            if current == .finished { break }
            if stage == .running || stage == .draining {
                now = carillon_monotonic_now()
                keepTime()
            }
            wasIdle = runTurn()
            clock.turnEnded(at: now, isIdle: wasIdle && plan.spins)
        }
        finish()
    }

    /// One turn; whether there was nothing to do.
    mutating func runTurn() -> Bool {
        resumeStarved()
        openSome()
        if stage == .running || stage == .draining { sendDue() }
        let hasSent = !sends.isEmpty || !unsent.isEmpty
        flush()
        tellFacts()
        _ = ring.enter(timeout: plan.spins ? 0 : sleepTime())
        while ring.unsubmittedCount > 0 { _ = ring.enter(timeout: 0) }
        if plan.isClosedLoop { board.set(.awaitsProgress, of: index, to: 0) }
        now = carillon_monotonic_now()
        turn += 1
        swap(&arena, &flyingArena)
        arena.removeAll()
        var count = handleAll()
        let isIdle = count == 0 && !hasSent
        // An enter brings a score of completions at most, though more are ready.
        while count >= Self.enterShare && count < Self.turnShare && now < earliestDue {
            _ = ring.enter(timeout: 0)
            now = carillon_monotonic_now()
            let more = handleAll()
            if more < Self.enterShare { break }
            count += more
        }
        if now >= nextSweep {
            nextSweep = now + 100_000_000
            sweep()
        }
        return isIdle
    }

    private static let enterShare = 16
    /// Completions of one turn: what is sent in answer to them leaves behind the last.
    private static let turnShare = 1024

    private mutating func handleAll() -> Int {
        completions.removeAll(keepingCapacity: true)
        ring.reap(into: &completions)
        for place in completions.indices { handle(completions[place]) }
        pending.flush(now: now, into: &latency)
        ring.publishBuffers()
        return completions.count
    }

    private mutating func handle(_ completion: Completion) {
        let token = LoadToken(rawValue: completion.token)
        switch token.operation {
        case .receive: received(token, completion)
        case .immediateSend: sendFellShort(token, completion.result)
        case .patientSend: patientSendEnded(token, completion.result)
        case .wakeUp: armWakeUp()
        case .close: closed(token.slot)
        case .cancel, nil: break
        }
    }

    private mutating func armWakeUp() {
        unsafe ring.read(
            board.events[index], into: eventCounter.pointer, token: LoadToken(.wakeUp).rawValue)
    }

    /// How long the ring may sleep, ns.
    private mutating func sleepTime() -> UInt64 {
        guard unsent.isEmpty, starved.isEmpty else { return 0 }
        if stage == .draining, !isDoneSending { return 0 }
        var next = nextSweep
        if stage == .running {
            for place in groups.indices where groups[place].count > 0 {
                if groups[place].isScheduled, let due = groups[place].nextDue {
                    next = min(next, due)
                }
                next = min(next, groups[place].nextStorm)
            }
            if now < board.warmUpBegin { next = min(next, board.warmUpBegin) }
            if plan.isClosedLoop, plan.workerCount > 1, waitsForOthers() { return 0 }
        }
        next = min(next, clock.intervalEnd)
        let time = carillon_monotonic_now()
        return next > time ? next - time : 0
    }

    /// Says that it sleeps until something is accounted for; `true` when something was meanwhile.
    private mutating func waitsForOthers() -> Bool {
        board.set(.awaitsProgress, of: index, to: 1)
        board.fence()
        for place in groups.indices
        where groups[place].count > 0 && groups[place].population.role == .publisher {
            guard groups[place].nextDue != nil,
                case .closed(let window) = groups[place].population.pace
            else { continue }
            if hasRoom(groups[place].population.sendsBursts ? 1 : window) { return true }
        }
        return false
    }

    private mutating func enter(_ stage: Stage) {
        self.stage = stage
        if stage == .running { beginRun() }
    }

    /// Lets the others and the conductor see how far this worker is.
    private mutating func tellFacts() {
        board.set(.ready, of: index, to: UInt64(readyCount))
        board.set(.failed, of: index, to: UInt64(failedCount))
        board.set(.expected, of: index, to: expected)
        board.set(.sent, of: index, to: tally.published + tally.requested)
        board.set(.received, of: index, to: tally.delivered + tally.answered)
        board.set(.wrong, of: index, to: wrongCount)
        tellDone()
        guard accounted != lastAccounted else { return }
        lastAccounted = accounted
        board.set(.accounted, of: index, to: accounted)
        guard plan.isClosedLoop, plan.workerCount > 1 else { return }
        board.fence()
        for other in 0..<plan.workerCount
        where other != index && board.value(.awaitsProgress, of: other) == 1 {
            board.wake(other)
        }
    }

    /// Says that nothing more will be sent, behind what that made due. Where nobody sends, the
    /// clock alone ends the run.
    private mutating func tellDone() {
        guard isDoneSending, plan.hasSenders, board.value(.doneSending, of: index) == 0 else {
            return
        }
        board.fence()
        board.set(.doneSending, of: index, to: 1)
    }
}
