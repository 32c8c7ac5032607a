// What sections of dialects that call procedures have in common.

extension Configuration {
    /// How a request object becomes the arguments of a procedure.
    package enum ArgumentForm: String, CaseIterable, Sendable { case object, keywords }

    /// What of a procedure's result is the answer.
    package enum ResultForm: String, CaseIterable, Sendable { case value, first }

    package static let argumentsSummary =
        "How the object a client sends along reaches a procedure: as its only argument, or as its "
        + "keywords (what wampy services take)."
    package static let resultSummary =
        "What clients get of a result: all of it as one value, or its first argument (what wampy "
        + "services answer)."
    package static let roleSummary =
        "The role of the clients: a [[realm.role]] of the realm. Missing: they may do everything."
    package static let realmSummary =
        "The realm of the clients; the one of [server] if missing."
    package static let callTimes = Duration.zero...Duration.seconds(86_400)
}

extension Format where Value == String {
    /// The name of a procedure, in which `{method}` may stand.
    internal static var procedureTemplate: Format {
        text("the name of a procedure, such as \"com.example.total\" or \"rpc.{method}\"") { text in
            !text.isEmpty && text.utf8.count <= 255
                && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        }
    }
}
