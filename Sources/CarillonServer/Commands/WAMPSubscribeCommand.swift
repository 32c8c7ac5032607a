// WAMPSubscribeCommand — `carillon wamp subscribe`: one line per event.

import ArgumentParser
import Codecs
import WAMP
import WAMPClient

struct WAMPSubscribeCommand: WAMPSessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "subscribe",
        abstract: "Print the events of topics, one line each.",
        discussion: """
            A line has the arguments, separated by tabs; with several topics or a pattern the \
            topic stands in front. Ctrl-C ends it.

              carillon wamp subscribe com.example.news
              carillon wamp subscribe --match prefix com.example.
              carillon wamp subscribe --match wildcard com..temperature --json | jq .kwargs
              carillon wamp subscribe com.example.ready --count 1 --for 30s && echo ready
            """,
        aliases: ["sub"])

    @Argument(help: "Topics, or patterns with --match.") var topics: [String]
    @Option(help: ArgumentHelp("How they match: exact, prefix or wildcard.", valueName: "policy"))
    var match = WAMPMatch.exact
    @Flag(help: "Begin with what was retained.") var retained = false
    @Option(help: ArgumentHelp("End after so many events.", valueName: "n")) var count: Int?
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp(
            "End after so long; with --count too few events are then a failure.",
            valueName: "duration"))
    var period: WAMPDuration?
    @OptionGroup var router: WAMPRouterOptions

    var isEndless: Bool { true }

    func validate() throws {
        guard !topics.isEmpty else { throw ValidationError("name a topic") }
        if let count, count < 1 { throw ValidationError("--count takes a number from 1") }
    }

    func run(_ client: WAMPClient) throws {
        let end = period.flatMap { $0.isForever ? nil : ContinuousClock.now + $0.duration }
        var names: [UInt64: String] = [:]
        for topic in topics {
            let id = try client.subscribe(
                topic, match: match.policy, getRetained: retained ? true : nil)
            names[id] = topic
            router.note("subscribed \(topic)")
        }
        let namesTopic = match != .exact || names.count > 1
        var left = count ?? .max
        while left > 0 {
            switch try client.next(until: end) {
            case .event(let event):
                let topic = event.topic ?? names[event.subscription] ?? ""
                try WAMPLineOutput.write(line(event, topic, namesTopic))
                left -= 1
            case .revokedSubscription(let id, let reason):
                StandardError.write(
                    "carillon: the router withdrew \(names[id] ?? "a subscription")"
                        + "\(reason.map { ": " + $0.visible } ?? "")\n")
                names[id] = nil
                if names.isEmpty { throw Status.notAuthorized }
            case .timedOut:
                if count == nil { return }
                StandardError.write("carillon: \(left) of \(count ?? 0) events did not come\n")
                throw Status.failure
            default: break
            }
        }
    }

    private func line(_ event: Event, _ topic: String, _ namesTopic: Bool) -> String {
        guard !router.json else {
            return WAMPText.envelope(
                [
                    ("topic", WAMPText.quoted(topic)), ("subscription", "\(event.subscription)"),
                    ("publication", "\(event.publication)"),
                ], event.details, event.arguments)
        }
        let line = WAMPText.line(event.arguments)
        guard namesTopic else { return line }
        let name = WAMPText.name(topic)
        return line.isEmpty ? name : name + "\t" + line
    }
}
