// Service — the life of the process around the server: start, signals, drain, end.
//
// One thread (the main one) runs the loop below; it waits for signals, and while the server drains
// it also looks how far that is.

import ArgumentParser
import CSystem
import Carillon
import Configuration
import Control
import Engine
import Logging
import Synchronization
import Telemetry
import Uring

final class Service {
    private let source: ConfigurationSource
    private var configuration: Configuration
    private let process = ProcessMetrics()
    private let log: ServiceLog
    private let control: ControlHandler
    private let server: PushServer
    private let memory: Int
    private let links: Links

    /// Reads the configuration and prepares everything that can fail before a socket is opened.
    ///
    /// - Throws: An exit code; what is wrong has been said.
    init(_ source: ConfigurationSource) throws {
        self.source = source
        do throws(ConfigurationProblems) {
            configuration = try source.load().values
            try configuration.checkFeatureNames()
        } catch {
            Self.say(error)
            throw error.status
        }
        log = ServiceLog(configuration.log, process: process)
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        unsafe carillon_descriptor_limit(&soft, &hard, true)
        memory = MemoryPlan.limit(configuration.limits)
        process.memoryLimit = memory
        let realms = RealmTable(configuration)
        let triggers = TriggerIntakes(configuration, realms)
        var options: PushServer.Options
        do throws(LinkProblem) {
            links = try Links(configuration, realms, triggers, log: log.logger)
            options = try PushServer.Options(
                configuration, memory: memory,
                routes: RouteMaker(
                    configuration: configuration, realms: realms, links: links,
                    triggers: triggers,
                    readFile: { path throws(LinkProblem) in
                        try Self.read(path)
                    }))
            // Behind the routes: what they ask are links, too.
            control = ControlHandler(
                ControlSettings(configuration), process: process,
                inputs: Inputs.make(configuration, realms, triggers), links: links.statuses)
            options.handler = control
        } catch {
            log.logger.critical("cannot start", metadata: ["reason": "\(error.sentence)"])
            log.close()
            throw Status.configuration
        }
        options.report = { [logger = log.logger] report in report.write(to: logger) }
        server = PushServer(options)
    }

    private static func read(_ path: String) throws(LinkProblem) -> String {
        do throws(UnreadableFile) {
            return try ConfigurationSource.read(path)
        } catch {
            throw LinkProblem(sentence: "\(path) cannot be read: \(error.reason)")
        }
    }

    /// Mistakes before there is a log go where it would go, in its form.
    private static func say(_ problems: ConfigurationProblems) {
        let log = ServiceLog(Configuration.Log(), process: ProcessMetrics())
        for problem in problems.problems {
            if log.format == .text {
                log.say("carillon: \(problem)\n")
            } else {
                log.logger.critical(
                    "bad configuration", metadata: ["problem": "\(problem.description)"])
            }
        }
        log.close()
    }

    /// Serves until a signal ends it.
    func run() -> ExitCode {
        defer { log.close() }
        do throws(StartError) {
            try server.start()
        } catch {
            log.logger.critical("cannot start", metadata: ["reason": "\(error.sentence)"])
            switch error {
            case .badOption, .ringRefused: return Status.configuration
            case .cannotListen, .startedBefore: return Status.failure
            }
        }
        guard let engine = server.engine else { return Status.failure }
        announce(engine)
        do throws(LinkProblem) {
            try links.start(publishingOn: engine.state)
        } catch {
            log.logger.critical("cannot start", metadata: ["reason": "\(error.sentence)"])
            server.stop()
            return Status.failure
        }
        let watchdog = Watchdog(engine.state, log: log, times: .init(configuration.engine))
        serve(engine.state, watchdog)
        watchdog.stop()
        finishNotices()
        links.stop()
        return .success
    }

    // MARK: start

    private func announce(_ engine: Engine) {
        log.logger.info(
            "starting",
            metadata: [
                "version": "\(carillonVersion)",
                "cores": .stringConvertible(engine.state.coreCount),
                "memory_limit_octets": .stringConvertible(memory),
            ])
        log.logger.info(
            "features",
            metadata: [
                "found": "\(engine.features.description)",
                "missing": "\(engine.features.missing)",
            ])
        log.logger.info("listening", metadata: ["address": "\(server.address)"])
        for address in server.rawSocketAddresses {
            log.logger.info("rawsocket", metadata: ["address": "\(address)"])
        }
        if let address = server.controlAddress {
            log.logger.info("control", metadata: ["address": "\(address)"])
        }
        for warning in configuration.warnings {
            log.logger.warning("\(warning)", metadata: ["section": "realm"])
        }
        if configuration.isAPIClosed {
            log.logger.warning(
                "the publish API is closed: the listener is not loopback and there is no key",
                metadata: ["setting": "api.key"])
        }
        if log.format == .text, StandardError.isTerminal {
            log.say(
                Banner.text(
                    configuration, address: server.address, control: server.controlAddress))
        }
    }

