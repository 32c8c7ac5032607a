// A turn — one pass of a core's loop.
//
// Reap everything; settle refused sends first, since the next use of a connection's queue would
// forget what they left; then work; then flush and enter. One system call per turn.

import Lockfree
import Telemetry
import Uring

extension Core where Kernel: ~Copyable {
    /// Runs until a `stop` has been carried out.
    mutating func run() {
        start()
        while !isOver { turn() }
        end()
    }

    /// What was prepared in the last turn, closes above all, still has to reach the kernel; and
    /// listeners whose accept has not been seen to end are closed now, as it ends with the ring.
    mutating func end() {
        while kernel.unsubmittedCount > 0 {
            _ = kernel.enter(timeout: 0)
            kernel.reap(into: &completions)
        }
        for place in listeners.indices { release(listener: place) }
        returnShare()
        returnInputShare()
    }

    mutating func start() {
        kernel.armWakeUp()
        for place in listeners.indices { armAccept(place) }
    }

    /// Nothing is left to do for a stopped core.
    var isOver: Bool { isStopping && table.count == 0 }

    /// One pass. The simulation calls it step by step.
    mutating func turn() {
        let timeout = sleepTime()
        _ = kernel.enter(timeout: timeout)
        if timeout != 0 { state.mailboxes[index].stayAwake() }
        now = kernel.now
        if pace.sliceSize > 0 { pace.submitted(at: now, delay: state.settings.batchingDelay) }
        if turnEnd == 0 { turnEnd = now }
        metrics.add(.loopTurns)
        turnNumber &+= 1
        reap()
        readMail()
        work()
        // What the dealer wants of this core's own sessions leaves with this turn's flush.
        if hasAskedDealer {
            hasAskedDealer = false
            readMail()
        }
        // After the work, so that a pong which waits to be read is not taken for silence.
        if firstCompletion == completions.count || now >= lastTick + Self.tickPatience {
            lastTick = now
            advanceTime()
        }
        resumeStarved()
        // In front of the sends: behind them nothing may be queued for who is being sent to.
        departSome()
        if isPaused {
            flushPrompt()
        } else {
            settleDeliveries()
            flush()
        }
        // Behind the sends: a hundred resets take milliseconds, and who reads need not wait for
        // them.
        closeOverflowing()
        reportFigures()
        // What was flushed is sent within the next enter: with it a turn begins where the last one
        // ended, unless the core slept in between.
        let end = kernel.now
        metrics.record(.loopTurn, nanoseconds: end &- (timeout == 0 ? turnEnd : now))
        turnEnd = end
    }

    /// The turn has worked for its time; what is left waits for the next one.
    var isTurnOver: Bool { kernel.now &- now > Self.turnTime }

    /// Passes on what the driver counted in this turn.
    private mutating func reportFigures() {
        let latest = kernel.figures
        metrics.add(.submissions, latest.preparedCount &- figures.preparedCount)
        metrics.add(.submissionQueueFull, latest.fullCount &- figures.fullCount)
        metrics.add(.completionQueueOverflows, latest.overflowCount &- figures.overflowCount)
        figures = latest
        metrics.set(.starvedConnections, to: starved.count)
        if drain != nil { metrics.set(.connectionsToDrain, to: table.count) }
    }

    /// Entries that may be submitted by the enter that sleeps; more are carried out first, so that
    /// their time counts as the turn's.
    private static var sleepersLoad: Int { 64 }

    /// How long the core may sleep: not at all while something waits for it.
    private mutating func sleepTime() -> UInt64? {
        let isFlushed = dirty.isEmpty && entered.isEmpty && pace.sliceSize == 0
        let isWaiting = !isFlushed && pace.sliceSize == 0 && isPaused
        let isIdle =
            firstCompletion == completions.count && firstMail == mail.count
            && (isFlushed || isWaiting) && runnable.isEmpty && finishing.isEmpty
            && departing.isEmpty && overflowing.isEmpty && excessive.isEmpty && givenUp.isEmpty
            && prompt.isEmpty
            && kernel.unsubmittedCount < Self.sleepersLoad
        guard isIdle, state.mailboxes[index].prepareToSleep() else { return 0 }
        var deadline = nextDeadline()
        if isWaiting { deadline = min(deadline ?? .max, pace.pausedUntil) }
        guard let deadline else { return nil }
        let current = kernel.now
        return deadline > current ? deadline - current : 1
    }

    /// Takes all completions and settles what concerns sends.
    private mutating func reap() {
        if firstCompletion == completions.count {
            completions.removeAll(keepingCapacity: true)
            firstCompletion = 0
        } else if firstCompletion >= Self.spentLimit {
            // A core that is never quite done would keep what it has done.
            completions.removeFirst(firstCompletion)
            firstCompletion = 0
        }
        var fresh = completions.count
        kernel.reap(into: &completions)
        // Entries the kernel has not taken still point into our memory, and a send among them must
        // be settled before anything else is queued for its connection: insist.
        while kernel.unsubmittedCount > 0 {
            _ = kernel.enter(timeout: 0)
            kernel.reap(into: &completions)
        }
        metrics.add(.completions, completions.count - fresh)
        while fresh < completions.count {
            let completion = completions[fresh]
            let token = Token(rawValue: completion.token)
            if token.operation == .immediateSend {
                sendFellShort(token, completion.result)
            }
            fresh += 1
        }
        concludeFlush()
        abortBroken()
        closeExcessive()
        finishFlushed()
    }

    /// Carries out completions until enough waits to be flushed; the rest comes next turn.
    private mutating func work() {
        resumeRunnable()
        while firstCompletion < completions.count && unflushedOctets < Self.unflushedLimit
            && !isTurnOver
        {
            let completion = completions[firstCompletion]
            firstCompletion += 1
            handle(completion)
        }
        if recycledCount > 0 { kernel.publishBuffers() }
    }

    private mutating func handle(_ completion: Completion) {
        let token = Token(rawValue: completion.token)
        switch token.operation {
        case .receive: received(token, completion)
        case .accept: accepted(token, completion)
        case .patientSend: patientSendEnded(token, completion.result)
        case .wakeUp:
            if token.slot == 0 {
                kernel.armWakeUp()
            } else if completion.result < 0 {
                // The sender's half of a ring message, which did not arrive: use the event.
                state.signal(token.slot - 1)
            }
        case .peerName: peerNamed(token, completion.result)
        case .shutdown: shutdownEnded(token, completion.result)
        case .immediateSend, .message, .cancel, .close, nil: break
        }
    }
}
