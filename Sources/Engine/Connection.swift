// Connection — everything of a connection that a delivery does not touch.
//
// Lives and dies on the core that accepted it; only that core's thread reads it.

import Bytes
import DialectKit
import HTTP1
import Rooms
import Uring
import WebSocket

final class Connection {
    /// Where a connection stands. It only moves down the list.
    enum Phase: UInt8, Comparable {
        case http  // reading requests, or the handshake of a stream
        case open  // a WebSocket, or a stream of another framing
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
    var listener = ListenerRole.main
    /// As its listener says (``Listener/peerAddressSize``).
    var peerAddressSize = 16 as UInt8
    /// The peer's host, where connections per address are counted.
    var host: String?

    // What is in flight (at most one each).
    var isReceiving = false
    var isSending = false
    var isCancelling = false

    // Flow of input.
    var isPeerFinished = false  // their FIN has come
    var isPaused = false  // the receive was cancelled because too much is parked or queued
    var isStarved = false  // waits for receive buffers
    var isRunnable = false  // waits for its next turn with parked octets
    var awaitsAnswer = false  // before the next message
    /// Calls that its later messages wait for.
    var awaitedCalls: [CallToken] = [] { didSet { awaitsCall = !awaitedCalls.isEmpty } }
    private(set) var awaitsCall = false
    var waitsForTick = false  // because it sends too much, or the cores do
    var awaitsGate = false  // before the message that its gate is asked about
    /// Reasons that are ended each by its own event: the clock must not release what awaits an
    /// answer, nor the answer to one call what awaits that to another.
    var holdsInput: Bool { awaitsAnswer || awaitsCall || waitsForTick || awaitsGate }
    /// Before its next message.
    var awaitsReply: Bool { awaitsAnswer || awaitsCall || awaitsGate }
    /// Messages that came meanwhile.
    var held: HeldMessages?
    /// Its close frame has come; calls do not hold it any more.
    var isLeaving = false
    /// Octets received and not consumed: part of a request head, or a turn's rest.
    var parked: OctetBuffer?

    /// Octets parked. By pattern: `parked?.count` on an empty field reads what was in it before
    /// when compiled without optimization (Swift 6.3.1, noncopyable optional in a class).
    var parkedSize: Int {
        switch parked {
        case .some(let parked): parked.count
        case nil: 0
        }
    }

    /// Whether a whole line is parked.
    var hasParkedLine: Bool {
        switch parked {
        case .some(let parked): parked.octets.firstIndex(of: 0x0A) != nil
        case nil: false
        }
    }

    /// Shutdowns under way. The kernel leaves them to a worker thread, which looks the socket up by
    /// its place in the table only then: closed meanwhile, that place may be somebody else's.
    var shutdownCount = 0 as UInt8

    // Time (core clock, ns).
    var lastReceived: UInt64
    var phaseDeadline: UInt64 = 0
    var isPongAwaited = false
    /// Counted among the handshakes in progress.
    var isShakingHands = true

    // The WebSocket.
    var receiver: Receiver?
    var session: (any Session)?
    var route: Int = -1
    /// Those of its route, unless its session joins others.
    var realm = Realm.standard
    var dialect = DialectID(rawValue: 0)
    /// What holds its session to a gate's word.
    var gated: GatedConnection?
    /// When its session wants to be called; 0 for never.
    var sessionDeadline: UInt64 = 0
    var wire = WireForm.plain
    var subscriptions: SubscriptionSet?
    /// Its realm's dealer knows it, as a party of the engine's making.
    var isParty = false
    /// Error replies since `errorWindow`, when the running minute began.
    var errorCount = 0
    var errorWindow: UInt64 = 0
    var allowance = Allowance()
    /// What it has used of turn `shareTurn`: frames, and octets that were deflated.
    var shareTurn: UInt64 = 0
    var frameCount = 0
    var inflatedSize = 0
    /// The newest ping not answered because the queue is backlogged.
    var waitingPong: [UInt8]?
    /// When a drain closes it.
    var drainTime: UInt64?

    // HTTP.
    var exchange: Exchange?
    /// An upgrade that somebody else decides about.
    var opening: Opening?

    /// What a stream has in place of `receiver`.
    var stream: StreamState?

    var backlog: Backlog?

    init(id: ConnectionID, socket: SocketHandle, now: UInt64) {
        self.id = id
        self.socket = socket
        lastReceived = now
    }

    var slot: Int { id.slot }
    /// Nothing that names its socket is in the kernel's hands, so the socket can be closed.
    var isQuiet: Bool { !isReceiving && !isSending && shutdownCount == 0 }
}

/// A valid upgrade.
struct Opening {
    let request: UpgradeRequest
    let route: Int
    /// Who decides, where that takes time.
    var pending: (any PendingOpening)?
    /// What the gate of the route has granted.
    var grant: GateGrant?
}

/// How frames leave for a connection: those of WebSocket plain, or deflated for a window of 2^n
/// octets; or those of a stream's framing.
@frozen
@usableFromInline
struct WireForm: RawRepresentable, Hashable, BitwiseCopyable, Sendable {
    /// 0, or the window bits, 9 to 15; between them streams.
    @usableFromInline let rawValue: UInt8

    @inlinable
    init(rawValue: UInt8) { self.rawValue = rawValue }

    static let plain = WireForm(rawValue: 0)
    static let count = 16
    /// How many framings there can be.
    static let streamLimit = 8

    /// The frames of the framing at `place`.
    static func stream(_ place: Int) -> WireForm {
        precondition(place >= 0 && place < streamLimit)
        return WireForm(rawValue: UInt8(1 + place))
    }

    var isStream: Bool { rawValue &- 1 < Self.streamLimit }

    /// The place of a stream's framing; `nil` for WebSockets.
    var framing: Int? { isStream ? Int(rawValue) - 1 : nil }
}

/// What a connection is subscribed to, and where the index holds it.
struct SubscriptionSet {
    struct Key: Hashable {
        let pattern: Pattern
        let reading: Reading
        let tail: [UInt8]
    }

    /// Up to here a search in sequence is cheaper than hashing.
    private static let listLimit = 8

    private var list: [(key: Key, entry: EntryID)] = []
    private var table: [Key: EntryID] = [:]

    var count: Int { list.count + table.count }

    func contains(_ key: Key) -> Bool {
        table.isEmpty ? list.contains { $0.key == key } : table[key] != nil
    }

    mutating func insert(_ key: Key, _ entry: EntryID) {
        if table.isEmpty, list.count < Self.listLimit {
            list.append((key, entry))
            return
        }
        for (key, entry) in list { table[key] = entry }
        list = []
        table[key] = entry
    }

    mutating func remove(_ key: Key) -> EntryID? {
        if table.isEmpty {
            guard let place = list.firstIndex(where: { $0.key == key }) else { return nil }
            return list.remove(at: place).entry
        }
        return table.removeValue(forKey: key)
    }

    func forEach(_ body: (Key, EntryID) -> Void) {
        for (key, entry) in list { body(key, entry) }
        for (key, entry) in table { body(key, entry) }
    }
}
