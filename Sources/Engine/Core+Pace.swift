// Pace — micro-batching: sends to many are spread, so that each takes more publications along.
//
// What a send costs hardly depends on how many frames it takes (0.24 µs each for sixteen together,
// 3.4 µs for one alone), so a busy room is served for less if every subscriber is sent to less
// often. With a batching delay D > 0 subscribers are sent to in turn, in slices, and behind each
// slice comes a pause: its share of D. A lone publication leaves at once, the next ones wait D at
// most. Where they come faster than all can be sent to, in the time F, a subscriber is sent to
// every F and half of the publications wait F / 2 or longer. Then the pauses are longer by a sixth
// of what the slices took, which makes that D / 2 + F / 12 more: not more than D as long as F is
// below 6 D. (By all of it the core's load halves, and half of the publications come 3 ms later:
// Engine.docc.)
//
// Only publications wait. What is a connection's own (replies, pongs, closes) leaves with the turn.

import Telemetry

/// Where a core stands between two slices of paced sends.
struct Pace {
    /// No slice before this (core time, ns).
    var pausedUntil: UInt64 = 0
    /// Sends that the next enter submits, out of so many that waited; and when they were prepared.
    var sliceSize = 0
    var waitingCount = 0
    var preparedAt: UInt64 = 0

    /// Publications since the round began, in which everybody who waited then is sent to.
    var publicationCount: UInt64 = 0
    private var roundLeft = 0
    private var roundBegan: UInt64 = 0
    /// What its sends took so far, ns.
    private var roundTaken: UInt64 = 0
    /// Publications came faster than everybody could be sent to.
    private(set) var isBusy = false

    mutating func prepared(_ count: Int, of waiting: Int, at now: UInt64) {
        guard count > 0 else { return }
        if roundLeft <= 0 {
            isBusy = publicationCount &* roundTaken >= now &- roundBegan && roundTaken > 0
            roundLeft = waiting
            roundBegan = now
            roundTaken = 0
            publicationCount = 0
        }
        roundLeft -= count
        sliceSize = count
        waitingCount = waiting
        preparedAt = now
    }

    /// The slice has been submitted.
    mutating func submitted(at now: UInt64, delay: UInt64) {
        let taken = now &- preparedAt
        roundTaken &+= taken
        // In units of 1/1024, since a delay times a number of sends need not fit.
        let share = UInt64(sliceSize) * 1024 / UInt64(max(1, waitingCount))
        pausedUntil = now + (isBusy ? taken / 6 : 0) + delay / 1024 * share
        sliceSize = 0
    }
}

extension Core where Kernel: ~Copyable {
    /// Sends of a paced slice: less than a millisecond.
    private static var pacedSliceSize: Int { 192 }

    var isPaced: Bool { state.settings.batchingDelay > 0 }

    /// Sends of one slice.
    var sliceSize: Int {
        let size = state.settings.flushSlice
        return isPaced ? min(size, Self.pacedSliceSize) : size
    }

    /// Whether publications wait now. Not while much does, nor at the end.
    var isPaused: Bool {
        now < pace.pausedUntil && unflushedOctets < Self.unflushedLimit / 2 && !isStopping
            && drain == nil
    }
}
