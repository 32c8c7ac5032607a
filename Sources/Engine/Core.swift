// Core — one thread's world: its ring, its connections, its part of the index.
//
// A value owned by its thread; nothing in it is shared, so nothing in it is locked. The files
// `Core+….swift` hold one facet each, in the order of a publication's way through: Turn, Listeners,
// Accept, Handshakes, Receive, Input, HTTP, Upgrade, Context, Frames, Commands, FanOut, Deliver,
// Send, Flush, Gather; then Close, Shed, Finish, Depart, Time and Mail.

import Bytes
import DialectKit
import HTTP1
import Rooms
import Synchronization
import Telemetry
import Uring
import WebSocket

/// One core. `Kernel` is the ring, or its simulation in tests.
struct Core<Kernel: Driver & ~Copyable>: ~Copyable {
    var kernel: Kernel
    let index: Int
    let state: EngineState
    let limits: Limits
    /// Where paths and subprotocols lead to.
    let routes: RouteTable
    /// Dialects by their id.
    let dialects: [(any Dialect)?]
    /// What bare streams are framed with; ``WireForm/stream(_:)`` has the place.
    let framings: [any StreamFraming]
    /// What receivers keep to, by route.
    let receiverLimits: [ReceiverLimits]
    let metrics: CoreMetrics
    /// By dialect, for those who ask the registry.
    let deliveryCounts: DeliveryCounts
    var now: UInt64

    // Connections.
    var table: ConnectionTable
    var wheel: TimingWheel
    var listeners: [Listener]
    var handshakeCount = 0
    /// Clients in the order in which they came; some of them are done.
    var handshakes = Queue<ConnectionID>()
    var acceptPausedUntil: UInt64 = 0
    var isAcceptPaused = false

    // Rooms.
    var rooms: RoomIndex
    var interest: CoreInterest
    var tails = TailTable()
    var stamp: UInt32 = 0

    // Sending.
    var store = SegmentStore()
    /// Replies, pongs, HTTP answers: frames for one connection each.
    var privateLog = PublicationLog()
    /// What was copied together for this turn's sends.
    var joinedLog = PublicationLog()
    var hasJoined = false
    /// One log per dialect and wire form; see `lane(dialect:wire:)`.
    var logs: [PublicationLog]
    var touchedLogs: [Int] = []
    var mark: FlushMark?
    /// Octets appended to logs since the last time everything was flushed.
    var unflushedOctets = 0
    /// Slots with queued octets, in the order in which they became so.
    var dirty = SlotQueue(capacity: 256)
    var pace = Pace()
    /// Slots with octets of their own that need not wait for a fan-out of several slices.
    var prompt: [UInt32] = []
    var spill = SpillPool()
    var spilledSlots: [UInt32] = []
    /// Their send failed for good; they end when the reap is over.
    var broken: [ConnectionID] = []
    var gather: GatherArena
    var overflowing: [UInt32] = []
    /// Those for whom one turn had too much, while it may still leave.
    var excessive: [ConnectionID] = []
    /// Their queues were given up for memory; they are closed after the pass.
    var givenUp: [UInt32] = []
    /// Octets that backlogs hold, with what the kernel may hold for their connections; and how many
    /// of the process's limit this core has taken for that.
    var heldOctets = 0
    var heldShare = 0
    /// The same for input that cannot be used yet; a part of that limit is every core's own.
    var inputOctets = 0
    var inputShare = 0
    let inputReserve: Int
    /// Who goes first when there is no room for it, the last one first of all.
    var inputHolders: [InputHolder] = []
    /// How often all connections were looked at for those that hold input.
    var inputLookCount = 0
    var finishing: [ConnectionID] = []
    /// Those that leave their subscriptions in slices, the first to come first; and what was left
    /// in one go in turn `leaveTurn`.
    var departing: [ConnectionID] = []
    var leaveTurn: UInt64 = 0
    var leftCount = 0
    var encoded: [EncodedForm] = []
    /// Whom the publication at hand is deflated for.
    var deflated = DeflatedLists()
    /// Publications that are not queued yet, and what the one at hand adds to them.
    var postponed = PostponedRun()
    var planned: [Delivery] = []
    /// Octets of the messages written for the publication at hand.
    var writtenSize = 0
    /// Octets given to the kernel since the last reap, less what it did not take.
    var sentOctets = 0
    var figures = DriverFigures()
    /// When each publication of the running flush entered.
    var entered: [UInt64] = []

    // Receiving.
    var completions: [Completion] = []
    var firstCompletion = 0
    var runnable: [ConnectionID] = []
    var starved: [ConnectionID] = []
    var recycledCount = 0
    var inflaters = InflaterPool()
    var deflaters: DeflaterTable

