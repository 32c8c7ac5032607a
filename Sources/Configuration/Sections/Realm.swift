// [[realm]] — a name space of WAMP, and who may join it.
//
// Subscriptions, registrations and sessions never cross it. Roles say what may be done
// (`Role.swift`), principals who has which role (`Principal.swift`), histories what is kept.

extension Configuration {
    package struct Realm: RecordDescription {
        package var name = ""
        package var strictURIs = false
        /// The role of sessions that do not authenticate; `nil`: there are none.
        package var anonymousRole: String?
        package var metaAPI = true
        package var retainedEvents = 10_000
        /// Octets.
        package var retainedSize = 64 << 20
        package var roles: [Role] = []
        package var principals: [Principal] = []
        package var histories: [History] = []

        package init() {}

        package static let name = "realm"
        package static let summary =
            "A realm. Without any there is one that everybody may join and do everything in, while "
            + "all addresses that clients reach are loopback; with any, these are all there are."
        package static let settings: [Setting<Realm>] = [
            Setting("name", \.name, .realmName, "What clients join."),
            Setting(
                "strict_uris", \.strictURIs, .flag,
                "Accept only URIs whose components are of a-z, 0-9 and \"_\"."),
            Setting(
                optional: "anonymous_role", \.anonymousRole, .identity,
                "The role of sessions that do not authenticate. Without it there are none."),
            Setting(
                "meta_api", \.metaAPI, .flag,
                "Offer the procedures and events about sessions, subscriptions and registrations "
                    + "(wamp.session.count …) to roles that may use them."),
            Setting(
                "retained_events", \.retainedEvents, .count(0...10_000_000),
                "Events published with \"retain\" that are kept. Then the oldest go."),
            Setting(
                "retained_size", \.retainedSize, .size(0...(1 << 40)),
                "Octets of all retained events. Then the oldest go."),
        ]
        package static let required = ["name"]
        package static let parts: [RecordPart<Realm>] = [
            RecordPart(\.roles), RecordPart(\.principals), RecordPart(\.histories),
        ]
    }
}

// MARK: What one value alone cannot say

extension Configuration.Realm {
    package func faults(given: Set<String>) -> [RecordFault] {
        let names = Set(roles.map(\.name))
        var faults = repeated(roles.map(\.name), "role", "name") + principalFaults
        faults += repeated(
            histories.map { "\($0.uri)\n\($0.match.rawValue)" }, "history", "uri",
            "is given twice with the same \"match\"")
        if let anonymousRole, !names.contains(anonymousRole) {
            faults.append(RecordFault(["anonymous_role"], unknownRole(anonymousRole)))
        }
        for (index, principal) in principals.enumerated() where !names.contains(principal.role) {
            faults.append(
                RecordFault(["principal", String(index), "role"], unknownRole(principal.role)))
        }
        return faults + (strictURIs ? looseURIs : [])
    }

    private func unknownRole(_ name: String) -> String {
        let closest = Suggestion.closest(to: name, among: roles.map(\.name))
        return "is \(TOMLText.quoted(name)), and no [[realm.role]] has that name"
            + (closest.map { "; did you mean \(TOMLText.quoted($0))?" } ?? "")
    }

    private var principalFaults: [RecordFault] {
        let identities = principals.map { "\($0.authID)\n\($0.method.rawValue)" }
        var faults = repeated(
            identities, "principal", "authid", "is given twice with the same \"method\"")
        // A client may name only its key, which must tell who it is.
        var owners: [String: Int] = [:]
        for (index, principal) in principals.enumerated() {
            let isShared = principal.publicKeys.contains {
                owners.updateValue(index, forKey: $0) ?? index != index
            }
            guard isShared else { continue }
            faults.append(
                RecordFault(
                    ["principal", String(index), "public_keys"],
                    "has a key that another principal has, too"))
        }
        return faults
    }

    /// Patterns that the strict rule does not allow, although the loose one does.
    private var looseURIs: [RecordFault] {
        let message = "has components that strict_uris does not allow"
        var faults: [RecordFault] = []
        for (role, rules) in roles.map(\.rules).enumerated() {
            for (index, rule) in rules.enumerated()
            where !URIText.isValid(rule.uri, as: rule.match, isStrict: true) {
                let path = ["role", String(role), "rule", String(index), "uri"]
                faults.append(RecordFault(path, message))
            }
        }
        for (index, history) in histories.enumerated()
        where !URIText.isValid(history.uri, as: history.match, isStrict: true) {
            faults.append(RecordFault(["history", String(index), "uri"], message))
        }
        return faults
    }

    private func repeated(
        _ names: [String], _ part: String, _ key: String, _ message: String = "is given twice"
    ) -> [RecordFault] {
        var seen: Set<String> = []
        return names.enumerated().compactMap { index, name in
            seen.insert(name).inserted ? nil : RecordFault([part, String(index), key], message)
        }
    }
}
