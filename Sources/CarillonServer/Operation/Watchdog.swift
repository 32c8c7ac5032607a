// Watchdog — a thread that looks at the cores from outside: whether they turn. Costs the
// cores nothing: it reads what they count anyway.

import Configuration
import Engine
import Glibc
import Lockfree
import Logging
import Telemetry

final class Watchdog: Sendable {
    struct Times: Sendable {
        var warning: Duration
        var abort: Duration
    }

    private let engine: EngineState
    private let log: ServiceLog
    private let times: Guarded<Times>
    private let isOver = Guarded(false)

    init(_ engine: EngineState, log: ServiceLog, times: Times) {
        self.engine = engine
        self.log = log
        self.times = Guarded(times)
        ServiceThread.start("watchdog") { self.run() }
    }

    func set(_ times: Times) { self.times.withLock { $0 = times } }

    /// Looks no more. Nothing is said or done after this returns.
    ///
    /// To be called before cores are told to end: one that has ended turns no more, and is not
    /// stuck.
    func stop() { isOver.withLock { $0 = true } }

    private func run() {
        var watches = engine.metrics.map { _ in StallWatch() }
        var lastLook = ContinuousClock.now
        while !isOver.withLock({ $0 }) {
            let times = self.times.withLock { $0 }
            // Often enough to be right about a stall to a quarter of its time.
            let distance = min(max(times.warning / 4, .milliseconds(1)), .milliseconds(250))
            usleep(UInt32(clamping: distance.components.attoseconds / 1_000_000_000_000))
            let now = ContinuousClock.now
            for core in watches.indices {
                let verdict = watches[core].look(
                    turns: engine.metrics[core].value(of: .loopTurns),
                    isAsleep: engine.isAsleep(core: core), elapsed: now - lastLook,
                    distance: distance, warning: times.warning, abort: times.abort)
                isOver.withLock { isOver in
                    if !isOver { act(on: verdict, core: core) }
                }
            }
            lastLook = now
        }
    }

    private func act(on verdict: StallWatch.Verdict, core: Int) {
        switch verdict {
        case .none: break
        case .stalled:
            // The one counter a core leaves to us, so it still has one writer.
            engine.metrics[core].add(.loopStalls)
            log.logger.warning("core stalled", metadata: ["core": .stringConvertible(core)])
        case .recovered(let duration):
            log.logger.warning(
                "core recovered",
                metadata: [
                    "core": .stringConvertible(core),
                    "stalled_seconds": .stringConvertible(duration.inSeconds),
                ])
        case .hopeless(let duration):
            log.logger.critical(
                "a core is stuck; the process ends itself to be started anew",
                metadata: [
                    "core": .stringConvertible(core),
                    "stalled_seconds": .stringConvertible(duration.inSeconds),
                ])
            log.close()
            abort()
        }
    }
}

extension Duration {
    /// For logs; not exact.
    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
