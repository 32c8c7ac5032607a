// Service, reload — the configuration is read again; what can change without a restart changes.

import Configuration
import Control
import Logging

extension Service {
    /// Reads the configuration again; a bad one is refused whole.
    func reload(_ watchdog: Watchdog) {
        let fresh: Configuration
        do throws(ConfigurationProblems) {
            fresh = try source.load().values
            try fresh.checkFeatureNames()
            if let problem = ServiceParts.problem(of: fresh) {
                throw ConfigurationProblems(problems: [ConfigurationProblem(.standard, problem)])
            }
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

extension Watchdog.Times {
    init(_ settings: Configuration.Engine) {
        self.init(warning: settings.stallWarning, abort: settings.stallAbort)
    }
}
