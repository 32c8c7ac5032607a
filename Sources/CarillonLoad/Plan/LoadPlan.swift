// LoadPlan — everything a run will do, decided before the first connection.
//
// Every scenario is a few populations with roles; the workers know nothing else. Worker w of k has
// every k-th member of each population, in whichever process it lives.

/// What members of a population do.
enum Role: UInt8, Sendable {
    /// Subscribes to its room and checks what comes.
    case subscriber
    /// Publishes by its population's pace.
    case publisher
    /// Sends requests and checks the answers.
    case requester
    /// Connects, leaves, and comes again.
    case visitor
    /// Connects and is silent.
    case idler
    /// Registers the procedure that requesters call, and answers with what it gets (WAMP).
    case callee
}

/// Which events of its room a subscriber asks for.
struct Coverage: Sendable, Equatable {
    /// The text of the pattern.
    let pattern: String
    /// The events it matches, one bit each.
    let events: UInt64
    /// The same for WAMP; `nil`: the room's own topic.
    var topics: TopicPattern?

    static let everything = Coverage(pattern: "*", events: .max)
}

/// Clients that do the same.
struct Population: Sendable {
    var name: String
    var role: Role
    var count: Int
    var speech: Speech
    /// For publishers, requesters and visitors.
    var pace = Pace.closed(window: 1)
    /// Publishers fill a window at once, when all that was in it has arrived.
    var sendsBursts = false
    /// Octets of a payload.
    var payloadSize = 128
    /// What subscribers ask for, in turn.
    var coverages = [Coverage.everything]
    /// Of this many members none reads, once it has subscribed.
    var stuckCount = 0
    /// Every so many ns everybody leaves and returns; 0: never.
    var stormInterval: UInt64 = 0
    /// The share of members that takes part.
    var stormShare = 1.0
    /// Stops when so many messages are sent; `nil`: at the end of the run.
    var messageLimit: Int?
    var offersDeflate = false
    /// Answers come in the order of the requests.
    var isOrdered = true

    // Filled in when the plan is made.

    /// Among the populations of publishers.
    var publisherPlace = 0
    /// The stream of the first requester.
    var streamBase = 0
    /// Number of the first member among all clients of the run.
    var firstClient = 0
    /// Messages to its members that are this long hold a payload.
    var expectedSize = 128
}

/// A run.
struct LoadPlan: Sendable {
    var scenario: String
    var target: Target
    var populations: [Population]
    var streams: StreamMap
    /// Rooms that subscriptions name; more than `streams` has when a publication covers all.
    var subscribedRoomCount: Int

    var warmUp: UInt64 = 1_000_000_000
    var duration: UInt64 = 10_000_000_000
    var interval: UInt64 = 1_000_000_000
    /// How long an answer, a delivery or a handshake may take, ns.
    var patience: UInt64 = 5_000_000_000
    /// Later than this a message counts as slipped, ns.
    var slipTolerance: UInt64 = 1_000_000

    var threadCount = 1
    var processCount = 1
    var cpus: [Int] = []
    var spins = false
    /// Local addresses to connect from, in turn; empty: the kernel's choice.
    var sources: [String] = []
    /// Handshakes under way at once, per worker.
    var connectWindow = 128

    var workerCount: Int { threadCount * processCount }

    /// Makes the plan, numbering streams and clients.
    ///
    /// - Parameter isCovering: Every publication reaches all rooms, so that they are one to the
    ///   checks.
    init(
        scenario: String, target: Target, populations: [Population], roomCount: Int,
        eventCount: Int = 1, isCovering: Bool = false
    ) {
        self.scenario = scenario
        self.target = target
        subscribedRoomCount = roomCount
        streams = StreamMap(roomCount: isCovering ? 1 : roomCount, eventCount: eventCount)
        var populations = populations
        var clientCount = 0
        for place in populations.indices {
            populations[place].firstClient = clientCount
            clientCount += populations[place].count
            switch populations[place].role {
            case .publisher:
                populations[place].publisherPlace = streams.addPublishers(populations[place].count)
            case .requester:
                populations[place].streamBase = streams.addRequesters(populations[place].count)
            case .subscriber, .visitor, .idler, .callee: break
            }
        }
        // Whatever is as long as the smallest payload under way must hold one.
        let smallest = populations.filter { $0.role == .publisher }.map(\.payloadSize).min()
        for place in populations.indices {
            populations[place].expectedSize =
                populations[place].role == .subscriber
                ? smallest ?? Stamp.size : populations[place].payloadSize
        }
        self.populations = populations
        audience = meanAudience()
        isClosedLoop = populations.contains {
            if case .closed = $0.pace { $0.role == .publisher } else { false }
        }
    }

    var clientCount: Int { populations.reduce(0) { $0 + $1.count } }

    /// Clients of worker `index`.
    func clientCount(of index: Int) -> Int {
        populations.reduce(0) { $0 + Self.share($1.count, index, workerCount) }
    }

    /// How many of `count` members fall to worker `index` of `workers`.
    static func share(_ count: Int, _ index: Int, _ workers: Int) -> Int {
        (count - index + workers - 1) / workers
    }

    /// Subscribers per publication, on average: what a window counts in.
    private(set) var audience = 1.0

    private func meanAudience() -> Double {
        var audience = 0.0
        for population in populations where population.role == .subscriber {
            for number in 0..<min(population.count, 4096) {
                let coverage = population.coverages[number % population.coverages.count]
                let mask =
                    streams.eventCount >= 64 ? .max : (UInt64(1) << UInt64(streams.eventCount)) - 1
                audience +=
                    Double((coverage.events & mask).nonzeroBitCount)
                    * (Double(population.count) / Double(min(population.count, 4096)))
            }
            audience -= Double(population.stuckCount)
        }
        return max(1, audience / Double(streams.flatCount))
    }

    var hasSenders: Bool {
        populations.contains {
            $0.role == .publisher || $0.role == .requester || $0.role == .visitor
        }
    }

    /// Publishers wait for deliveries.
    private(set) var isClosedLoop = false
}
