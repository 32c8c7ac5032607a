// What others may look at while the cores run: for a watchdog, and for request handlers.

import Lockfree

extension EngineState {
    /// Whether a core waits in the kernel for something to do. A core that does not, and whose
    /// ``Telemetry/Counter/loopTurns`` stands still, is stuck in a turn.
    package func isAsleep(core: Int) -> Bool { mailboxes[core].isOwnerAsleep }
}

extension Responder {
    /// The engine whose request waits for an answer.
    package var engine: EngineState { state }
}
