// SpillPool — the earlier ranges of connections that have more than one in a turn.
//
// Most connections have one range per turn, which stands in their hot line. The others chain the
// earlier ones here; a chain is freed after the reap that follows its flush.

struct SpillPool {
    static let none = UInt32.max

    private struct Link {
        var range: LogRange
        var next: UInt32
    }

    private var links: [Link] = []
    private var free = none

    mutating func add(_ range: LogRange) -> UInt32 {
        if free != Self.none {
            let place = free
            free = links[Int(place)].next
            links[Int(place)] = Link(range: range, next: Self.none)
            return place
        }
        links.append(Link(range: range, next: Self.none))
        return UInt32(links.count - 1)
    }

    mutating func chain(_ last: UInt32, to next: UInt32) { links[Int(last)].next = next }

    func range(at place: UInt32) -> LogRange { links[Int(place)].range }

    func next(after place: UInt32) -> UInt32 { links[Int(place)].next }

    mutating func release(from first: UInt32) {
        var place = first
        while place != Self.none {
            let next = links[Int(place)].next
            links[Int(place)].next = free
            free = place
            place = next
        }
    }
}
