// [[backend]], [[procedure]] — HTTP applications behind the server, and what they answer.

extension Configuration {
    package struct BackEnd: RecordDescription {
        package var name = ""
        package var url = ""
        package var socket: String?
        package var time = Duration.seconds(10)
        package var connectTime = Duration.seconds(3)
        package var inFlight = 256
        package var waiting = 65_536
        package var answerSize = 1 << 20
        package var headers: [HeaderField] = []
        package var caFile: String?
        package var breakerFailures = 20
        package var breakerTime = Duration.seconds(5)

        package init() {}

        private static let seconds = Duration.milliseconds(1)...Duration.seconds(3600)

        package static let name = "backend"
        package static let summary =
            "An HTTP application behind the server. Other tables say by its name what it is asked."
        package static let settings: [Setting<BackEnd>] = [
            Setting("name", \.name, .name, "What other tables call it."),
            Setting("url", \.url, .baseURL, "What the path of each request is appended to."),
            Setting(
                optional: "socket", \.socket, .file,
                "A Unix socket to connect to; host and path are still those of the URL."),
            Setting(
                "time", \.time, .duration(seconds),
                "From asking to the end of the answer, waiting for others included. Then what asked "
                    + "gets its error."),
            Setting(
                "connect_time", \.connectTime, .duration(seconds),
                "From connecting to connected. Then the request fails."),
            Setting(
                "in_flight", \.inFlight, .count(1...10_000),
                "Requests under way at a time. Further ones wait."),
            Setting(
                "waiting", \.waiting, .count(0...10_000_000),
                "Requests that wait. Then further ones fail at once."),
            Setting(
                "answer_size", \.answerSize, .size(0...(1 << 30)),
                "Octets of an answer. Then the request fails."),
            Setting(
                "headers", \.headers, .list(of: .headerField, atMost: 64),
                "Header fields that every request gets."),
            Setting(
                optional: "ca_file", \.caFile, .file,
                "Certificates that an https application may be signed by, in place of the system's."
            ),
            Setting(
                "breaker_failures", \.breakerFailures, .count(0...1_000_000),
                "Failures in a row until the application is left alone for a while. 0: never."),
            Setting(
                "breaker_time", \.breakerTime, .duration(seconds),
                "How long it is left alone; then one request tries."),
        ]
        package static let required = ["name", "url"]
    }

    package struct Procedure: RecordDescription {
        package var uri = ""
        package var match = Match.exact
        package var realm: String?
        package var backEnd = ""
        package var target = ""
        package var time = Duration.seconds(10)

        package init() {}

        package static let name = "procedure"
        package static let summary =
            "A procedure that a back end answers, for clients of every dialect: POST of a JSON "
            + "object with procedure, args, kwargs and context."
        package static let settings: [Setting<Procedure>] = [
            Setting("uri", \.uri, .pattern, "The procedures, together with match."),
            Setting("match", \.match, .choice, "How names are compared."),
            Setting(
                optional: "realm", \.realm, .realmName, "The realm; the one of [server] if missing."
            ),
            Setting("backend", \.backEnd, .name, "Who answers: the name of a [[backend]]."),
            Setting("target", \.target, .target, "The path that is appended to its URL."),
            Setting(
                "time", \.time, .duration(Duration.milliseconds(1)...Duration.seconds(3600)),
                "How long it may take. Then the caller gets wamp.error.timeout."),
        ]
        package static let required = ["uri", "backend"]

        package func faults(given: Set<String>) -> [RecordFault] {
            patternFaults(uri, match)
        }
    }

    /// A header field, written as one text: `X-Api-Key: abc`.
    package struct HeaderField: Sendable, Equatable, CustomStringConvertible {
        package let name: String
        package let value: String

        package init?(_ text: String) {
            guard let colon = text.firstIndex(of: ":") else { return nil }
            name = String(text[..<colon])
            value = String(text[text.index(after: colon)...].drop { $0 == " " })
            // RFC 9110 §5.1, §5.5.
            guard !name.isEmpty, name.utf8.count <= 256, name.utf8.allSatisfy(Self.isToken),
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 })
            else { return nil }
        }

        /// Without the value, which may well be a key.
        package var description: String { "\(name): (secret)" }

        static func isToken(_ octet: UInt8) -> Bool {
            switch octet {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "!#$%&'*+-.^_`|~".utf8.contains(octet)
            }
        }
    }
}

extension Format where Value == Configuration.HeaderField {
    internal static var headerField: Format {
        word(
            "a header field such as \"X-Api-Key: abc\"",
            parse: { Configuration.HeaderField($0) }, write: { $0.description })
    }
}

extension Format where Value == String {
    /// The start of a URL, to which paths are appended as they stand. Written without the user and
    /// the password that it may have.
    internal static var baseURL: Format {
        word(
            "a URL such as \"http://127.0.0.1:8080/api/\"", parse: { isBaseURL($0) ? $0 : nil },
            write: { url in
                URLText.aroundUser(of: url).map { $0.before + "(secret)@" + $0.after } ?? url
            })
    }

    private static func isBaseURL(_ text: String) -> Bool {
        (text.hasPrefix("http://") || text.hasPrefix("https://"))
            && text.utf8.count <= 2000
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            && text.drop { $0 != "/" }.dropFirst(2).first.map { $0 != "/" } ?? false
    }

    /// What is appended to one.
    internal static var target: Format {
        text("a path such as \"carillon/call\"") { text in
            text.utf8.count <= 2000 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
    }

    internal static var file: Format {
        text("the path of a file") { text in
            !text.isEmpty && text.utf8.count <= 4096 && !text.utf8.contains(0)
        }
    }
}
