// SimulatedOptions — what kind of kernel a simulated core meets, and how it misbehaves.

package import Uring

/// How often the simulated kernel does what the real one seldom does; per mille of the occasions.
package struct SimulatedFaults: Sendable {
    /// A send takes less than there is room for.
    package var shortSend = 0
    /// A send takes nothing: EAGAIN, EINTR, ENOBUFS.
    package var refusedSend = 0
    /// A send or receive fails for good (EPIPE, ECONNRESET) and the connection with it.
    package var brokenSocket = 0
    /// A receive ends with EINTR, or with ENOBUFS though there are buffers.
    package var refusedReceive = 0
    /// A receive brings less than has come.
    package var cutReceive = 0
    /// A multishot operation ends though nothing was wrong.
    package var endedMultishot = 0
    /// An accept fails: ECONNABORTED (the connection is gone) or EMFILE (it waits).
    package var failedAccept = 0
    /// An enter takes only some of the entries.
    package var partialEnter = 0
    /// An enter is interrupted before it does anything.
    package var interruptedEnter = 0
    /// Some completions overflow the queue.
    package var overflow = 0
    /// A shutdown is carried out a turn later, and perhaps one more.
    package var lateShutdown = 0
    /// A message to another ring is refused with EOVERFLOW.
    package var failedMessage = 0
    /// Something that is ready is not yet told.
    package var delay = 0

    package static let none = SimulatedFaults()

    package init() {}

    /// A kernel of any temper, from friendly to foul.
    package init(_ random: inout SeededRandom) {
        func level(_ limit: Int) -> Int { random.chance(400) ? 0 : random.below(limit) }
        shortSend = level(300)
        refusedSend = level(200)
        brokenSocket = random.chance(700) ? 0 : random.below(10)
        refusedReceive = level(100)
        cutReceive = level(800)
        endedMultishot = level(200)
        failedAccept = level(150)
        partialEnter = level(300)
        interruptedEnter = level(150)
        overflow = level(300)
        lateShutdown = level(500)
        failedMessage = level(200)
        delay = level(600)
    }
}

/// What a simulated kernel offers.
package struct SimulatedOptions: Sendable {
    /// Never ``Features/peerNames``: a simulated peer has no address.
    package var features = Features.all.subtracting(.peerNames)
    package var faults = SimulatedFaults.none
    /// Receive buffers of each core.
    package var bufferCount = 64
    /// Octets of each.
    package var bufferSize = 1024
    /// Sockets of each core.
    package var socketLimit = 64
    /// Entries that fit the submission queue.
    package var submissionLimit = 4096
    /// Octets a socket takes before its peer reads; a peer can change its own.
    package var sendWindow = 65_536

    package init() {}
}
