// Tally — everything a run counts, as plain sums.
//
// One per thread while it runs, one per interval and one per report; they add up.

/// Counts of one thread, interval or run.
package struct Tally: Sendable, Equatable, Codable {
    /// Messages the generator handed to the server to be distributed.
    package var published: UInt64 = 0
    /// Messages that arrived at subscribers.
    package var delivered: UInt64 = 0
    /// Calls or echoes the generator sent.
    package var requested: UInt64 = 0
    /// Calls or echoes whose answer arrived.
    package var answered: UInt64 = 0
    /// Messages and answers that should have arrived, given what was sent and who was subscribed.
    package var expected: UInt64 = 0

    /// Messages and answers that should have arrived and did not.
    package var lost: UInt64 = 0
    /// Messages and answers that arrived again.
    package var duplicated: UInt64 = 0
    /// Messages that arrived after one sent later, on the same connection and room.
    package var reordered: UInt64 = 0
    /// Messages and answers with other content than was sent.
    package var corrupted: UInt64 = 0
    /// Calls and publications that nobody answered in time.
    package var timedOut: UInt64 = 0

    /// Connections whose handshake succeeded.
    package var connected: UInt64 = 0
    /// Connections the server refused, by status or by silence.
    package var refusedHandshakes: UInt64 = 0
    /// Connections that ended though the generator did not end them.
    package var disconnected: UInt64 = 0
    /// Connections opened in place of one that ended.
    package var reconnected: UInt64 = 0

    /// Octets written to sockets, framing and handshakes included.
    package var octetsSent: UInt64 = 0
    /// Octets read from sockets, framing and handshakes included.
    package var octetsReceived: UInt64 = 0

    /// Messages sent later than they were due by more than the tolerance.
    package var slippedSamples: UInt64 = 0
    /// Violations of WebSocket or of the dialect by the server.
    package var protocolErrors: UInt64 = 0

    package init() {}

    package static func += (sum: inout Tally, other: Tally) {
        sum.published = sum.published.addingWithCeiling(other.published)
        sum.delivered = sum.delivered.addingWithCeiling(other.delivered)
        sum.requested = sum.requested.addingWithCeiling(other.requested)
        sum.answered = sum.answered.addingWithCeiling(other.answered)
        sum.expected = sum.expected.addingWithCeiling(other.expected)
        sum.lost = sum.lost.addingWithCeiling(other.lost)
        sum.duplicated = sum.duplicated.addingWithCeiling(other.duplicated)
        sum.reordered = sum.reordered.addingWithCeiling(other.reordered)
        sum.corrupted = sum.corrupted.addingWithCeiling(other.corrupted)
        sum.timedOut = sum.timedOut.addingWithCeiling(other.timedOut)
        sum.connected = sum.connected.addingWithCeiling(other.connected)
        sum.refusedHandshakes = sum.refusedHandshakes.addingWithCeiling(other.refusedHandshakes)
        sum.disconnected = sum.disconnected.addingWithCeiling(other.disconnected)
        sum.reconnected = sum.reconnected.addingWithCeiling(other.reconnected)
        sum.octetsSent = sum.octetsSent.addingWithCeiling(other.octetsSent)
        sum.octetsReceived = sum.octetsReceived.addingWithCeiling(other.octetsReceived)
        sum.slippedSamples = sum.slippedSamples.addingWithCeiling(other.slippedSamples)
        sum.protocolErrors = sum.protocolErrors.addingWithCeiling(other.protocolErrors)
    }

    /// What a correct server never causes; any of these fails a run.
    package var violations: UInt64 {
        lost.addingWithCeiling(duplicated).addingWithCeiling(reordered)
            .addingWithCeiling(corrupted)
    }

    /// Everything that went wrong, for one number on a terminal.
    package var errors: UInt64 {
        violations.addingWithCeiling(timedOut).addingWithCeiling(refusedHandshakes)
            .addingWithCeiling(disconnected).addingWithCeiling(protocolErrors)
    }
}
