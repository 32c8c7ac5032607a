// References — names that one table says and another one has: back ends, realms, roles.

extension Configuration {
    /// What is named and does not exist, or is named twice.
    var references: [(key: String, message: String)] {
        var broken: [(key: String, message: String)] = []
        func refuseTwice(_ names: [String], _ table: String, _ key: String) {
            var seen: Set<String> = []
            for (index, name) in names.enumerated() where !seen.insert(name).inserted {
                broken.append(("\(table).\(index).\(key)", "is given twice"))
            }
        }
        refuseTwice(backEnds.map(\.name), "backend", "name")
        refuseTwice(endpoints.map(\.name), "endpoint", "name")
        refuseTwice(rabbitMQ.map(\.name), "rabbitmq", "name")
        refuseTwice(redis.map(\.name), "redis", "name")
        refuseTwice(
            procedures.map { "\($0.realm ?? server.realm)\n\($0.uri)\n\($0.match.rawValue)" },
            "procedure", "uri")

        let backEndNames = backEnds.map(\.name)
        func demandBackEnd(_ name: String?, _ key: String) {
            guard let name, !backEndNames.contains(name) else { return }
            broken.append((key, Self.missing(name, "[[backend]]", among: backEndNames)))
        }
        for (index, procedure) in procedures.enumerated() {
            demandBackEnd(procedure.backEnd, "procedure.\(index).backend")
        }
        for (name, gate) in [
            ("openapi", openapi.gate), ("hightemplar", hightemplar.gate),
            ("rohrpost", rohrpost.gate), ("wamp", wamp.gate),
        ] {
            demandBackEnd(gate.backEnd, "\(name).backend")
            guard let key = gate.strayKey else { continue }
            broken.append(("\(name).\(key)", "has no meaning without \(name).backend"))
        }
        for (index, route) in routes.enumerated() {
            demandBackEnd(route.gate.backEnd, "route.\(index).backend")
        }
        for (index, endpoint) in endpoints.enumerated() {
            demandBackEnd(endpoint.backEnd, "endpoint.\(index).backend")
        }

        for (key, realm, role) in memberships {
            let name = realm ?? server.realm
            guard let found = realms.first(where: { $0.name == name }) else {
                if realm != nil {
                    broken.append(
                        (
                            "\(key).realm",
                            Self.missing(name, "[[realm]]", among: realms.map(\.name))
                        ))
                }
                continue
            }
            let roles = found.roles.map(\.name)
            guard let role, !roles.contains(role) else { continue }
            broken.append(
                ("\(key).role", Self.missing(role, "[[realm.role]] of it", among: roles)))
        }
        return broken
    }

    /// Who is in which realm, and has which role there.
    private var memberships: [(key: String, realm: String?, role: String?)] {
        var members: [(key: String, realm: String?, role: String?)] = [
            ("openapi", openapi.realm, openapi.role),
            ("hightemplar", hightemplar.realm, nil),
            ("rohrpost", rohrpost.realm, rohrpost.role),
            ("shampoo", shampoo.realm, nil),
        ]
        for (index, route) in routes.enumerated() {
            members.append(("route.\(index)", route.realm, route.role))
        }
        for (index, endpoint) in endpoints.enumerated() {
            members.append(("endpoint.\(index)", shampoo.realm, endpoint.role))
        }
        for (index, procedure) in procedures.enumerated() {
            members.append(("procedure.\(index)", procedure.realm, nil))
        }
        for (index, broker) in rabbitMQ.enumerated() {
            for (place, source) in broker.sources.enumerated() {
                members.append(("rabbitmq.\(index).source.\(place)", source.realm, nil))
            }
        }
        for (index, broker) in redis.enumerated() {
            for (place, source) in broker.sources.enumerated() {
                members.append(("redis.\(index).source.\(place)", source.realm, nil))
            }
            for (place, sink) in broker.sinks.enumerated() {
                members.append(("redis.\(index).sink.\(place)", sink.realm, nil))
            }
        }
        return members
    }

    private static func missing(
        _ name: String, _ table: String, among names: [String]
    ) -> String {
        let closest = Suggestion.closest(to: name, among: names)
        return "is \(TOMLText.quoted(name)), and no \(table) has that name"
            + (closest.map { "; did you mean \(TOMLText.quoted($0))?" } ?? "")
    }
}
