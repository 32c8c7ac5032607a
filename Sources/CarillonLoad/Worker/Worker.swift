// Worker — one thread of the generator: a ring, its share of the clients, and nothing shared but
// the board.
//
// A turn sends what is due, enters the ring once, and handles what came. What came in one enter has
// one time, taken when the enter returned: it was in our hands by then, and how long we take to
// look at it is not the server's doing.

internal import Bytes
internal import CSystem
internal import Glibc
internal import Lockfree
internal import Measurement
internal import Uring
internal import WebSocket

/// The members of one population that a worker has.
struct Group {
    let population: Population
    let place: Int
    let firstSlot: Int
    let count: Int

    // Pacing.

    /// By the clock.
    var isScheduled: Bool {
        if case .open = population.pace { true } else { false }
    }

    /// Whose turn it is, and how many rounds over all members are done.
    var member = 0
    var round = 0
    /// When the next message is due, ns; `nil`: never again.
    var nextDue: UInt64? = 0
    var sentCount = 0
    /// Of a burst that is being sent, where there are bursts.
    var burstLeft = 0
    /// Requesters of a closed loop have sent their first.
    var hasBegun = false
    /// When everybody leaves next.
    var nextStorm = UInt64.max
}

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
    private let eventCounter = EventCounter()

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

    /// Runs until the board says it is over.
    mutating func run() {
        armWakeUp()
        lastProgress = now
        while true {
            let current = board.stage
            if current != stage { enter(current) }
            if current == .finished { break }
            if stage == .running || stage == .draining {
                now = carillon_monotonic_now()
                keepTime()
            }
            wasIdle = runTurn()
            clock.turnEnded(at: now, isIdle: wasIdle && plan.spins)
        }
        finish()
    }

    /// One turn; whether there was nothing to do.
    mutating func runTurn() -> Bool {
        resumeStarved()
        openSome()
        if stage == .running { sendDue() }
        let hasSent = !sends.isEmpty || !unsent.isEmpty
        flush()
        tellFacts()
        _ = ring.enter(timeout: plan.spins ? 0 : sleepTime())
        while ring.unsubmittedCount > 0 { _ = ring.enter(timeout: 0) }
        if plan.isClosedLoop { board.set(.awaitsProgress, of: index, to: 0) }
        now = carillon_monotonic_now()
        turn += 1
        swap(&arena, &flyingArena)
        arena.removeAll()
        var count = handleAll()
        let isIdle = count == 0 && !hasSent
        // An enter brings a score of completions at most, though more are ready.
        while count >= Self.enterShare && count < Self.turnShare && now < earliestDue {
            _ = ring.enter(timeout: 0)
            now = carillon_monotonic_now()
            let more = handleAll()
            if more < Self.enterShare { break }
            count += more
        }
        if now >= nextSweep {
            nextSweep = now + 100_000_000
            sweep()
        }
        return isIdle
    }

    private static let enterShare = 16
    /// Completions of one turn: what is sent in answer to them leaves behind the last.
    private static let turnShare = 1024

    private mutating func handleAll() -> Int {
        completions.removeAll(keepingCapacity: true)
        ring.reap(into: &completions)
        for place in completions.indices { handle(completions[place]) }
        pending.flush(now: now, into: &latency)
        ring.publishBuffers()
        return completions.count
    }

    private mutating func handle(_ completion: Completion) {
        let token = LoadToken(rawValue: completion.token)
        switch token.operation {
        case .receive: received(token, completion)
        case .immediateSend: sendFellShort(token, completion.result)
        case .patientSend: patientSendEnded(token, completion.result)
        case .wakeUp: armWakeUp()
        case .close: closed(token.slot)
        case .cancel, nil: break
        }
    }

    private mutating func armWakeUp() {
        unsafe ring.read(
            board.events[index], into: eventCounter.pointer, token: LoadToken(.wakeUp).rawValue)
    }

    /// How long the ring may sleep, ns.
    private mutating func sleepTime() -> UInt64 {
        guard unsent.isEmpty, starved.isEmpty else { return 0 }
        var next = nextSweep
        if stage == .running {
            for place in groups.indices where groups[place].count > 0 {
                if groups[place].isScheduled, let due = groups[place].nextDue {
                    next = min(next, due)
                }
                next = min(next, groups[place].nextStorm)
            }
            if now < board.warmUpBegin { next = min(next, board.warmUpBegin) }
            if plan.isClosedLoop, plan.workerCount > 1, waitsForOthers() { return 0 }
        }
        next = min(next, clock.intervalEnd)
        let time = carillon_monotonic_now()
        return next > time ? next - time : 0
    }

    /// Says that it sleeps until something is accounted for; `true` when something was meanwhile.
    private mutating func waitsForOthers() -> Bool {
        board.set(.awaitsProgress, of: index, to: 1)
        board.fence()
        for place in groups.indices
        where groups[place].count > 0 && groups[place].population.role == .publisher {
            guard groups[place].nextDue != nil,
                case .closed(let window) = groups[place].population.pace
            else { continue }
            if hasRoom(groups[place].population.sendsBursts ? 1 : window) { return true }
        }
        return false
    }

    private mutating func enter(_ stage: Stage) {
        self.stage = stage
        switch stage {
        case .connecting, .finished: break
        case .running: beginRun()
        case .draining: stopSending()
        }
    }

    /// Lets the others and the conductor see how far this worker is.
    private mutating func tellFacts() {
        board.set(.ready, of: index, to: UInt64(readyCount))
        board.set(.failed, of: index, to: UInt64(failedCount))
        board.set(.expected, of: index, to: expected)
        board.set(.sent, of: index, to: tally.published + tally.requested)
        board.set(.received, of: index, to: tally.delivered + tally.answered)
        board.set(.wrong, of: index, to: wrongCount)
        guard accounted != lastAccounted else { return }
        lastAccounted = accounted
        board.set(.accounted, of: index, to: accounted)
        guard plan.isClosedLoop, plan.workerCount > 1 else { return }
        board.fence()
        for other in 0..<plan.workerCount
        where other != index && board.value(.awaitsProgress, of: other) == 1 {
            board.wake(other)
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
