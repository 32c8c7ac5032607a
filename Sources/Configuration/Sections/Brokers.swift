// [[rabbitmq]], [[redis]] — brokers whose messages are published here.

extension Configuration {
    package struct RabbitMQ: RecordDescription {
        package var name = "rabbitmq"
        package var host = "127.0.0.1"
        package var port = 5672
        package var username = "guest"
        package var password: Secret?
        package var virtualHost = "/"
        package var heartbeat = Duration.seconds(10)
        package var highTemplarExchange: String?
        package var sources: [Source] = []

        package init() {}

        package static let name = "rabbitmq"
        package static let summary = "A RabbitMQ broker, and what is taken from it."
        package static let settings: [Setting<RabbitMQ>] = [
            Setting("name", \.name, .name, "What metrics and the log call it."),
            Setting("host", \.host, .host, "Where it is."),
            Setting("port", \.port, .count(1...65_535), "Its port."),
            Setting("username", \.username, .identity, "Who we are."),
            Setting(secret: "password", \.password, "Our password; \"guest\" if missing."),
            Setting("virtual_host", \.virtualHost, .identity, "The virtual host."),
            Setting(
                "heartbeat", \.heartbeat, .duration(Duration.seconds(1)...Duration.seconds(3600)),
                "Silence after which the connection counts as lost, at the latest after twice."),
            Setting(
                optional: "hightemplar_exchange", \.highTemplarExchange, .identity,
                "The exchange of high-templar's triggers (\"hightemplar\" with its own defaults)."),
        ]
        package static let parts: [RecordPart<RabbitMQ>] = [RecordPart(\.sources)]

        package struct Source: RecordDescription {
            package var queue = ""
            package var exchange: String?
            package var bindings: [String] = []
            package var durable = true
            package var prefetch = 256
            package var room = "{routing_key:dotted}"
            package var kind = SourceKind.publish
            package var realm: String?

            package init() {}

            package static let name = "source"
            package static let summary = "A queue whose messages are published."
            package static let settings: [Setting<Source>] = [
                Setting("queue", \.queue, .identity, "The queue; it is declared."),
                Setting(
                    optional: "exchange", \.exchange, .identity,
                    "The exchange it is bound to, which must exist."),
                Setting(
                    "bindings", \.bindings, .list(of: .identity, atMost: 256), "With these keys."),
                Setting("durable", \.durable, .flag, "Whether the queue outlives the broker."),
                Setting(
                    "prefetch", \.prefetch, .count(1...65_535),
                    "Messages under way that are not acknowledged."),
                Setting("room", \.room, .template, roomSummary),
                Setting("kind", \.kind, .choice, kindSummary),
                Setting(optional: "realm", \.realm, .realmName, realmSummary),
            ]
            package static let required = ["queue"]
        }
    }

    package struct Redis: RecordDescription {
        package var name = "redis"
        package var host = "127.0.0.1"
        package var port = 6379
        package var socket: String?
        package var username: String?
        package var password: Secret?
        package var database = 0
        package var sources: [Source] = []
        package var sinks: [Sink] = []

        package init() {}

        package static let name = "redis"
        package static let summary = "A Redis server, and which of its channels are published here."
        package static let settings: [Setting<Redis>] = [
            Setting("name", \.name, .name, "What metrics and the log call it."),
            Setting("host", \.host, .host, "Where it is."),
            Setting("port", \.port, .count(1...65_535), "Its port."),
            Setting(optional: "socket", \.socket, .file, "A Unix socket in place of both."),
            Setting(optional: "username", \.username, .identity, "Who we are, if it asks."),
            Setting(secret: "password", \.password, "Our password, if it asks."),
            Setting("database", \.database, .count(0...1_000_000), "The database to select."),
        ]
        package static let parts: [RecordPart<Redis>] = [
            RecordPart(\.sources), RecordPart(\.sinks),
        ]

        package struct Source: RecordDescription {
            package var channels: [String] = []
            package var patterns: [String] = []
            package var room = "{channel:dotted}"
            package var kind = SourceKind.publish
            package var realm: String?

            package init() {}

            package static let name = "source"
            package static let summary = "Channels whose messages are published."
            package static let settings: [Setting<Source>] = [
                Setting(
                    "channels", \.channels, .list(of: .identity, atMost: 10_000), "By their names."
                ),
                Setting(
                    "patterns", \.patterns, .list(of: .identity, atMost: 1000),
                    "By patterns, as PSUBSCRIBE has them."),
                Setting("room", \.room, .template, roomSummary),
                Setting("kind", \.kind, .choice, kindSummary),
                Setting(optional: "realm", \.realm, .realmName, realmSummary),
            ]

            package func faults(given: Set<String>) -> [RecordFault] {
                channels.isEmpty && patterns.isEmpty
                    ? [RecordFault(["channels"], "is missing, and so is patterns")] : []
            }
        }

        package struct Sink: RecordDescription {
            package var room = ""
            package var match = Match.exact
            package var channel = "{room}"
            package var realm: String?

            package init() {}

            package static let name = "sink"
            package static let summary =
                "Rooms whose publications are sent to a channel, as one JSON value each. What came "
                + "from the same server does not return."
            package static let settings: [Setting<Sink>] = [
                Setting("room", \.room, .pattern, "The rooms, together with match."),
                Setting("match", \.match, .choice, "How names are compared."),
                Setting(
                    "channel", \.channel, .template,
                    "The channel; {room} is the dotted name of the room."),
                Setting(optional: "realm", \.realm, .realmName, realmSummary),
            ]
            package static let required = ["room"]

            package func faults(given: Set<String>) -> [RecordFault] {
                patternFaults(room, match).map { RecordFault(["room"], $0.message) }
            }
        }
    }

    /// What a broker's messages are.
    package enum SourceKind: String, CaseIterable, Sendable {
        case publish, trigger, notification
    }

    private static let roomSummary =
        "The room that a message goes to; {channel} or {routing_key} is where it came from, {1}, "
        + "{2} … what the wildcards of its pattern stand for. Each is a part of one segment, "
        + "whatever it contains; with :dotted its dots separate segments."
    private static let kindSummary =
        "What a message is: the payload for the room, a trigger of high-templar, or a model change "
        + "of rohrpost; the last two say themselves where they go."
}

extension Format where Value == String {
    internal static var host: Format {
        text("a host name or an IP address") { text in
            !text.isEmpty && text.utf8.count <= 253
                && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x2F }
        }
    }
}
