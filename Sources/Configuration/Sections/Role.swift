// [[realm.role]], [[realm.role.rule]], [[realm.history]] — what may be done where, and what is
// kept.
//
// Of the rules that match a URI the most specific one decides: exact before prefix, the longer
// prefix before the shorter, prefix before wildcard. Without one it is denied.

extension Configuration.Realm {
    package struct Role: RecordDescription {
        package var name = ""
        package var rules: [Rule] = []

        package init() {}

        package static let name = "role"
        package static let summary =
            "What a session may do: a name, and rules of which the most specific one decides (the "
            + "same URI, then the longest prefix, then a wildcard). What no rule allows is denied."
        package static let settings: [Setting<Role>] = [
            Setting("name", \.name, .identity, "What anonymous_role and principals say.")
        ]
        package static let required = ["name"]
        package static let parts = [RecordPart(\Role.rules)]

        package func faults(given: Set<String>) -> [RecordFault] {
            var seen: Set<String> = []
            return rules.enumerated().compactMap { index, rule in
                if seen.insert("\(rule.uri)\n\(rule.match.rawValue)").inserted { return nil }
                return RecordFault(
                    ["rule", String(index), "uri"],
                    "is given twice with the same \"match\"; one rule says all about it")
            }
        }
    }

    package struct Rule: RecordDescription {
        package enum Action: String, CaseIterable, Sendable {
            case call, register, publish, subscribe
        }

        /// Whether receivers learn who a caller or publisher is.
        package enum Disclosure: String, CaseIterable, Sendable {
            case onRequest = "on request"
            case always, never
        }

        package var uri = ""
        package var match = Configuration.Match.exact
        package var allow: [Action] = []
        package var disclose = Disclosure.onRequest
        package var takeOver = false

        package init() {}

        package static let name = "rule"
        package static let summary = "What the role may do with some URIs."
        package static let settings: [Setting<Rule>] = [
            Setting("uri", \.uri, .pattern, "The URIs, together with match."),
            Setting(
                "match", \.match, .choice,
                "How URIs are compared: equal, by how they begin, or component by component, of "
                    + "which an empty one stands for any."),
            Setting(
                "allow", \.allow, .list(of: .choice),
                "What may be done. An empty list denies what a wider rule allows."),
            Setting(
                "disclose", \.disclose, .choice,
                "Whether receivers learn who called or published: when the sender or the callee "
                    + "asks for it, always, or never (who asks is refused)."),
            Setting(
                "take_over", \.takeOver, .flag,
                "May replace procedures that others have registered (force_reregister)."),
        ]
        package static let required = ["uri", "allow"]

        package func faults(given: Set<String>) -> [RecordFault] {
            patternFaults(uri, match)
        }
    }

    package struct History: RecordDescription {
        package var uri = ""
        package var match = Configuration.Match.exact
        package var limit = 1000
        /// Octets.
        package var size = 1 << 20

        package init() {}

        package static let name = "history"
        package static let summary =
            "Events that are kept, to be had by wamp.subscription.get_events."
        package static let settings: [Setting<History>] = [
            Setting("uri", \.uri, .pattern, "The topics, together with match."),
            Setting("match", \.match, .choice, "As in a rule."),
            Setting(
                "limit", \.limit, .count(1...1_000_000), "Events that are kept. Then the oldest go."
            ),
            Setting(
                "size", \.size, .size(1024...(1 << 40)),
                "Octets of all of them. Then the oldest go."),
        ]
        package static let required = ["uri"]

        package func faults(given: Set<String>) -> [RecordFault] {
            patternFaults(uri, match)
        }
    }
}

/// What is wrong with a URI once it is known how it is matched.
internal func patternFaults(_ uri: String, _ match: Configuration.Match) -> [RecordFault] {
    // The habit of other routers. A topic that ends so would be a curious one.
    if uri.hasSuffix("*") {
        return [
            RecordFault(
                ["uri"],
                "is \(TOMLText.quoted(uri)); leave the \"*\" away and say match = \"prefix\"")
        ]
    }
    guard !URIText.isValid(uri, as: match, isStrict: false) else { return [] }
    let hint =
        match == .exact
        ? "; match = \"wildcard\" allows empty components, match = \"prefix\" an empty last one"
        : "; match = \"wildcard\" allows empty components"
    return [
        RecordFault(["uri"], "is \(TOMLText.quoted(uri)), which has an empty component" + hint)
    ]
}
