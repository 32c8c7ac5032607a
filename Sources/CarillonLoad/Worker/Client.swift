// Client — one connection of a worker, and the table they lie in.
//
// What an idle connection keeps is this and nothing else: no buffer, no object. Octets that could
// not be sent wait in an `Outbox`, an answer to a handshake that comes in pieces in an `Opening`.

internal import Bytes
internal import Uring
internal import WebSocket

/// How far a connection has come.
enum ClientPhase: UInt8, Comparable {
    case closed
    /// Connecting, or the handshake is under way.
    case opening
    /// The WebSocket is open; what the speech says first is not answered yet.
    case greeting
    /// Does what its role is.
    case ready
    /// Its socket goes when nothing of it is in the kernel any more.
    case ending

    static func < (one: ClientPhase, other: ClientPhase) -> Bool { one.rawValue < other.rawValue }
}

/// Octets a socket would not take at once.
final class Outbox {
    /// Being sent; stays where it is.
    var flying: OctetBuffer
    var sentCount = 0
    /// What came after.
    var waiting = OctetBuffer(capacity: 0)

    init(_ octets: RawSpan) { flying = OctetBuffer(copying: octets) }

    var size: Int { flying.count - sentCount + waiting.count }
}

/// A handshake under way.
final class Opening {
    let handshake: ClientHandshake
    let path: String
    var answer = OctetBuffer(capacity: 0)
    let begin: UInt64

    init(_ handshake: ClientHandshake, path: String, begin: UInt64) {
        self.handshake = handshake
        self.path = path
        self.begin = begin
    }
}

struct Client: ~Copyable {
    /// Its population and its number there.
    let population: Int32
    let number: Int32
    let role: Role
    /// What it begins its sequence checks with, when it is owed one stream only; else -1.
    let onlyStream: Int32
    /// A payload of its population is this long or longer.
    let expectedSize: Int32
    var phase = ClientPhase.closed
    var isReceiving = false
    var isSending = false
    /// Does not read any more, on purpose.
    var isStuck = false
    /// Reads, and is counted in the audience of its rooms.
    var isAudience = false
    /// The server ended it while it was owed messages.
    var isCutOff = false
    var isClosing = false
    /// Has been ready before.
    var hasReturned = false
    /// Was welcomed: in its realm (WAMP), or by the server's hello.
    var isJoined = false
    /// Was idle when its connection of HTTP ended, and connects again.
    var isReconnecting = false
    var generation: UInt32 = 0
    var socket = SocketHandle(index: -1, isDirect: false)
    var receiver = Receiver(role: .client, deflate: nil)
    var deflater: Deflater?
    var opening: Opening?
    var outbox: Outbox?
    /// Publishers by HTTP.
    var exchange: PostExchange?

    /// Octets of this turn in the worker's arena, and the turn.
    var sendTurn: UInt64 = 0
    var sendStart: UInt32 = 0
    var sendEnd: UInt32 = 0

    /// Subscribers: where its sequence checks begin. Requesters: requests sent.
    var checks: Int32 = 0
    var requestCount: UInt32 = 0
    /// WAMP: which of them is the first of this session, and the subscription or registration.
    var firstRequest: UInt32 = 0
    var subscription: UInt64 = 0
    /// Requests that are not answered yet.
    var openRequests: UInt32 = 0
    /// Messages that came damaged, so that which they were is not known.
    var anonymousDamage: UInt32 = 0
    /// When something expected last came, for time-outs.
    var lastProgress: UInt64 = 0

    init(_ plan: LoadPlan, population: Int, number: Int) {
        let members = plan.populations[population]
        self.population = Int32(population)
        self.number = Int32(number)
        role = members.role
        expectedSize = Int32(clamping: members.expectedSize)
        let room = number % plan.streams.roomCount
        let streams =
            plan.streams.eventCount == 1 && members.role == .subscriber
            ? plan.streams.streams(ofRoom: room, event: 0) : []
        onlyStream = streams.count == 1 ? Int32(clamping: streams[0].stream) : -1
    }
}

/// Safety: `clients` has `count` elements, initialized in `init`, gone in `deinit`; a slot is
/// checked whenever a pointer is made.
@safe
struct ClientTable: ~Copyable {
    private let clients: UnsafeMutablePointer<Client>
    let count: Int

    /// - Parameter members: Population and number of each, in the order of slots.
    init(_ plan: LoadPlan, _ members: [(population: Int, number: Int)]) {
        count = members.count
        unsafe clients = .allocate(capacity: max(count, 1))
        for (slot, member) in members.enumerated() {
            unsafe (clients + slot).initialize(
                to: Client(plan, population: member.population, number: member.number))
        }
    }

    deinit {
        unsafe clients.deinitialize(count: count)
        unsafe clients.deallocate()
    }

    /// A client, in place; it stays there as long as the table lives.
    @unsafe
    @inline(__always)
    func pointer(_ slot: Int) -> UnsafeMutablePointer<Client> {
        precondition(slot >= 0 && slot < count)
        return unsafe clients + slot
    }
}