    // MARK: the loop

    /// A drain under way.
    private struct Drain {
        /// Whether the process ends with it (TERM) or stays (USR2).
        var ends: Bool
        let deadline: ContinuousClock.Instant
        var count: FinalCount
        /// When the last WebSocket was gone.
        var emptySince: ContinuousClock.Instant?
        /// How long HTTP requests and closing handshakes may go on after that.
        var patience: Duration
    }

    private func serve(_ engine: EngineState, _ watchdog: Watchdog) {
        var drain: Drain?
        while true {
            let signal = SignalWaiter.wait(patience: drain == nil ? 3_600_000 : 20)
            switch signal {
            case .interrupt:
                stop(engine, drain?.count)
                return
            case .terminate:
                if drain?.ends == true {
                    stop(engine, drain?.count)
                    return
                }
                if drain == nil { drain = beginDrain(engine) }
                drain?.ends = true
            case .drain:
                if drain == nil { drain = beginDrain(engine) }
            case .reload: reload(watchdog)
            case .status: StatusReport.write(engine, process: process, to: log.logger)
            case nil: break
            }
            if drain != nil, isOver(&drain!, engine), drain?.ends == true {
                stop(engine, drain?.count)
                return
            }
        }
    }

    private func beginDrain(_ engine: EngineState) -> Drain {
        let pace = configuration.drain
        let count = FinalCount(engine)
        let isEmpty = engine.metrics.total(.openWebSockets) == 0
        log.logger.notice(
            "draining", metadata: ["connections": .stringConvertible(engine.connectionCount)])
        server.beginDrain(delay: pace.delay, spread: pace.spread, deadline: pace.deadline)
        let limits = configuration.limits
        return Drain(
            ends: false, deadline: .now + pace.deadline, count: count, emptySince: nil,
            // With nobody to say goodbye to, only answers on their way are waited for.
            patience: isEmpty
                ? .milliseconds(300) : limits.closeHandshakeTime + limits.lingeringReadTime)
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
    private func stop(_ engine: EngineState, _ drained: FinalCount?) {
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
    private func finishNotices() {
        let end = ContinuousClock.now + .seconds(2)
        while links.isBusy, ContinuousClock.now < end {
            guard SignalWaiter.wait(patience: 2) == nil else { return }
        }
    }

    private static func pause() { _ = SignalWaiter.wait(patience: 2) }

    // MARK: reload

    /// Reads the configuration again; a bad one is refused whole.
    private func reload(_ watchdog: Watchdog) {
        let fresh: Configuration
        do throws(ConfigurationProblems) {
            fresh = try source.load().values
            try fresh.checkFeatureNames()
        } catch {
            for problem in error.problems {
                log.logger.error(
                    "reload refused; the configuration stays as it was",
                    metadata: ["problem": "\(problem.description)"])
            }
            return
        }
        let changes = Reload.changes(from: configuration, to: fresh)
        let (live, later) = (
            changes.filter { Reload.liveKeys.contains($0) },
            changes.filter { !Reload.liveKeys.contains($0) }
        )
        configuration.log = fresh.log
        configuration.api = fresh.api
        configuration.drain = fresh.drain
        configuration.limits.bodySize = fresh.limits.bodySize
        configuration.engine.stallWarning = fresh.engine.stallWarning
        configuration.engine.stallAbort = fresh.engine.stallAbort
        log.setLevel(configuration.log.level)
        control.update(ControlSettings(configuration))
        watchdog.set(.init(configuration.engine))
        log.logger.notice(
            "configuration reloaded",
            metadata: [
                "changed": .array(live.map { .string($0) }),
                "needs_restart": .array(later.map { .string($0) }),
            ])
    }
}

/// Set by the thread that stops the server.
private final class StopFlag: Sendable {
    /// The releasing store of the stopping thread pairs with the acquiring load of the loop.
    let isSet = Atomic<Bool>(false)
}

extension Watchdog.Times {
    init(_ settings: Configuration.Engine) {
        self.init(warning: settings.stallWarning, abort: settings.stallAbort)
    }
}
