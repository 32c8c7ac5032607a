// Shapes — which hash probes a room needs to find the wildcards and prefixes that match it.
//
// All wildcard patterns of one length that fix the same positions have one shape, and all prefixes
// of one size; whoever shares a shape is found by one probe, made of the parts the shape fixes.
// Thousands of patterns usually have a handful of shapes, so finding costs a handful of probes.

/// What exists in one realm, counted by nodes.
struct Shapes {
    struct Wildcard: Hashable {
        /// Bit i is set when segment i is fixed.
        var fixed: UInt32
        var nodeCount: Int
    }

    struct Prefix: Hashable {
        /// Octets.
        var size: Int
        var nodeCount: Int
    }

    /// By number of segments, as far as there are any.
    fileprivate var wildcards: [[Wildcard]] = []
    private(set) var prefixes: [Prefix] = []

    func wildcards(of count: Int) -> [Wildcard] { count < wildcards.count ? wildcards[count] : [] }

    /// Whether one more shape would be needed for `fixed`, and there is no room for it.
    func refuses(_ fixed: UInt32, count: Int, limit: Int) -> Bool {
        let shapes = wildcards(of: count)
        return shapes.count >= limit && !shapes.contains { $0.fixed == fixed }
    }

    mutating func add(wildcard fixed: UInt32, count: Int) {
        while wildcards.count <= count { wildcards.append([]) }
        if let index = wildcards[count].firstIndex(where: { $0.fixed == fixed }) {
            wildcards[count][index].nodeCount += 1
        } else {
            wildcards[count].append(Wildcard(fixed: fixed, nodeCount: 1))
        }
    }

    mutating func remove(wildcard fixed: UInt32, count: Int) {
        guard let index = wildcards(of: count).firstIndex(where: { $0.fixed == fixed }) else {
            preconditionFailure("a shape was removed that was never added")
        }
        wildcards[count][index].nodeCount -= 1
        if wildcards[count][index].nodeCount == 0 { wildcards[count].remove(at: index) }
    }

    mutating func add(prefix size: Int) {
        if let index = prefixes.firstIndex(where: { $0.size == size }) {
            prefixes[index].nodeCount += 1
        } else {
            prefixes.append(Prefix(size: size, nodeCount: 1))
        }
    }

    mutating func remove(prefix size: Int) {
        guard let index = prefixes.firstIndex(where: { $0.size == size }) else {
            preconditionFailure("a prefix size was removed that was never added")
        }
        prefixes[index].nodeCount -= 1
        if prefixes[index].nodeCount == 0 { prefixes.remove(at: index) }
    }

    /// The set of fixed positions of a pattern of at most 32 components.
    static func fixed(in components: [[UInt8]?]) -> UInt32 {
        var fixed: UInt32 = 0
        for index in components.indices where components[index] != nil { fixed |= 1 << index }
        return fixed
    }
}

/// The shapes of all realms.
struct ShapesByRealm {
    /// By number of realm, up to the highest that ever had any.
    private var shapes: [Shapes] = []

    var count: Int { shapes.count }

    subscript(realm: Realm) -> Shapes {
        let place = Int(realm.rawValue)
        return place < shapes.count ? shapes[place] : Shapes()
    }

    // Read in place: handing out the arrays would retain them for every room that is looked up.

    /// Shapes of wildcards of `count` segments.
    func wildcardCount(_ realm: Realm, _ count: Int) -> Int {
        let place = Int(realm.rawValue)
        guard place < shapes.count, count < shapes[place].wildcards.count else { return 0 }
        return shapes[place].wildcards[count].count
    }

    /// The fixed positions of one of them.
    func wildcard(_ realm: Realm, _ count: Int, _ index: Int) -> UInt32 {
        shapes[Int(realm.rawValue)].wildcards[count][index].fixed
    }

    /// Sizes of prefixes.
    func prefixCount(_ realm: Realm) -> Int {
        let place = Int(realm.rawValue)
        return place < shapes.count ? shapes[place].prefixes.count : 0
    }

    /// One of them, in octets.
    func prefix(_ realm: Realm, _ index: Int) -> Int {
        shapes[Int(realm.rawValue)].prefixes[index].size
    }

    mutating func update(_ realm: Realm, _ body: (inout Shapes) -> Void) {
        while shapes.count <= Int(realm.rawValue) { shapes.append(Shapes()) }
        body(&shapes[Int(realm.rawValue)])
    }
}
