// Nodes — the patterns that somebody holds, 64 octets each.
//
// A node keeps the name of its pattern within itself while ends and octets take at most 32 octets,
// which most do. A glob keeps its text here and its compiled form at its parent.

internal import Bytes

/// One pattern with at least one subscriber.
struct Node: Poolable {
    enum Kind: UInt8 {
        case free
        case exact
        case prefix
        case wildcard
        case glob

        /// What the hash of such a pattern is made for.
        var purpose: OctetHash.Purpose {
            switch self {
            case .free: preconditionFailure("a pattern was removed twice")
            case .exact: .exact
            case .prefix: .prefix
            case .wildcard: .wildcard
            case .glob: .glob
            }
        }
    }

    static let inlineSize = 32

    /// The hash of the pattern; of an exact room its fingerprint.
    var hash: UInt64
    /// Its first member list, or the next free node.
    var firstList: UInt32
    /// The parent record of a glob.
    var parent: UInt32
    /// Of a wildcard, bit i is set when segment i is fixed.
    var fixed: UInt32
    var realm: Realm
    var kind: Kind
    var segmentCount: UInt8
    var size: UInt8
    fileprivate var name = InlineArray<4, UInt64>(repeating: 0)

    init(
        _ kind: Kind, _ hash: UInt64, in realm: Realm, fixed: UInt32 = 0, parent: UInt32 = none
    ) {
        self.kind = kind
        self.hash = hash
        self.realm = realm
        self.fixed = fixed
        self.parent = parent
        firstList = none
        segmentCount = 0
        size = 0
    }

    /// Whether covering publishes find it by values, its own or its parent's.
    var isFoundByValues: Bool {
        switch kind {
        case .exact, .glob: true
        case .wildcard: fixed & 1 == 1
        case .prefix, .free: false
        }
    }

    /// Whether segment `position` has one value.
    func isFixed(_ position: Int) -> Bool { kind == .exact || fixed >> UInt32(position) & 1 == 1 }

    var nextFree: UInt32 {
        get { firstList }
        set { firstList = newValue }
    }

    /// The tag under which it is stored.
    var tag: UInt32 { TagTable.tag(OctetHash.hash(hash, for: kind.purpose, in: realm)) }
}

/// All nodes of one core and their names.
struct Nodes: ~Copyable {
    private var pool = Pool<Node>()

    init() {}

    deinit { for place in 0..<pool.count { unsafe dropName(of: place) } }

    /// Nodes in use and out of use.
    var count: Int { pool.count }

    subscript(place: Int) -> Node {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(pool.pointer(to: place)) }
    }

    subscript(place: UInt32) -> Node {
        @inline(__always) unsafeAddress { unsafe UnsafePointer(pool.pointer(to: Int(place))) }
    }

    /// The name of a node, until nodes are next changed.
    @inline(__always)
    func name(of place: Int) -> Name {
        let node = unsafe pool.pointer(to: place)
        return unsafe NameStore.find(
            in: Self.field(of: node), node.pointee.segmentCount, node.pointee.size,
            inlineSize: Node.inlineSize)
    }

    mutating func setFirstList(of place: UInt32, to list: UInt32) { pool[place].firstList = list }

    /// Keeps a node and a copy of its name.
    mutating func store(_ node: Node, _ name: Name) -> UInt32 {
        var node = node
        node.segmentCount = UInt8(name.segmentCount)
        node.size = UInt8(name.size)
        let place = pool.store(node)
        unsafe NameStore.keep(
            name,
            in: UnsafeMutableRawPointer(mutating: Self.field(of: pool.pointer(to: Int(place)))),
            inlineSize: Node.inlineSize)
        return place
    }

    mutating func free(_ place: UInt32) {
        unsafe dropName(of: Int(place))
        pool[place].kind = .free
        pool.free(place)
    }

    @unsafe
    private func dropName(of place: Int) {
        let node = unsafe pool.pointer(to: place)
        guard unsafe node.pointee.kind != .free else { return }
        unsafe NameStore.drop(
            in: Self.field(of: node), node.pointee.segmentCount, node.pointee.size,
            inlineSize: Node.inlineSize)
    }

    @unsafe
    @inline(__always)
    private static func field(of node: UnsafeMutablePointer<Node>) -> UnsafeRawPointer {
        unsafe UnsafeRawPointer(node) + (MemoryLayout<Node>.size - Node.inlineSize)
    }
}

extension Nodes {
    /// The hash of a segment of an exact room or a wildcard; `nil` where it is open.
    func valueHash(of place: UInt32, at position: Int) -> UInt64? {
        guard self[place].isFixed(position) else { return nil }
        return OctetHash.hash(name(of: Int(place)).segment(position))
    }

    /// Whether a room exists that an exact room or wildcard and the components both have.
    func shares(_ place: UInt32, with components: [[UInt8]?], in realm: Realm) -> Bool {
        let node = self[place]
        let name = name(of: Int(place))
        guard node.realm == realm, name.segmentCount == components.count else { return false }
        for position in components.indices {
            guard let component = components[position], node.isFixed(position) else { continue }
            guard name.segment(position).equals(component.raw) else { return false }
        }
        return true
    }
}
