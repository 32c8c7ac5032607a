// Party — whoever calls or is called: a session, a Swift handler, a link.
//
// Opaque on purpose: the dealer knows what a party can do and what it has open, and nothing about
// the protocol it speaks or the core it lives on.

/// Names a party among those of one realm. The engine chooses it and does not reuse it while the
/// party is open.
@frozen
@usableFromInline
package struct PartyID: Hashable, BitwiseCopyable, Sendable {
    @usableFromInline package let rawValue: UInt64

    @inlinable
    package init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What a party has announced that it understands. The names in WAMP stand beside the cases.
package struct PartyFeatures: OptionSet, Sendable {
    package let rawValue: UInt16

    package init(rawValue: UInt16) { self.rawValue = rawValue }

    /// `caller.call_canceling`. A caller without it gets no answer to a call it canceled.
    package static let cancelsCalls = PartyFeatures(rawValue: 1)
    /// `callee.call_canceling`: understands an interrupt.
    package static let takesInterrupts = PartyFeatures(rawValue: 2)
    /// `callee.progressive_call_results`.
    package static let yieldsProgress = PartyFeatures(rawValue: 4)
    /// `callee.progressive_call_invocations`.
    package static let takesParts = PartyFeatures(rawValue: 8)
    /// `callee.call_timeout`: keeps the timeout itself, when it is told of one.
    package static let keepsTimeouts = PartyFeatures(rawValue: 16)
    /// `callee.call_reroute`: its "unavailable" asks for another callee.
    package static let reroutes = PartyFeatures(rawValue: 32)
    /// `callee.registration_revocation`: wants to hear of a registration it lost.
    package static let hearsRevocations = PartyFeatures(rawValue: 64)

    package static let all = PartyFeatures(rawValue: 127)
}

/// What the dealer keeps about an open party.
struct Party {
    let id: PartyID
    /// Who is behind it; parties of one owner may take over each other's registrations.
    let owner: UInt64
    let features: PartyFeatures
    /// The highest invocation id it was sent; they count from 1, per party.
    var issued: UInt64 = 0
    /// Its pending calls and what it is asked right now, each in order of time.
    var asCaller = CallList()
    var asCallee = CallList()
    /// Where its registrations are, in the order in which it made them.
    var registrations: [UInt32] = []
    var lateParts = LateParts()
}

/// The open parties, at places that are used again.
struct PartyTable {
    private var places: [PartyID: UInt32] = [:]
    private var slots: [Party?] = []
    private var free: [UInt32] = []

    var count: Int { places.count }

    func place(of party: PartyID) -> UInt32? { places[party] }

    /// - Returns: `false` when a party of that name is open already.
    mutating func insert(_ party: Party) -> Bool {
        guard places[party.id] == nil else { return false }
        let place: UInt32
        if let last = free.popLast() {
            place = last
            slots[Int(place)] = party
        } else {
            place = UInt32(slots.count)
            slots.append(party)
        }
        places[party.id] = place
        return true
    }

    /// Nobody finds the party any more; its place is its own until ``free(at:)``.
    mutating func retire(at place: UInt32) { places[self[place].id] = nil }

    mutating func free(at place: UInt32) {
        slots[Int(place)] = nil
        free.append(place)
    }

    subscript(place: UInt32) -> Party {
        _read { yield slots[Int(place)]! }
        _modify { yield &slots[Int(place)]! }
    }

    func forEach(_ body: (UInt32, Party) -> Void) {
        for (place, party) in slots.enumerated() {
            if let party { body(UInt32(place), party) }
        }
    }
}
