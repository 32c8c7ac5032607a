// RegistrationTable — from a called procedure to the one registration that answers for it.
//
// The room index finds all patterns that match (one hash probe for exact names, one per existing
// prefix size and wildcard shape, nothing at all for names it remembers); the best of them is the
// one of the highest rank. A registration is alone at its pattern, so its place is the class of the
// pattern's only member list.

internal import Rooms

struct RegistrationTable: ~Copyable {
    private var index: RoomIndex
    private var slots: [Registration?] = []
    private var free: [UInt32] = []
    private var byID: [RegistrationID: UInt32] = [:]
    private var byPattern: [Pattern: UInt32] = [:]
    private var lastID: RegistrationID = 0

    init(limits: IndexLimits) { index = RoomIndex(limits: limits) }

    var count: Int { byID.count }

    /// All ids, oldest first.
    var ids: [RegistrationID] { byID.keys.sorted() }

    func place(of id: RegistrationID) -> UInt32? { byID[id] }

    func place(at pattern: Pattern) -> UInt32? { byPattern[pattern] }

    /// The registration that a call of `procedure` goes to.
    ///
    /// - Complexity: O(matching patterns), and one probe, for a procedure called before.
    mutating func best(for procedure: Room) -> UInt32? {
        guard procedure.segmentCount > 0 else { return nil }
        let lists = index.match(procedure, in: .standard)
        var best: UInt32?
        for position in 0..<lists.count {
            let place = UInt32(index.envelopeClass(of: lists[position]).rawValue)
            if let other = best, self[other].rank > self[place].rank { continue }
            best = place
        }
        return best
    }

    /// Makes a registration that has no callee yet; `pattern` must be free.
    mutating func insert(
        _ pattern: Pattern, policy: InvocationPolicy, now: UInt64
    ) throws(IndexError) -> UInt32 {
        precondition(byPattern[pattern] == nil)
        let place = free.last ?? UInt32(slots.count)
        let entry = try index.add(
            pattern, in: .standard, class: EnvelopeClass(rawValue: UInt64(place)), connection: place
        )
        lastID += 1  // 2⁵³ of them take longer than any process lives
        let details = RegistrationDetails(
            id: lastID, pattern: pattern, policy: policy, created: now)
        let registration = Registration(details: details, entry: entry)
        if free.popLast() != nil {
            slots[Int(place)] = registration
        } else {
            slots.append(registration)
        }
        byID[lastID] = place
        byPattern[pattern] = place
        return place
    }

    mutating func remove(at place: UInt32) {
        let registration = self[place]
        index.remove(registration.entry)
        byID[registration.details.id] = nil
        byPattern[registration.details.pattern] = nil
        slots[Int(place)] = nil
        free.append(place)
    }

    subscript(place: UInt32) -> Registration {
        _read { yield slots[Int(place)]! }
        _modify { yield &slots[Int(place)]! }
    }

    func checkInvariants() {
        index.checkInvariants()
        precondition(index.subscriptionCount == byID.count)
        precondition(byPattern.count == byID.count)
        precondition(slots.count == byID.count + free.count)
        for (id, place) in byID {
            precondition(self[place].details.id == id)
            precondition(byPattern[self[place].details.pattern] == place)
            self[place].checkInvariants()
        }
    }
}
