// Group — the members of one population that a worker has, and whose turn it is to send.

/// The members of one population that a worker has.
struct Group {
    let population: Population
    let place: Int
    let firstSlot: Int
    let count: Int

    // Pacing.

    /// By the clock.
    var isScheduled: Bool {
        if case .open = population.pace { true } else { false }
    }

    /// Whose turn it is, and how many rounds over all members are done.
    var member = 0
    var round = 0
    /// When the next message is due, ns; `nil`: never again.
    var nextDue: UInt64? = 0
    var sentCount = 0
    /// Of a burst that is being sent, where there are bursts.
    var burstLeft = 0
    /// Requesters of a closed loop have sent their first.
    var hasBegun = false
    /// When everybody leaves next.
    var nextStorm = UInt64.max
}
