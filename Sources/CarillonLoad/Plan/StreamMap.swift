// StreamMap — which messages a subscriber is owed.
//
// A stream is what one publisher sends to one room, numbered without gaps. With fewer publishers
// than rooms every room has one publisher, and its stream is named after the room; with more,
// every publisher has one room, and its stream is named after the publisher. Requests are streams
// as well: one per connection, behind those of the publishers.

/// Names streams. Rooms are flat here: room r and event e are number r × events + e.
struct StreamMap: Sendable, Equatable {
    /// The streams of one population of publishers.
    struct Publishers: Sendable, Equatable {
        let base: Int
        let count: Int
    }

    let roomCount: Int
    let eventCount: Int
    private(set) var publishers: [Publishers] = []
    private(set) var requesterBases: [Int] = []
    /// Streams in all.
    private(set) var count = 0

    init(roomCount: Int, eventCount: Int) {
        self.roomCount = roomCount
        self.eventCount = eventCount
    }

    var flatCount: Int { roomCount * eventCount }

    /// Adds a population of publishers; returns its place.
    mutating func addPublishers(_ number: Int) -> Int {
        publishers.append(Publishers(base: count, count: number))
        count += max(number, flatCount)
        return publishers.count - 1
    }

    /// Adds a population of requesters; returns the first one's stream.
    mutating func addRequesters(_ number: Int) -> Int {
        let base = count
        requesterBases.append(base)
        count += number
        return base
    }

    /// How many streams `publisher` of population `place` has.
    func streamCount(of publisher: Int, in place: Int) -> Int {
        let count = publishers[place].count
        guard count <= flatCount else { return 1 }
        return (flatCount - publisher + count - 1) / count
    }

    /// Its stream number `index`, and the flat room it goes to.
    func stream(_ index: Int, of publisher: Int, in place: Int) -> (stream: Int, flatRoom: Int) {
        let population = publishers[place]
        guard population.count <= flatCount else {
            return (population.base + publisher, publisher % flatCount)
        }
        let flatRoom = publisher + index * population.count
        return (population.base + flatRoom, flatRoom)
    }

    /// Streams per event of a room, over all populations of publishers.
    private func streamsPerRoom(_ population: Publishers) -> Int {
        population.count <= flatCount ? 1 : (population.count + flatCount - 1) / flatCount
    }

    /// Places that a subscriber of one room needs for its streams.
    var placesPerRoom: Int {
        publishers.reduce(0) { $0 + eventCount * streamsPerRoom($1) }
    }

    /// The place of `stream` among those of room `room`, and its event; `nil` when it goes to
    /// another room or to nobody.
    @inline(__always)
    func place(of stream: Int, inRoom room: Int) -> (place: Int, event: Int)? {
        var offset = 0
        for population in publishers {
            let each = streamsPerRoom(population)
            let local = stream - population.base
            if local >= 0 && local < max(population.count, flatCount) {
                let isOwned = population.count > flatCount
                let flatRoom = isOwned ? local % flatCount : local
                let event = flatRoom - room * eventCount
                guard event >= 0 && event < eventCount else { return nil }
                return (offset + event * each + (isOwned ? local / flatCount : 0), event)
            }
            offset += eventCount * each
        }
        return nil
    }

    /// The streams of event `event` of room `room`, with their places.
    func streams(ofRoom room: Int, event: Int) -> [(place: Int, stream: Int)] {
        var found: [(place: Int, stream: Int)] = []
        let flatRoom = room * eventCount + event
        var offset = 0
        for population in publishers {
            let each = streamsPerRoom(population)
            if population.count <= flatCount {
                found.append((offset + event, population.base + flatRoom))
            } else {
                for turn in 0..<each where flatRoom + turn * flatCount < population.count {
                    let stream = population.base + flatRoom + turn * flatCount
                    found.append((offset + event * each + turn, stream))
                }
            }
            offset += eventCount * each
        }
        return found
    }
}
