// Worker — one thread of the generator: a ring, its share of the clients, and nothing shared but
// the board.

internal import Bytes
internal import CSystem
internal import Lockfree
internal import Measurement
internal import Uring
internal import WebSocket

struct Worker: ~Copyable {
    let index: Int
    let plan: LoadPlan
    let board: Board
    let seed: UInt32
    /// The dialect is WAMP; what is asked per message is kept beside.
    let wamp: WAMPSpeech?
    let speaksBinary: Bool
    let speaksBatches: Bool
    /// What only one subscriber's deliveries have, and whether there is such a thing.
    let ownParts: OwnParts
    let hasOwnParts: Bool
    let tell: (WorkerRecord) -> Void

    var ring: Ring
    var completions: [Completion] = []
    var clients: ClientTable
    var checks: SequenceChecks
    var groups: [Group]
    var inflaters = InflaterPool(idleLimit: 16)
    let limits = ReceiverLimits(messageSize: 64 << 20, fragmentCount: 1 << 20)

    // Sending: frames of this turn, those the kernel is reading, and whose they are.
    var arena = OctetBuffer(capacity: 1 << 20)
    var flyingArena = OctetBuffer(capacity: 1 << 20)
    var sends: [Int] = []
    /// Clients whose outbox got something while nothing of it was under way.
    var unsent: [Int] = []
    var message = OctetBuffer(capacity: 4096)
    var scratch = OctetBuffer(capacity: 4096)
    /// WAMP: a payload, and the list of arguments around it.
    var payloadOctets = OctetBuffer(capacity: 4096)
    var argumentOctets = OctetBuffer(capacity: 4096)
    /// What is written now is for the client whose octets are being read, and queued after that.
    var isTaking = false
    /// Whether there was nothing to do in the last turn.
    var wasIdle = false
    var turn: UInt64 = 1
    var maskState: UInt64

    // Connecting.
    var nextToOpen = 0
    var returning = Queue<Int>()
    var openings = Queue<(slot: Int, generation: UInt32)>()
    var inProgress = 0
    /// What clients got in place of the acknowledgement they wait for.
    var heardInstead: [Int: String] = [:]
    /// Where in a message the stamp was found the last time.
    var markHint = 0
    var verified = VerifiedMessages()
    /// The message at hand is text, and its UTF-8 is not checked yet.
    var isUncheckedText = false
    /// Receives that found no buffer.
    var starved: [Int] = []

    // Time and accounts.
    var stage = Stage.connecting
    var now: UInt64
    var clock = RunClock()
    var tally = Tally()
    var latency = LatencyHistogram()
    var pending = PendingLatencies()
    var handshakes = LatencyHistogram()
    var total = LatencyDistribution()
    var problems = ProblemList()
    var expected: UInt64 = 0
    var accounted: UInt64 = 0
    /// Deliveries written off because nothing came for too long.
    var writtenOff: UInt64 = 0
    var lostBeforeReturn: UInt64 = 0
    var wrongCount: UInt64 = 0
    var worstSlip: UInt64 = 0
    /// Nothing will be due any more.
    var isDoneSending = false
    /// When the next message of an open loop is due; receiving does not go on beyond that.
    var earliestDue = UInt64.max
    /// When a message of the measured part came last.
    var lastArrival: UInt64 = 0
    var cpuTime: UInt64 = 0
    var readyCount = 0
    var failedCount = 0
    var nextSweep: UInt64 = 0
    var lastAccounted: UInt64 = 0
    var lastProgress: UInt64 = 0
    var lastProgressCount: UInt64 = 0
    /// The interval that is running; `nil` before the measured part.
    var intervalNumber: Int?

    /// Behind the ring, so that it outlives it.
    let eventCounter = EventCounter()

    /// Makes the ring and the table; on the thread that will run it.
    ///
    /// - Throws: ``SetUpError``: io_uring is refused.
    init(
        index: Int, plan: LoadPlan, board: Board, tell: @escaping (WorkerRecord) -> Void
    ) throws(SetUpError) {
        var members: [(population: Int, number: Int)] = []
        var groups: [Group] = []
        for (place, population) in plan.populations.enumerated() {
            let count = LoadPlan.share(population.count, index, plan.workerCount)
            groups.append(
                Group(
                    population: population, place: place, firstSlot: members.count, count: count))
            for turn in 0..<count { members.append((place, index + turn * plan.workerCount)) }
        }
        var options = RingOptions()
        options.entries = 4096
        options.bufferCount = 256
        options.bufferSize = 32_768
        options.socketCount = UInt32(clamping: max(members.count, 1))
        // Checks: subscribers have one per stream of their room, requesters one.
        let perRoom = max(plan.streams.placesPerRoom, 1)
        var checkBegins: [Int] = []
        var checkCount = 0
        for member in members {
            checkBegins.append(checkCount)
            switch plan.populations[member.population].role {
            case .subscriber: checkCount += perRoom
            case .requester: checkCount += 1
            case .publisher, .visitor, .idler, .callee: break
            }
        }
        guard checkCount <= Int32.max else {
            throw SetUpError("too many streams to check: use fewer rooms or events per connection")
        }
        ring = try Self.makeRing(options)
        clients = ClientTable(plan, members)
        for (slot, begin) in checkBegins.enumerated() {
            unsafe clients.pointer(slot).pointee.checks = Int32(begin)
        }
        checks = SequenceChecks(count: checkCount)
        self.groups = groups
        self.index = index
        self.plan = plan
        self.board = board
        self.tell = tell
        seed = board.seed
        wamp = plan.populations.first?.speech.wamp
        speaksBinary = wamp?.isBinary ?? false
        speaksBatches = wamp?.isBatched ?? false
        ownParts = OwnParts(plan, members)
        hasOwnParts = !ownParts.isEmpty
        maskState = UInt64.random(in: 1 ... .max)
        now = carillon_monotonic_now()
    }

    private static func makeRing(_ options: RingOptions) throws(SetUpError) -> Ring {
        do throws(RingError) { return try Ring(options) } catch {
            throw SetUpError(error.sentence)
        }
    }

    /// A key for one frame. It must differ, not be secret: what it guards against is other
    /// people's proxies, and nobody chooses our payloads.
    @inline(__always)
    mutating func freshMask() -> MaskKey {
        maskState ^= maskState << 13
        maskState ^= maskState >> 7
        maskState ^= maskState << 17
        return MaskKey(bits: UInt32(truncatingIfNeeded: maskState >> 16))
    }
}
