// StallWatch — decides from outside whether a core's loop is stuck in a turn.
//
// Pure: looks come in, verdicts come out. A core that is awake and whose count of turns stands
// still is inside a turn; how long, is counted in looks. A look adds at most twice the usual
// distance, so a process that was stopped and goes on (SIGSTOP, a suspended machine) is not taken
// for a stuck one.

struct StallWatch {
    enum Verdict: Equatable {
        case none
        /// The turn has reached the warning time. Said once per turn.
        case stalled
        /// The turn that was warned about is over; it took about this long.
        case recovered(Duration)
        /// The turn has reached the time after which nobody waits any more.
        case hopeless(Duration)
    }

    private var turns: UInt64 = 0
    private var stuckFor = Duration.zero
    private var isWarned = false

    /// - Parameters:
    ///   - turns: The core's count of turns.
    ///   - isAsleep: Whether it waits in the kernel for something to do.
    ///   - elapsed: Time since the look before.
    ///   - distance: The usual time between looks.
    ///   - abort: Zero: never hopeless.
    mutating func look(
        turns: UInt64, isAsleep: Bool, elapsed: Duration, distance: Duration, warning: Duration,
        abort: Duration
    ) -> Verdict {
        guard turns == self.turns, !isAsleep else {
            let verdict = isWarned ? Verdict.recovered(stuckFor) : .none
            self.turns = turns
            stuckFor = .zero
            isWarned = false
            return verdict
        }
        stuckFor += min(elapsed, distance * 2)
        if abort > .zero, stuckFor >= abort { return .hopeless(stuckFor) }
        guard stuckFor >= warning, !isWarned else { return .none }
        isWarned = true
        return .stalled
    }
}
