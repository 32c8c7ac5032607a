// TalkWorld — one core whose kernel costs nothing, and clients that come, speak and leave.
//
// What benchmarks measure: accepting, upgrading, reading frames, answering and closing as they
// ship. The other half, fanning out, is ``FanOutWorld``.

import Bytes
import Uring

/// What a stretch of talking came to.
package struct TalkFigures: Sendable, Equatable {
    /// Sends given to the kernel, and the octets in them.
    package var sendCount = 0
    package var sendSize = 0
    /// Sockets closed.
    package var closeCount = 0
    /// Operations given to the kernel, sends and closes among them.
    package var operationCount = 0

    package init() {}
}

/// One core on a ``ScriptedDriver``. Used by one thread.
package final class TalkWorld {
    private var core: Core<ScriptedDriver>
    private let clientCount: Int

    /// - Parameter clientCount: How many clients come and speak at a time.
    package init(settings: EngineSettings, clientCount: Int) {
        self.clientCount = clientCount
        // Below the shares of the table at which a core takes nobody in.
        core = Core(
            kernel: ScriptedDriver(socketLimit: 4 * clientCount + 16, bufferSize: 4096), index: 0,
            state: EngineState(settings: settings, registry: Registry(), coreCount: 1),
            listeners: [Listener(descriptor: -1, role: .main)])
        core.start()
    }

    /// All clients come within one turn.
    package func come() {
        for place in 0..<clientCount { core.kernel.bringClient(place) }
        core.turn()
    }

    /// All clients send `octets` within one turn; the answers have left when this returns.
    package func say(_ octets: RawSpan) {
        for place in 0..<clientCount { core.kernel.bring(octets, from: place) }
        core.turn()
    }

    /// All clients reset their connections within one turn.
    package func leave() {
        for place in 0..<clientCount { core.kernel.bringReset(from: place) }
        core.turn()
    }

    package var connectionCount: Int { core.table.count }

    /// Since the beginning.
    package var figures: TalkFigures {
        var figures = TalkFigures()
        figures.sendCount = core.kernel.sendCount
        figures.sendSize = core.kernel.sendSize
        figures.closeCount = core.kernel.closeCount
        figures.operationCount = core.kernel.preparedCount
        return figures
    }
}
