// Connection — everything of a connection that a delivery does not touch.
//
// Lives and dies on the core that accepted it; only that core's thread reads it. Most connections
// are idle most of the time, so here stands what every open one needs, in the order that wastes no
// padding; what few have at a time is a `RareState`, made when first needed.

import Bytes
import DialectKit
import HTTP1
import Rooms
import Uring
import WebSocket

final class Connection {
    /// Where a connection stands. It only moves down the list, but for one that has departed: that
    /// is open again, if only to end.
    enum Phase: UInt8, Comparable {
        case http  // reading requests, or the handshake of a stream
        case open  // a WebSocket, or a stream of another framing
        case departing  // leaves its subscriptions in slices; everything else of it waits
        case closing  // our close frame is queued, theirs is awaited (RFC 6455 §7.1.2)
        case finishing  // what is queued still leaves, then FIN
        case lingering  // FIN sent; what comes is discarded, so that no RST erases our last words
        case ending  // waits for the terminal completions of what is in flight
        case closed  // its slot belongs to somebody else

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    let id: ConnectionID
    let socket: SocketHandle
    var phase = Phase.http
    private var role: UInt8 = 0
    /// As its listener says (``Listener/peerAddressSize``).
    var peerAddressSize = 16 as UInt8

    // What is in flight (at most one each).
    var isReceiving = false
    var isSending = false

    // Flow of input.
    var isPeerFinished = false  // their FIN has come
    var isPaused = false  // the receive was cancelled because too much is parked or queued
    var isStarved = false  // waits for receive buffers
    var isRunnable = false  // waits for its next turn with parked octets
    var awaitsAnswer = false  // before the next message
    private(set) var awaitsCall = false
    var waitsForTick = false  // because it sends too much, or the cores do
    var awaitsGate = false  // before the message that its gate is asked about
    /// Reasons that are ended each by its own event: the clock must not release what awaits an
    /// answer, nor the answer to one call what awaits that to another.
    var holdsInput: Bool { awaitsAnswer || awaitsCall || waitsForTick || awaitsGate }
    /// Before its next message.
    var awaitsReply: Bool { awaitsAnswer || awaitsCall || awaitsGate }
    /// Its close frame has come; calls do not hold it any more.
    var isLeaving = false

    /// Shutdowns under way. The kernel leaves them to a worker thread, which looks the socket up by
    /// its place in the table only then: closed meanwhile, that place may be somebody else's.
    var shutdownCount = 0 as UInt8

    /// Some of its input may be kept. Who keeps none, as nearly all do, pays a look at this.
    var mayHoldInput = false

    var isPongAwaited = false
    /// Counted among the handshakes in progress.
    var isShakingHands = true
    /// Its realm's dealer knows it, as a party of the engine's making.
    var isParty = false
    var wire = WireForm.plain

    // Those of its route, unless its session joins others.
    var dialect = DialectID(rawValue: 0)
    var realm = Realm.standard
    private var routePlace: Int32 = -1

    /// What it has used of turn `shareTurn`, whose low half is enough to tell it from the one
    /// before: frames, and octets that were inflated.
    var shareTurn: UInt32 = 0
    var frameCount: UInt32 = 0
    var inflatedSize: UInt32 = 0

    // Time (core clock, ns).
    var lastReceived: UInt64
    var phaseDeadline: UInt64 = 0

    /// Safety: only its core's thread comes here, and a receiver calls nothing that does. The
    /// runtime's watch over overlapping accesses cost 90 instructions for each call.
    @exclusivity(unchecked)
    var receiver: Receiver?
    var session: (any Session)?
    /// What a stream has in place of `receiver`.
    var stream: StreamState?
    var subscriptions: SubscriptionSet?

    var backlog: Backlog?
    private var rare: RareState?

    init(id: ConnectionID, socket: SocketHandle, now: UInt64) {
        self.id = id
        self.socket = socket
        lastReceived = now
    }

    var slot: Int { id.slot }
    /// There is a receiver.
    var isReadingFrames: Bool { unsafe receiver != nil }
    /// A part of a message that goes on is kept.
    var isHoldingMessage: Bool {
        switch unsafe receiver {
        case .some(let receiver): receiver.isHolding
        case nil: false
        }
    }
    /// Nothing that names its socket is in the kernel's hands, so the socket can be closed.
    var isQuiet: Bool { !isReceiving && !isSending && shutdownCount == 0 }

    var route: Int {
        get { Int(routePlace) }
        set { routePlace = Int32(newValue) }
    }

    var listener: ListenerRole {
        get {
            switch role {
            case 0: .main
            case 1: .control
            default: .stream(Int(role) - 2)
            }
        }
        set {
            switch newValue {
            case .main: role = 0
            case .control: role = 1
            case .stream(let place): role = UInt8(2 + place)
            }
        }
    }
}

// MARK: what few have

/// The part of a connection that is there only while somebody needs it.
private final class RareState {
    var host: String?
    var awaitedCalls: [CallToken] = []
    var held: HeldMessages?
    var parked: OctetBuffer?
    var gated: GatedConnection?
    var sessionDeadline: UInt64 = 0
    var errorCount: UInt32 = 0
    var errorWindow: UInt32 = 0  // s
    var allowance = Allowance()
    var waitingPong: [UInt8]?
    var drainTime = UInt64.max  // .max for never: a word less than an optional
    var exchange: Exchange?
    var opening: Opening?
    var departure: Departure?
    var callAccount: CallAccount?

    /// What is left of it when a request has become a WebSocket can be dropped.
    var isEmptyAfterOpening: Bool {
        parked == nil && host == nil && held == nil && gated == nil && exchange == nil
            && opening == nil && drainTime == .max && sessionDeadline == 0 && errorCount == 0
    }
}

extension Connection {
    private func makeRare() -> RareState {
        if let rare { return rare }
        let fresh = RareState()
        rare = fresh
        return fresh
    }

