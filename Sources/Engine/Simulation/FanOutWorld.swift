// FanOutWorld — one core whose kernel costs nothing, its subscribers, and turns of publishing.
//
// What benchmarks measure: matching, encoding, queueing and flushing as they ship, and nothing of
// a socket. Connections are opened behind the handshake's back, since nobody speaks for them.

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
}

/// One core on a ``NullDriver``. Used by one thread.
package final class FanOutWorld {
    private var core: Core<NullDriver>

    /// - Parameter connectionLimit: Slots of the core's table.
    package init(settings: EngineSettings, connectionLimit: Int) {
        core = Core(
            kernel: NullDriver(socketLimit: connectionLimit), index: 0,
            state: EngineState(settings: settings, registry: Registry(), coreCount: 1),
            listeners: [])
        core.start()
    }

    /// Opens a WebSocket of route `place` with one subscription.
    package func open(route place: Int = 0, subscribedTo pattern: Pattern, reading: Reading) {
        core.open(place, pattern, reading)
    }

    /// Publishes all of `publications` within one turn, `turnCount` times, and flushes each time
    /// until nothing is left to send.
    package func publish(_ publications: [Publication], turnCount: Int) -> FanOutFigures {
        core.publish(publications, turnCount: turnCount)
    }
}

extension Core where Kernel == NullDriver {
    fileprivate mutating func open(_ place: Int, _ pattern: Pattern, _ reading: Reading) {
        let request = OpeningRequest(
            path: state.settings.routes[place].path, query: "", subprotocols: [], headers: [])
        let socket = SocketHandle(index: Int32(truncatingIfNeeded: table.count), isDirect: true)
        guard case .accept(let session, _) = state.settings.routes[place].dialect.open(request),
            let connection = table.open(socket, limit: limits.sendQueueSize, now: now),
            var commands = commands.take()
        else { preconditionFailure("the world has room for its connections") }
        connection.isShakingHands = false
        connection.phase = .open
        connection.route = place
        connection.session = session
        setDeadline(of: connection)
        commands.append(.subscribe(pattern, reading))
        carryOut(&commands, RawSpan(), for: connection)
        self.commands = consume commands
    }

    fileprivate mutating func publish(
        _ publications: [Publication], turnCount: Int
    ) -> FanOutFigures {
        let deliveries = metrics.value(of: .deliveries)
        let sends = (kernel.sendCount, kernel.sendSize)
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
        var figures = FanOutFigures()
        figures.deliveryCount = Int(metrics.value(of: .deliveries) &- deliveries)
        figures.sendCount = kernel.sendCount - sends.0
        figures.sendSize = kernel.sendSize - sends.1
        return figures
    }
}
