// FanOutWorld — cores whose kernel costs nothing, their subscribers, and turns of publishing.
//
// What benchmarks measure: reading, matching, encoding, queueing and flushing as they ship, and
// nothing of a socket. Subscribers that never speak are opened behind the handshake's back; peers
// that do are accepted and read like any other.

package import DialectKit
package import Rooms
import Telemetry
import Uring

/// What a stretch of publishing came to.
package struct FanOutFigures: Sendable, Equatable {
    /// Connections that took a publication, summed over publications.
    package var deliveryCount = 0
    /// Sends given to the kernel, and the octets in them.
    package var sendCount = 0
    package var sendSize = 0

    package init() {}

    /// What came since `earlier`.
    func since(_ earlier: FanOutFigures) -> FanOutFigures {
        var rest = self
        rest.deliveryCount -= earlier.deliveryCount
        rest.sendCount -= earlier.sendCount
        rest.sendSize -= earlier.sendSize
        return rest
    }
}

/// A client that speaks: where it is connected.
package struct FanOutPeer: Sendable {
    let core: Int
    let token: Token
}

/// A core, held by reference: it cannot be an element of an array.
private final class FanOutCore {
    var core: Core<NullDriver>

    init(_ core: consuming Core<NullDriver>) { self.core = core }
}

/// Cores on ``NullDriver``s that share a state; one has its turn after the other. Used by one
/// thread.
package final class FanOutWorld {
    package let state: EngineState
    private let cores: [FanOutCore]

    /// - Parameters:
    ///   - connectionLimit: Slots of each core's table.
    ///   - registry: What the routes' dialects ask.
    package init(
        settings: EngineSettings, connectionLimit: Int, registry: Registry = Registry(),
        coreCount: Int = 1
    ) {
        let state = EngineState(settings: settings, registry: registry, coreCount: coreCount)
        self.state = state
        cores = (0..<coreCount).map { index in
            FanOutCore(
                Core(
                    kernel: NullDriver(socketLimit: connectionLimit), index: index, state: state,
                    listeners: [Listener(descriptor: 0, role: .main, peerAddressSize: 0)]))
        }
        for core in cores { core.core.start() }
    }

    /// Opens a WebSocket of route `place` with one subscription.
    ///
    /// - Parameters:
    ///   - tail: What ends each of its messages (``Command/subscribe(_:_:tail:)``).
    ///   - windowBits: What its messages are deflated with, 9 to 15; `nil`: they are plain.
    package func open(
        route place: Int = 0, subscribedTo pattern: Pattern, reading: Reading,
        tail: [UInt8] = [], windowBits: Int? = nil, core: Int = 0
    ) {
        cores[core].core.open(place, pattern, reading, tail, windowBits)
    }

    /// Somebody connects and sends a request for a WebSocket.
    package func connect(_ request: [UInt8], core place: Int = 0) -> FanOutPeer {
        cores[place].core.kernel.connect()
        cores[place].core.turn()
        guard let token = cores[place].core.kernel.receiveToken else {
            preconditionFailure("a connection is read")
        }
        let peer = FanOutPeer(core: place, token: token)
        receive(request, from: peer)
        settle()
        return peer
    }

    /// A peer sends octets, at most 4096; they are read in the next turn.
    package func receive(_ octets: [UInt8], from peer: FanOutPeer) {
        cores[peer.core].core.kernel.bring(octets, to: peer.token)
    }

    /// Gives all cores their turns until nothing is left to do and nothing to send.
    package func settle() {
        repeat {
            for core in cores { core.core.settle() }
        } while !cores.allSatisfy { $0.core.isSettled }
    }

    /// All deliveries and sends so far.
    package var figures: FanOutFigures {
        var sum = FanOutFigures()
        for core in cores {
            sum.deliveryCount += Int(core.core.metrics.value(of: .deliveries))
            sum.sendCount += core.core.kernel.sendCount
            sum.sendSize += core.core.kernel.sendSize
        }
        return sum
    }

    /// Publishes all of `publications` on the first core within one turn, `turnCount` times, and
    /// flushes each time until nothing is left to send.
    package func publish(_ publications: [Publication], turnCount: Int) -> FanOutFigures {
        let before = figures
        if cores.count == 1 {
            cores[0].core.publish(publications, turnCount: turnCount)
        } else {
            for _ in 0..<turnCount {
                cores[0].core.publish(publications, turnCount: 1)
                settle()
            }
        }
        return figures.since(before)
    }
}

extension Core where Kernel == NullDriver {
    fileprivate mutating func open(
        _ place: Int, _ pattern: Pattern, _ reading: Reading, _ tail: [UInt8], _ windowBits: Int?
    ) {
        let route = state.settings.routes[place]
        let request = OpeningRequest(
            path: route.path, query: "", subprotocols: route.subprotocol.map { [$0] } ?? [],
            headers: [])
        let socket = SocketHandle(index: Int32(truncatingIfNeeded: table.count), isDirect: true)
        guard case .accept(let session, _) = route.dialect.open(request),
            let connection = table.open(socket, limit: limits.sendQueueSize, now: now),
            var commands = commands.take()
        else { preconditionFailure("the world has room for its connections") }
        connection.isShakingHands = false
        connection.phase = .open
        connection.route = place
        connection.realm = route.realm
        connection.dialect = route.dialectID
        connection.session = session
        if let windowBits {
            precondition((9...15).contains(windowBits))
            connection.wire = WireForm(rawValue: UInt8(windowBits))
        }
        setDeadline(of: connection)
        commands.append(.subscribe(pattern, reading, tail: tail))
        carryOut(&commands, RawSpan(), for: connection)
        self.commands = consume commands
    }

    fileprivate var isSettled: Bool { hasNothingToDo && !kernel.hasArrivals }

    /// The turn behind the last flush frees what was sent.
    fileprivate mutating func settle() {
        repeat { turn() } while !isSettled
        turn()
    }

    fileprivate mutating func publish(_ publications: [Publication], turnCount: Int) {
        for _ in 0..<turnCount {
            // As at the end of a turn: what its messages published is flushed, in slices.
            for publication in publications { publish(publication) }
            settleDeliveries()
            flush()
            var isFlushing = true
            while isFlushing {
                isFlushing = !dirty.isEmpty
                turn()
            }
        }
    }
}
