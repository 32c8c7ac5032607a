// GroupList — which groups one connection is a member of.
//
// Hundreds of thousands of connections hold one or two groups each, so the list is one run of
// octets: a size and a name for each. Of many it is a set, or whoever has thousands would have each
// of its requests compared with all of them. It is there to count them; the engine has the members.

/// Names of groups, without duplicates.
internal struct GroupList {
    /// Largest name, in octets: what one octet can count, and a room's limit.
    static let nameLimit = 255
    /// Names up to which a search in sequence is cheaper than hashing.
    private static let runLimit = 16

    private enum Store {
        case run([UInt8])
        case set(Set<[UInt8]>)
    }

    private var store = Store.run([])
    private(set) var count = 0

    func contains(_ name: [UInt8]) -> Bool {
        switch store {
        case .run(let octets): Self.place(of: name, in: octets) != nil
        case .set(let names): names.contains(name)
        }
    }

    // Below, what is stored is taken out before it is changed, or it would be copied.

    /// Adds a name that the list does not contain.
    mutating func insert(_ name: [UInt8]) {
        precondition(name.count <= Self.nameLimit)
        switch store {
        case .run(var octets) where count < Self.runLimit:
            store = .run([])
            octets.append(UInt8(name.count))
            octets.append(contentsOf: name)
            store = .run(octets)
        case .run(let octets):
            var names = Set(Self.names(in: octets))
            names.insert(name)
            store = .set(names)
        case .set(var names):
            store = .run([])
            names.insert(name)
            store = .set(names)
        }
        count += 1
    }

    /// Removes a name, if it is there.
    mutating func remove(_ name: [UInt8]) {
        switch store {
        case .run(var octets):
            guard let start = Self.place(of: name, in: octets) else { return }
            store = .run([])
            octets.removeSubrange(start...start + name.count)
            store = .run(octets)
        case .set(var names):
            store = .run([])
            let isRemoved = names.remove(name) != nil
            store = .set(names)
            guard isRemoved else { return }
        }
        count -= 1
        if count == 0 { store = .run([]) }
    }

    private static func place(of name: [UInt8], in octets: [UInt8]) -> Int? {
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

    private static func names(in octets: [UInt8]) -> [[UInt8]] {
        var names: [[UInt8]] = []
        var start = 0
        while start < octets.count {
            let end = start + 1 + Int(octets[start])
            names.append(Array(octets[start + 1..<end]))
            start = end
        }
        return names
    }
}
