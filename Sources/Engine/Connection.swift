// Connection — everything of a connection that a delivery does not touch.
//
// Lives and dies on the core that accepted it; only that core's thread reads it. Most connections
// are idle most of the time, so here stands what every open one needs, in the order that wastes no
// padding; what few have at a time is a `RareState`, made when first needed.

import DialectKit
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
    /// Only what stands in `Connection+….swift` comes here.
    var rare: RareState?

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

    /// Calls that its later messages wait for.
    var awaitedCalls: [CallToken] {
        get { rare?.awaitedCalls ?? [] }
        set {
            awaitsCall = !newValue.isEmpty
            if awaitsCall || rare != nil { makeRare().awaitedCalls = newValue }
        }
    }
}