    // Buffers used again for every message, and for every request.
    var spareHead: RequestHead?
    var commands: Commands? = Commands()
    /// When calls may be due that connections of this core asked the dealers.
    var dealerAlarm: UInt64 = .max
    /// A dealer was asked in this turn; its answers may wait in our own mailbox.
    var hasAskedDealer = false
    var message = OctetBuffer(capacity: 4096)
    var packed = OctetBuffer(capacity: 4096)
    var tailedFrames = TailedFrames()
    var expired: [UInt32] = []
    /// Those before this place are done.
    var firstExpired = 0
    var mail: [Mail] = []
    /// Mail before this place has been read.
    var firstMail = 0

    // Reports, by the raw value of the limit.
    var reportTimes = [UInt64](repeating: 0, count: LimitName.allCases.count)
    var reportCounts = [Int](repeating: 0, count: LimitName.allCases.count)
    var peerQuestions: [UInt32: PeerQuestion] = [:]
    var lastQuestion: UInt32 = 0
    /// What is being delivered of what was held, the whole of it; else empty.
    var heldMessage: [UInt8] = []

    /// Counts turns, for shares that hold per turn.
    var turnNumber: UInt64 = 0
    /// When the last turn ended, ns.
    var turnEnd: UInt64 = 0
    /// When the clock was last looked at for the connections.
    var lastTick: UInt64 = 0
    var drain: DrainPlan?
    /// What clients are told when they have to go.
    var farewell = Farewell.goingAway
    /// Behind the deadline: clients in slots before this one have been dropped.
    var firstUndrained = 0
    /// Why sessions close connections at the moment.
    var closeCause = CloseReason.asked
    var isStopping = false

    /// How long the clock may wait for work, ns.
    static var tickPatience: UInt64 { 500_000_000 }

    /// How long a turn may work before it flushes and looks again, ns. Octets alone do not bound
    /// it: what matches nobody, or is expensive to match, appends none.
    static var turnTime: UInt64 { 4_000_000 }

    /// Octets of messages that are written for one publication before anybody looks who takes more.
    static var freelyWrittenSize: Int { 1 << 20 }

    /// Connections that are closed, or whose deadlines pass, in one turn: some 25 µs each, most of
    /// it in the kernel.
    static var closeSlice: Int { 128 }

    /// How long a stopped core waits for peers, ns.
    static var stopTime: UInt64 { 200_000_000 }

    /// Octets that may wait in logs before input has to wait for the flush.
    static var unflushedLimit: Int { 262_144 }

    /// Completions carried out that may stand in front of those that are not.
    static var spentLimit: Int { 8192 }

    init(
        kernel: consuming Kernel, index: Int, state: EngineState, listeners: [Listener]
    ) {
        let now = kernel.now
        let capacity = min(kernel.socketLimit, (1 << 24) - 1)
        self.kernel = kernel
        self.index = index
        self.state = state
        self.listeners = listeners
        let acceptingCount = listeners.count { $0.role.isForClients }
        state.acceptingCount.wrappingAdd(acceptingCount, ordering: .relaxed)
        self.now = now
        limits = state.settings.limits
        inputReserve = state.settings.limits.processReceiveQueueSize / (2 * state.coreCount)
        metrics = state.metrics[index]
        table = ConnectionTable(core: index, capacity: capacity)
        wheel = TimingWheel(capacity: capacity, now: now)
        rooms = RoomIndex(limits: state.settings.index)
        interest = CoreInterest(state.interest, core: index)
        let forms = state.settings.routes.map { ($0.dialectID, $0.dialect) } + state.settings.forms
        let dialectCount = 1 + (forms.map { Int($0.0.rawValue) }.max() ?? 0)
        logs = Array(repeating: PublicationLog(), count: dialectCount * WireForm.count)
        gather = GatherArena(count: max(state.settings.flushSlice, 64))
        deflaters = DeflaterTable()
        let limits = state.settings.limits
        var dialects: [(any Dialect)?] = Array(repeating: nil, count: dialectCount)
        var receiverLimits: [ReceiverLimits] = []
        for (id, dialect) in forms { dialects[Int(id.rawValue)] = dialect }
        for route in state.settings.routes {
            receiverLimits.append(
                ReceiverLimits(
                    messageSize: route.messageSize ?? limits.messageSize,
                    fragmentCount: route.fragmentCount ?? limits.fragmentCount,
                    inflatedPerStep: limits.inflatedPerTurn))
        }
        routes = RouteTable(state.settings.routes)
        // Not asked of the field: reading one before all are set makes the assignments behind it
        // release what was never there (Swift 6.3.1, noncopyable struct).
        precondition(state.settings.framings.count <= WireForm.streamLimit)
        framings = state.settings.framings
        self.dialects = dialects
        self.receiverLimits = receiverLimits
        deliveryCounts = state.registry.deliveries[index]
    }
}
