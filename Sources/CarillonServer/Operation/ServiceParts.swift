// ServiceParts — everything of a service that its configuration decides, made before anything runs:
// links, routes, and who answers requests.
//
// What cannot be made is a mistake of the configuration that its own module does not see: whether a
// text is a template, an expression or a key the modules know that it is for. So a check makes the
// parts as a start does, and lets them go again.

import Carillon
import Configuration
import Control
import Logging
import Telemetry

struct ServiceParts {
    let links: Links
    let control: ControlHandler
    var options: PushServer.Options

    /// - Parameter memory: Octets the server plans with.
    init(
        _ configuration: Configuration, memory: Int, process: ProcessMetrics, log: Logger
    ) throws(LinkProblem) {
        let realms = RealmTable(configuration)
        let triggers = TriggerIntakes(configuration, realms)
        links = try Links(configuration, realms, triggers, log: log)
        do throws(LinkProblem) {
            options = try PushServer.Options(
                configuration, memory: memory,
                routes: RouteMaker(
                    configuration: configuration, realms: realms, links: links,
                    triggers: triggers,
                    readFile: { path throws(LinkProblem) in try Self.read(path) }))
        } catch {
            links.stop()
            throw error
        }
        // Behind the routes: what they ask are links, too.
        control = ControlHandler(
            ControlSettings(configuration), process: process,
            inputs: Inputs.make(configuration, realms, triggers), links: links.statuses,
            triggers: { triggers.figures })
        options.handler = control
    }

    private static func read(_ path: String) throws(LinkProblem) -> String {
        do throws(UnreadableFile) {
            return try ConfigurationSource.read(path)
        } catch {
            throw LinkProblem(sentence: "\(path) cannot be read: \(error.reason)")
        }
    }

    /// Why a server could not be made of a configuration; `nil`: it could.
    static func problem(of configuration: Configuration) -> String? {
        let parts: ServiceParts
        do throws(LinkProblem) {
            parts = try ServiceParts(
                configuration, memory: MemoryPlan.limit(configuration.limits),
                process: ProcessMetrics(),
                log: Logger(label: "carillon") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            return error.sentence
        }
        defer { parts.links.stop() }
        do throws(StartError) {
            try PushServer(parts.options).check()
        } catch {
            return error.sentence
        }
        return nil
    }
}
