// DealerLimits — how much of everything one realm's dealer holds.
//
// Whatever a party can make grow is bounded here, and reaching a bound is an ordinary answer to
// the party that reached it.

package import Rooms

package struct DealerLimits: Sendable {
    /// Calls of one party that wait for an answer.
    package var callsPerParty = 16_384
    /// The same over the whole realm.
    package var calls = 1_048_576
    /// Registrations one party is a member of.
    package var registrationsPerParty = 4096
    /// Registrations in the realm.
    package var registrations = 262_144
    /// Members of one shared registration.
    package var calleesPerRegistration = 4096
    /// Callees that one call may be sent on to after the first.
    package var reroutesPerCall = 16
    /// Finished calls per party whose remaining parts are expected and thrown away.
    package var finishedCallsPerParty = 256
    /// How long such a call is remembered, in nanoseconds.
    package var finishedCallGrace: UInt64 = 60_000_000_000
    /// What a callee that keeps the timeout itself gets on top of it, in nanoseconds.
    package var forwardedTimeoutGrace: UInt64 = 500_000_000
    /// Calls that one ``Dealer/expire(now:_:)`` ends, or a party that leaves; the rest stays due.
    package var callsPerExpiry = 1024
    /// What the index of the procedures holds.
    package var index: IndexLimits

    package init() {
        index = IndexLimits()
        index.wildcardsPerPattern = Room.segmentLimit
        index.rememberedRooms = 4096
        index.answersCoveringPublishes = false
    }

    package static let standard = DealerLimits()
}