    /// The opening is over: what it alone needed goes.
    func trim() {
        if rare?.isEmptyAfterOpening == true { rare = nil }
    }

    /// The peer's host, where connections per address are counted.
    var host: String? {
        get { rare?.host }
        set { makeRare().host = newValue }
    }

    /// Calls that its later messages wait for.
    var awaitedCalls: [CallToken] {
        get { rare?.awaitedCalls ?? [] }
        set {
            awaitsCall = !newValue.isEmpty
            if awaitsCall || rare != nil { makeRare().awaitedCalls = newValue }
        }
    }

    /// What its calls hold; there from the first of them on.
    var callAccount: CallAccount? {
        get { rare?.callAccount }
        set { makeRare().callAccount = newValue }
    }

    /// Messages that came while one before them waits.
    var held: HeldMessages? {
        get { rare?.held }
        set {
            if newValue != nil { mayHoldInput = true }
            if newValue != nil || rare != nil { makeRare().held = newValue }
        }
    }

    /// What holds its session to a gate's word.
    var gated: GatedConnection? {
        get { rare?.gated }
        set { if newValue != nil || rare != nil { makeRare().gated = newValue } }
    }

    /// When its session wants to be called; 0 for never.
    var sessionDeadline: UInt64 {
        get { rare?.sessionDeadline ?? 0 }
        set { if newValue != 0 || rare != nil { makeRare().sessionDeadline = newValue } }
    }

    /// Error replies since `errorWindow`, when the running minute began.
    var errorCount: Int {
        get { Int(rare?.errorCount ?? 0) }
        set { makeRare().errorCount = UInt32(clamping: newValue) }
    }

    var errorWindow: UInt64 {
        get { UInt64(rare?.errorWindow ?? 0) * 1_000_000_000 }
        set { makeRare().errorWindow = UInt32(clamping: newValue / 1_000_000_000) }
    }

    var allowance: Allowance {
        get { rare?.allowance ?? Allowance() }
        set { makeRare().allowance = newValue }
    }

    /// The newest ping not answered because the queue is backlogged.
    var waitingPong: [UInt8]? {
        get { rare?.waitingPong }
        set { if newValue != nil || rare != nil { makeRare().waitingPong = newValue } }
    }

    /// When a drain closes it.
    var drainTime: UInt64? {
        get {
            guard let rare, rare.drainTime != .max else { return nil }
            return rare.drainTime
        }
        set { if newValue != nil || rare != nil { makeRare().drainTime = newValue ?? .max } }
    }

    /// What it leaves, while it departs.
    var departure: Departure? {
        get { rare?.departure }
        set { if newValue != nil || rare != nil { makeRare().departure = newValue } }
    }

    /// A request that is not complete or not answered.
    var exchange: Exchange? {
        get { rare?.exchange }
        set {
            if newValue != nil { mayHoldInput = true }
            if newValue != nil || rare != nil { makeRare().exchange = newValue }
        }
    }

    /// An upgrade that somebody else decides about.
    var opening: Opening? {
        get { rare?.opening }
        set {
            if newValue != nil { mayHoldInput = true }
            if newValue != nil || rare != nil { makeRare().opening = newValue }
        }
    }
}

// MARK: octets that wait

extension Connection {
    // By pattern: `parked?.count` on an empty field reads what was in it before when compiled
    // without optimization (Swift 6.3.1, noncopyable optional in a class).

    /// Whether octets were received and not consumed: part of a request head, or a turn's rest.
    var hasParked: Bool {
        guard let rare else { return false }
        return rare.parked != nil
    }

    /// Octets parked.
    var parkedSize: Int {
        guard let rare else { return 0 }
        switch rare.parked {
        case .some(let parked): return parked.count
        case nil: return 0
        }
    }

    /// Whether a whole line is parked.
    var hasParkedLine: Bool {
        guard let rare else { return false }
        switch rare.parked {
        case .some(let parked): return parked.octets.firstIndex(of: 0x0A) != nil
        case nil: return false
        }
    }

    /// Parks octets behind those that are there.
    func park(_ octets: RawSpan) {
        mayHoldInput = true
        let rare = makeRare()
        if rare.parked != nil {
            rare.parked?.append(octets)
        } else {
            rare.parked = OctetBuffer(copying: octets)
        }
    }

    /// Parks what `takeParked()` has taken out, or the rest of it.
    func park(_ octets: consuming OctetBuffer) {
        mayHoldInput = true
        makeRare().parked = consume octets
    }

    /// Takes out what is parked.
    func takeParked() -> OctetBuffer? { rare?.parked.take() }

    func dropParked() { rare?.parked = nil }

    /// Octets of memory for input that came and cannot be used yet (`Core+Input.swift`).
    var inputSize: Int {
        let open =
            switch unsafe receiver {
            case .some(let receiver): receiver.heldSize
            case nil: 0
            }
        let size = open + (stream?.reader.heldSize ?? 0)
        guard let rare else { return size }
        let parked =
            switch rare.parked {
            case .some(let parked): parked.capacity
            case nil: 0
            }
        return size + parked + (rare.held?.memorySize ?? 0) + (rare.exchange?.memorySize ?? 0)
            + (rare.gated?.waiting?.memorySize ?? 0) + (rare.opening?.memorySize ?? 0)
    }
}

/// A valid upgrade.
struct Opening {
    let request: UpgradeRequest
    let route: Int
    /// Octets of memory that it takes while somebody decides, about.
    let memorySize: Int
    /// Who decides, where that takes time.
    var pending: (any PendingOpening)?
    /// What the gate of the route has granted.
    var grant: GateGrant?
}
