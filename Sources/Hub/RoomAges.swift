// RoomAges — the rooms that retain something, by the time of their last event.
//
// Apart from the events and not generic like them: what is not generic is compiled for what it
// holds, and a search through all rooms touches names only.

internal import Rooms

/// Rooms at places that are used again, linked from the quietest to the liveliest.
struct RoomAges: Sendable {
    private struct Links: Sendable {
        var quieter = nowhere
        var livelier = nowhere
    }

    /// By place; a room without segments where there is none.
    private var rooms: [Room] = []
    private var links: [Links] = []
    private var free: [Int] = []
    private var places: [Room: Int] = [:]
    private var liveliest = nowhere
    /// The place of the room whose last event is the oldest, or -1.
    private(set) var quietest = nowhere

    var count: Int { places.count }

    func place(of room: Room) -> Int? { places[room] }

    subscript(place: Int) -> Room { rooms[place] }

    /// The place of a room that is not in the list, as the liveliest.
    mutating func insert(_ room: Room) -> Int {
        let place: Int
        if let last = free.popLast() {
            place = last
            rooms[place] = room
        } else {
            place = rooms.count
            rooms.append(room)
            links.append(Links())
        }
        places[room] = place
        link(place)
        return place
    }

    mutating func remove(at place: Int) {
        unlink(place)
        places[rooms[place]] = nil
        rooms[place] = Room()
        free.append(place)
    }

    /// Makes a room the liveliest.
    mutating func touch(_ place: Int) {
        if place == liveliest { return }
        unlink(place)
        link(place)
    }

    /// The places of the rooms in `pattern`, in no particular order.
    func places(in pattern: Pattern) -> [Int] {
        if case .exact(let room) = pattern { return places[room].map { [$0] } ?? [] }
        let names = rooms.span
        var found: [Int] = []
        for place in names.indices
        where names[place].segmentCount > 0 && pattern.covers(names[place]) { found.append(place) }
        return found
    }

    private mutating func link(_ place: Int) {
        links[place] = Links(quieter: liveliest, livelier: nowhere)
        if liveliest == nowhere {
            quietest = place
        } else {
            links[liveliest].livelier = place
        }
        liveliest = place
    }

    private mutating func unlink(_ place: Int) {
        let old = links[place]
        if old.quieter == nowhere {
            quietest = old.livelier
        } else {
            links[old.quieter].livelier = old.livelier
        }
        if old.livelier == nowhere {
            liveliest = old.quieter
        } else {
            links[old.livelier].quieter = old.quieter
        }
    }

    /// All places, from the quietest to the liveliest room, after checking that they are right.
    func checkedPlaces() -> [Int] {
        var found: [Int] = []
        var place = quietest
        var previous = nowhere
        while place != nowhere {
            precondition(links[place].quieter == previous && places[rooms[place]] == place)
            found.append(place)
            previous = place
            place = links[place].livelier
        }
        precondition(previous == liveliest && found.count == count)
        precondition(rooms.count == count + free.count && links.count == rooms.count)
        return found
    }
}

/// Where no room is.
private let nowhere = -1
