// [hightemplar] — the high-templar dialect: an application says who may join which rooms.

extension Configuration {
    package struct HighTemplar: SectionDescription {
        package enum HelloKeys: String, CaseIterable, Sendable { case authorized, both }
        package enum PublishMatch: String, CaseIterable, Sendable { case covering, exact }
        package enum SubscribeMatch: String, CaseIterable, Sendable { case literal, pattern }

        package var paths = ["/ws/", "/ws"]
        package var apiURL: String?
        package var apiSocket: String?
        package var allowedRooms: [String] = []
        package var bootstrapTime = Duration.seconds(20)
        package var inFlight = 256
        package var headers: [HeaderSource] = []
        package var hooks = false
        package var helloKeys = HelloKeys.authorized
        package var publishMatch = PublishMatch.covering
        package var subscribeMatch = SubscribeMatch.literal
        package var replyRequestID = false
        package var idleTime = Duration.seconds(300)
        package var triggerPath: String? = "/trigger/"
        package var triggerToken: Secret?
        package var realm: String?

        package var gate = Gate()

        package init() {}

        package static let name = "hightemplar"
        package static let summary =
            "The high-templar dialect: the application says at connect which rooms a client may "
            + "join, and triggers publish to them. Without an api_url or allowed_rooms clients get "
            + "503."
        package static let settings: [Setting<HighTemplar>] =
            [
                Setting(
                    "paths", \.paths, .list(of: .path, atMost: 64),
                    "Where it is spoken, compared exactly. Empty: nowhere."),
                Setting(
                    "api_url", \.apiURL, .optional(.baseURL),
                    "The application, which is asked for bootstrap/ under this URL."),
                Setting(
                    "api_socket", \.apiSocket, .optional(.file),
                    "A Unix socket to connect to; host and path are still those of the URL."),
                Setting(
                    "allowed_rooms", \.allowedRooms, .list(of: .jsonObject, atMost: 10_000),
                    "Rooms that everybody may join, as JSON, in place of an application."),
                Setting(
                    "bootstrap_time", \.bootstrapTime,
                    .duration(Duration.milliseconds(1)...Duration.seconds(3600)),
                    "From the question to the application's answer. Then the client is refused."),
                Setting(
                    "in_flight", \.inFlight, .count(1...10_000),
                    "Questions under way at a time. Further clients wait."),
                Setting(
                    "headers", \.headers, .list(of: .headerSource, atMost: 64),
                    "Further header fields of the question and where they come from: a header, a query "
                        + "parameter or a cookie of the client, or fixed text."),
                Setting(
                    "hooks", \.hooks, .flag,
                    "Tell the application who comes, is alive and goes (user/notify_online/ and "
                        + "user/notify_offline/)."),
                Setting(
                    "hello_keys", \.helloKeys, .choice,
                    "What the first message says: is_authorized, or is_authenticated as well."),
                Setting(
                    "publish_match", \.publishMatch, .choice,
                    "Whether \"*\" in a trigger covers all rooms, or stands for itself."),
                Setting(
                    "subscribe_match", \.subscribeMatch, .choice,
                    "Whether \"*\" in a subscription stands for itself, or for every value."),
                Setting(
                    "reply_request_id", \.replyRequestID, .flag,
                    "Repeat the requestId in replies, as version 2 did."),
                Setting(
                    "idle_time", \.idleTime,
                    .duration(Duration.seconds(1)...Duration.seconds(86_400)),
                    "Without any message of the client. Then close."),
                Setting(
                    "trigger_path", \.triggerPath, .optional(.path),
                    "Where triggers are posted to. Without a token it answers only while the server "
                        + "listens on a loopback address."),
                Setting(
                    secret: "trigger_token", \.triggerToken,
                    "What triggers send as \"Authorization: Bearer TOKEN\"."),
                Setting("realm", \.realm, .optional(.realmName), realmSummary),
            ] + Gate.settings.map { $0.nested(in: \.gate) }
    }

    /// Where a header field of a question comes from: `X-Token: query token`.
    package struct HeaderSource: Sendable, Equatable, CustomStringConvertible {
        package enum Kind: String, CaseIterable, Sendable { case header, query, cookie, fixed }

        package let name: String
        package let kind: Kind
        /// The name of what it is taken from, or the fixed text.
        package let argument: String

        package init?(_ text: String) {
            guard let field = HeaderField(text), let space = field.value.firstIndex(of: " "),
                let kind = Kind(rawValue: String(field.value[..<space]))
            else { return nil }
            name = field.name
            self.kind = kind
            argument = String(field.value[field.value.index(after: space)...])
            guard !argument.isEmpty else { return nil }
        }

        /// Fixed text may well be a key, and is not told.
        package var description: String {
            "\(name): \(kind.rawValue) \(kind == .fixed ? "(secret)" : argument)"
        }
    }
}

extension Format where Value == Configuration.HeaderSource {
    internal static var headerSource: Format {
        word(
            "a header field and its source, such as \"X-Session-Token: query session_token\" "
                + "(header, query, cookie or fixed)",
            parse: { Configuration.HeaderSource($0) }, write: { $0.description })
    }
}

extension Format where Value == String {
    /// Text that looks like a JSON object; the dialect reads it.
    internal static var jsonObject: Format {
        text(#"a JSON object such as '{"target":"chat"}'"#) {
            $0.hasPrefix("{") && $0.hasSuffix("}") && $0.utf8.count <= 4096
        }
    }
}
