// FinalCount — how the connections ended that were there when the end began, as far as the
// metrics tell. The last line of the log says it.

import Engine
import Telemetry

struct FinalCount {
    /// WebSockets open when the drain or the stop began.
    private let openAtStart: Int
    private let timeoutsAtStart: UInt64
    private(set) var dropped = 0
    /// Octets queued for those who were dropped.
    private(set) var unflushedOctets = 0

    init(_ engine: EngineState) {
        openAtStart = engine.metrics.total(.openWebSockets)
        timeoutsAtStart = Self.timeouts(engine)
    }

    /// Those who got our close frame and answered it, or closed by themselves.
    var closedCleanly: Int { max(0, openAtStart - dropped) }

    /// Notes who is left at a moment after which nobody is waited for.
    mutating func noteRest(_ engine: EngineState) {
        dropped = max(dropped, min(openAtStart, engine.connectionCount))
        unflushedOctets = max(unflushedOctets, engine.metrics.total(.backlogOctets))
    }

    /// Adds those who never answered our close frame.
    mutating func conclude(_ engine: EngineState) {
        let unanswered = Self.timeouts(engine) &- timeoutsAtStart
        dropped = min(openAtStart, dropped + Int(clamping: unanswered))
    }

    private static func timeouts(_ engine: EngineState) -> UInt64 {
        engine.metrics.reduce(0) { $0 &+ $1.value(of: .closeHandshakeTime) }
    }
}
