// What sections of dialects that call procedures have in common.

extension Configuration {
    /// How a request object becomes the arguments of a procedure.
    package enum ArgumentForm: String, CaseIterable, Sendable { case object, keywords }

    /// What of a procedure's result is the answer.
    package enum ResultForm: String, CaseIterable, Sendable { case value, first }

    /// How what clients ask for becomes a call.
    package struct Calling: Sendable, Equatable {
        /// May hold `{method}`.
        package var procedure: String
        package var arguments = ArgumentForm.object
        package var result = ResultForm.value
        /// Zero: no limit.
        package var time: Duration

        package init(procedure: String = "{method}", time: Duration) {
            self.procedure = procedure
            self.time = time
        }

        /// The keys, for whatever calls.
        ///
        /// - Parameters:
        ///   - summary: Which procedure it is that the first key names.
        ///   - timeKey: What the last key is called.
        package static func settings(
            procedure summary: String, timeKey: String = "call_time"
        ) -> [Setting<Calling>] {
            [
                Setting("procedure", \.procedure, .procedureTemplate, summary),
                Setting(
                    "arguments", \.arguments, .choice,
                    "How the object a client sends along reaches a procedure: as its only argument, "
                        + "or as its keywords (what wampy services take)."),
                Setting(
                    "result", \.result, .choice,
                    "What clients get of a result: all of it as one value, or its first argument "
                        + "(what wampy services answer)."),
                Setting(
                    timeKey, \.time, .duration(Duration.zero...Duration.seconds(86_400)),
                    "How long a call may take. Then it is answered with an error. 0: no limit."),
            ]
        }
    }

    package static let roleSummary =
        "The role of the clients: a [[realm.role]] of the realm. Missing: they may do everything."
    package static let realmSummary =
        "The realm of the clients; the one of [server] if missing."
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
