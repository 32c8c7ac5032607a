// GroupList — which groups one connection is a member of.
//
// Hundreds of thousands of connections hold one or two groups each, so the list is one run of
// octets: a size and a name for each. It is there to count them; the engine has the members.

/// Names of groups, without duplicates.
internal struct GroupList {
    /// Largest name, in octets: what one octet can count, and a room's limit.
    static let nameLimit = 255

    private var octets: [UInt8] = []
    private(set) var count = 0

    /// - Complexity: O(octets), as for the others.
    func contains(_ name: [UInt8]) -> Bool { place(of: name) != nil }

    /// Adds a name that the list does not contain.
    mutating func insert(_ name: [UInt8]) {
        precondition(name.count <= Self.nameLimit)
        octets.append(UInt8(name.count))
        octets.append(contentsOf: name)
        count += 1
    }

    /// Removes a name, if it is there.
    mutating func remove(_ name: [UInt8]) {
        guard let start = place(of: name) else { return }
        octets.removeSubrange(start...start + name.count)
        count -= 1
        if count == 0 { octets = [] }
    }

    private func place(of name: [UInt8]) -> Int? {
        var start = 0
        while start < octets.count {
            let size = Int(octets[start])
            if size == name.count, octets[start + 1...start + size].elementsEqual(name) {
                return start
            }
            start += 1 + size
        }
        return nil
    }
}
