// Health — when to ask whether somebody is still there, and when to give up. Pure.

struct Health {
    private let idleLimit: Duration
    private var heardAt: ContinuousClock.Instant
    /// When the ping that is not answered yet was sent.
    private var askedAt: ContinuousClock.Instant?

    init(idleLimit: Duration, now: ContinuousClock.Instant) {
        self.idleLimit = idleLimit
        heardAt = now
    }

    enum Verdict: Equatable {
        case well
        case ask
        case lost
    }

    /// When to look again.
    var deadline: ContinuousClock.Instant { (askedAt ?? heardAt) + idleLimit }

    mutating func heard(now: ContinuousClock.Instant) {
        heardAt = now
        askedAt = nil
    }

    /// What to do now; `ask` at most once for each silence.
    mutating func check(now: ContinuousClock.Instant) -> Verdict {
        guard now >= deadline else { return .well }
        guard askedAt == nil else { return .lost }
        askedAt = now
        return .ask
    }
}
