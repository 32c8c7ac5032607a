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
import Glibc
import Logging
import Synchronization
import Telemetry
import Uring

final class Service {
    let source: ConfigurationSource
    var configuration: Configuration
    let process = ProcessMetrics()
    let log: ServiceLog
    let control: ControlHandler
    let server: PushServer
    private let memory: Int
    let links: Links
    private let predecessor: Predecessor?

    /// Reads the configuration and prepares everything that can fail before a socket is opened.
    ///
    /// - Parameter predecessor: The process whose place this one takes.
    /// - Throws: An exit code; what is wrong has been said.
    init(_ source: ConfigurationSource, takingOverFrom predecessor: pid_t? = nil) throws {
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
        var options: PushServer.Options
        do throws(LinkProblem) {
            let parts = try ServiceParts(
                configuration, memory: memory, process: process, log: log.logger)
            links = parts.links
            control = parts.control
            options = parts.options
        } catch {
            log.logger.critical("cannot start", metadata: ["reason": "\(error.sentence)"])
            log.close()
            throw Status.configuration
        }
        do throws(Predecessor.Problem) {
            self.predecessor = try predecessor.map { id throws(Predecessor.Problem) in
                try Predecessor(id)
            }
        } catch {
            log.logger.critical("cannot start", metadata: ["reason": "\(error.sentence)"])
            log.close()
            throw Status.failure
        }
        options.takesOver = self.predecessor != nil
        options.report = { [logger = log.logger] report in report.write(to: logger) }
        server = PushServer(options)
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
        if let predecessor {
            do throws(StartError) {
                try server.takePlace()
            } catch {
                log.logger.critical("cannot start", metadata: ["reason": "\(error.sentence)"])
                links.stop()
                server.stop()
                return Status.failure
            }
            relieve(predecessor)
        }
        let watchdog = Watchdog(engine.state, log: log, times: .init(configuration.engine))
        serve(engine.state, watchdog)
        finishNotices()
        links.stop()
        return .success
    }

    // MARK: start

    /// From now on there is only one who accepts.
    private func relieve(_ predecessor: Predecessor) {
        let name: Logger.MetadataValue = .stringConvertible(predecessor.process)
        if predecessor.retire() {
            log.logger.notice("took over", metadata: ["from": name])
        } else {
            log.logger.warning("nobody to take over from any more", metadata: ["from": name])
        }
    }

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
}
