// [shampoo], [[endpoint]] — the Shampoo dialect and its endpoints.

extension Configuration {
    package struct Shampoo: SectionDescription {
        package var strict = false
        package var realm: String?

        package init() {}

        package static let name = "shampoo"
        package static let summary =
            "The Shampoo dialect, wherever a client offers the subprotocol shampoo. The tables "
            + "[[endpoint]] say what there is."
        package static let settings: [Setting<Shampoo>] = [
            Setting(
                "strict", \.strict, .flag,
                "Close (3012) on requests without type, as the reference does."),
            Setting("realm", \.realm, .optional(.realmName), realmSummary),
        ]
    }

    package struct Endpoint: RecordDescription {
        package var name = ""
        package var path = ""
        package var rooms: [String] = []
        package var pushKey = "data"
        package var pushEvent: String?
        package var passGroups = false
        package var role: String?
        package var backEnd: String?
        package var connectTarget: String?
        package var disconnectTarget: String?
        package var methods: [Method] = []

        package init() {}

        package static let name = "endpoint"
        package static let summary =
            "A Shampoo endpoint: connections whose path its expression finds. The first that "
            + "matches counts."
        package static let settings: [Setting<Endpoint>] = [
            Setting("name", \.name, .identity, "What the application and the log call it."),
            Setting(
                "path", \.path, .expression,
                "A regular expression that is searched in the path; named groups are the "
                    + "connection's arguments."),
            Setting(
                "rooms", \.rooms, .list(of: .template, atMost: 64),
                "The rooms that its connections are in; named groups stand in braces."),
            Setting(
                "push_key", \.pushKey, .identity,
                "The member that holds what is pushed and is no object."),
            Setting(
                optional: "push_event", \.pushEvent, .identity,
                "The event of every push; the last segment of the room if missing."),
            Setting(
                "pass_groups", \.passGroups, .flag,
                "Give the named groups to procedures, as members of the request."),
            Setting(optional: "role", \.role, .identity, roleSummary),
            Setting(
                optional: "backend", \.backEnd, .name,
                "Who is asked about new connections: the name of a [[backend]]."),
            Setting(
                optional: "connect_target", \.connectTarget, .target,
                "The path under the back end's URL that decides about a connection."),
            Setting(
                optional: "disconnect_target", \.disconnectTarget, .target,
                "The path that is told when one has ended."),
        ]
        package static let required = ["name", "path"]
        package static let parts: [RecordPart<Endpoint>] = [RecordPart(\.methods)]

        package func faults(given: Set<String>) -> [RecordFault] {
            var faults: [RecordFault] = []
            var seen: Set<String> = []
            for (index, method) in methods.enumerated() where !seen.insert(method.name).inserted {
                faults.append(RecordFault(["method", String(index), "name"], "is given twice"))
            }
            if backEnd == nil, connectTarget != nil || disconnectTarget != nil {
                faults.append(
                    RecordFault(
                        [connectTarget != nil ? "connect_target" : "disconnect_target"],
                        "has no meaning without backend"))
            }
            return faults
        }

        package struct Method: RecordDescription {
            package var name = ""
            package var calling = Calling(procedure: "", time: .seconds(30))

            package init() {}

            package static let name = "method"
            package static let summary = "A method that clients of the endpoint may call."
            package static let settings: [Setting<Method>] =
                [Setting("name", \.name, .identity, "What clients call it.")]
                + Calling.settings(procedure: "The procedure it is.", timeKey: "time")
                .map { $0.nested(in: \.calling) }
            package static let required = ["name", "procedure"]
        }
    }
}

extension Format where Value == String {
    /// A regular expression, which the dialect compiles.
    internal static var expression: Format {
        text("a regular expression such as \"^/number/(?P<number>\\\\d+)/?$\"") { text in
            !text.isEmpty && text.utf8.count <= 4096 && !text.utf8.contains(0)
        }
    }
}
