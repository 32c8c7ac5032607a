// Service, signals — the loop of the main thread: drain, stop, and how far that is.

import Carillon
import Configuration
import DialectKit
import Engine
import Logging
import Synchronization
import Telemetry

extension Service {
    /// A drain under way.
    private struct Drain {
        /// Whether the process ends with it (TERM) or stays (USR2).
        var ends: Bool
        let farewell: Farewell
        let deadline: ContinuousClock.Instant
        var count: FinalCount
        /// The listeners need not be open for the whole delay.
        var isHastened = false
        /// When the last WebSocket was gone.
        var emptySince: ContinuousClock.Instant?
        /// How long HTTP requests and closing handshakes may go on after that.
        var patience: Duration
    }

    /// Waits for signals and does what they ask for, until one ends the process. The watchdog has
    /// stopped then.
    func serve(_ engine: EngineState, _ watchdog: Watchdog) {
        var drain: Drain?
        while true {
            let signal = SignalWaiter.wait(patience: drain == nil ? 3_600_000 : 20)
            switch signal {
            case .interrupt:
                stop(engine, watchdog, drain?.count)
                return
            case .terminate:
                if drain?.ends == true {
                    stop(engine, watchdog, drain?.count)
                    return
                }
                if drain == nil { drain = beginDrain(engine) }
                drain?.ends = true
            case .drain:
                if drain == nil { drain = beginDrain(engine) }
            case .succeeded:
                drain = beginDrain(engine, farewell: .restarting)
                drain?.ends = true
            case .reload: reload(watchdog)
            case .status: StatusReport.write(engine, process: process, to: log.logger)
            case nil: break
            }
            let isAccepting = engine.isAccepting
            if drain != nil, isOver(&drain!, engine), drain?.ends == true {
                // Nobody is left, but somebody may just be on the way in.
                if isAccepting, ContinuousClock.now < drain!.deadline {
                    hasten(&drain!)
                    continue
                }
                stop(engine, watchdog, drain?.count)
                return
            }
        }
    }

    /// - Parameter farewell: With a successor there is no delay: whoever balances loads need not
    ///   learn of anything.
    private func beginDrain(
        _ engine: EngineState, farewell: Farewell = .goingAway
    ) -> Drain {
        let pace = configuration.drain
        let delay = farewell == .restarting ? .zero : pace.delay
        let count = FinalCount(engine)
        let isEmpty = engine.metrics.total(.openWebSockets) == 0
        log.logger.notice(
            "draining", metadata: ["connections": .stringConvertible(engine.connectionCount)])
        server.beginDrain(
            delay: delay, spread: pace.spread, deadline: pace.deadline, farewell: farewell)
        let limits = configuration.limits
        return Drain(
            ends: false, farewell: farewell, deadline: .now + pace.deadline, count: count,
            emptySince: nil,
            // With nobody to say goodbye to, only answers on their way are waited for.
            patience: isEmpty
                ? .milliseconds(300) : limits.closeHandshakeTime + limits.lingeringReadTime)
    }

    /// The listeners take those who wait, and close.
    private func hasten(_ drain: inout Drain) {
        guard !drain.isHastened else { return }
        drain.isHastened = true
        server.beginDrain(
            delay: .zero, spread: configuration.drain.spread,
            deadline: drain.deadline - ContinuousClock.now, farewell: drain.farewell)
    }

    /// Whether a drain has come to its end.
    private func isOver(_ drain: inout Drain, _ engine: EngineState) -> Bool {
        let now = ContinuousClock.now
        if engine.connectionCount == 0 { return true }
        // Shortly before the cores drop what is left, so that it can be counted.
        if now >= drain.deadline - .milliseconds(50), now < drain.deadline {
            drain.count.noteRest(engine)
        }
        guard engine.metrics.total(.openWebSockets) == 0 else {
            return now >= drain.deadline + .milliseconds(500)
        }
        let emptySince = drain.emptySince ?? now
        drain.emptySince = emptySince
        return now >= emptySince + drain.patience || now >= drain.deadline + .milliseconds(500)
    }

    /// Ends the server, and says how it went.
    private func stop(_ engine: EngineState, _ watchdog: Watchdog, _ drained: FinalCount?) {
        watchdog.stop()
        var count = drained ?? FinalCount(engine)
        links.stopBrokers()
        let isDone = StopFlag()
        ServiceThread.start("stop") { [server] in
            server.stop()
            isDone.isSet.store(true, ordering: .releasing)
        }
        // The cores give everybody a fifth of a second; whoever takes longer is left behind.
        let end = ContinuousClock.now + .seconds(3)
        while !isDone.isSet.load(ordering: .acquiring) {
            if ContinuousClock.now >= end {
                count.noteRest(engine)
                break
            }
            Self.pause()
        }
        count.conclude(engine)
        log.logger.notice(
            "stopped",
            metadata: [
                "closed_cleanly": .stringConvertible(count.closedCleanly),
                "dropped": .stringConvertible(count.dropped),
                "unflushed_octets": .stringConvertible(count.unflushedOctets),
            ])
    }

    /// Applications hear of the connections that ended with the server, if they listen at all. Any
    /// further signal ends the wait.
    func finishNotices() {
        let end = ContinuousClock.now + .seconds(2)
        while links.isBusy, ContinuousClock.now < end {
            guard SignalWaiter.wait(patience: 2) == nil else { return }
        }
    }

    private static func pause() { _ = SignalWaiter.wait(patience: 2) }
}

/// Set by the thread that stops the server.
private final class StopFlag: Sendable {
    /// The releasing store of the stopping thread pairs with the acquiring load of the loop.
    let isSet = Atomic<Bool>(false)
}
