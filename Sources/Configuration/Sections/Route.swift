// [[route]] — further paths of the dialects, each with a realm and a role of its own.

extension Configuration {
    package struct Route: RecordDescription {
        package enum Dialect: String, CaseIterable, Sendable { case openapi, hightemplar, rohrpost }

        package var path = ""
        package var dialect = Dialect.openapi
        package var subprotocol: String?
        package var realm: String?
        package var role: String?
        package var apiURL: String?
        package var apiSocket: String?
        package var allowedRooms: [String] = []
        package var publishMatch: HighTemplar.PublishMatch?
        package var subscribeMatch: HighTemplar.SubscribeMatch?

        package var gate = Gate()

        package init() {}

        package static let name = "route"
        package static let summary =
            "A further path of a dialect, which is spoken as its section says but for what stands "
            + "here."
        package static let settings: [Setting<Route>] =
            [
                Setting("path", \.path, .path, "The path, compared exactly."),
                Setting("dialect", \.dialect, .choice, "What is spoken there."),
                Setting(
                    optional: "subprotocol", \.subprotocol, .name,
                    "Only for clients that offer this subprotocol; it is agreed on."),
                Setting(optional: "realm", \.realm, .realmName, realmSummary),
                Setting(optional: "role", \.role, .identity, roleSummary),
                Setting(
                    optional: "api_url", \.apiURL, .baseURL,
                    "high-templar: another application than that of [hightemplar]."),
                Setting(
                    optional: "api_socket", \.apiSocket, .file, "high-templar: its Unix socket."),
                Setting(
                    "allowed_rooms", \.allowedRooms, .list(of: .jsonObject, atMost: 10_000),
                    "high-templar: rooms that everybody may join there."),
                Setting(
                    optional: "publish_match", \.publishMatch, .choice, "high-templar: as there."),
                Setting(
                    optional: "subscribe_match", \.subscribeMatch, .choice,
                    "high-templar: as there."),
            ] + Gate.settings.map { $0.nested(in: \.gate) }
        package static let required = ["path", "dialect"]

        package func faults(given: Set<String>) -> [RecordFault] {
            if let key = gate.strayKey {
                return [RecordFault([key], "has no meaning without backend")]
            }
            guard dialect != .hightemplar else {
                return role == nil
                    ? []
                    : [
                        RecordFault(
                            ["role"], "has no meaning: the application says what is allowed")
                    ]
            }
            let own = [
                "api_url", "api_socket", "allowed_rooms", "publish_match", "subscribe_match",
            ]
            return own.filter(given.contains).map {
                RecordFault([$0], "has no meaning for \(dialect.rawValue)")
            }
        }
    }
}
