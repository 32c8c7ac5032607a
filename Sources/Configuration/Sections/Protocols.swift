// [api], [openapi], [websocket] — what clients can do and how.

extension Configuration {
    package struct API: SectionDescription {
        /// `nil`: the API answers only while the listener is loopback.
        package var key: Secret?

        package init() {}

        package static let name = "api"
        package static let summary = "The HTTP API: /api/publish and /api/broadcast."
        package static let settings: [Setting<API>] = [
            Setting(
                secret: "key", \.key,
                "What callers send as \"Authorization: Bearer KEY\". Without a key the API answers "
                    + "only while the server listens on a loopback address, and to nobody through "
                    + "a proxy.")
        ]
    }

    package struct OpenAPI: SectionDescription {
        package enum Channels: String, CaseIterable, Sendable { case any, lowercase }

        package enum Method: String, CaseIterable, Sendable {
            case subscribe, unsubscribe, publish
            case serverInfo = "server_info"
            case info, echo
        }

        /// `nil`: the dialect is not served.
        package var path: String? = "/stream"
        package var channels = Channels.any
        package var methods = Method.allCases
        package var testMethods = false
        package var calling = Calling(time: .seconds(60))
        package var realm: String?
        package var role: String?

        package var gate = Gate()

        package init() {}

        package static let name = "openapi"
        package static let summary = "The openapi-ws dialect: RPC and channels over JSON text."
        package static let settings: [Setting<OpenAPI>] =
            [
                Setting(
                    "path", \.path, .optional(.path), "The path of the dialect, compared exactly."),
                Setting(
                    "channels", \.channels, .choice,
                    "Which channel names are taken: any that is no empty text, or lowercase names only."
                ),
                Setting(
                    "methods", \.methods, .list(of: .choice), "The methods that clients may call."),
                Setting(
                    "test_methods", \.testMethods, .flag,
                    "Also offer \"cancel\" and \"badjson\", which exist to test clients."),
            ]
            + Calling.settings(
                procedure: "The procedure that a method which is none of the dialect's calls."
            ).map { $0.nested(in: \.calling) }
            + [
                Setting("realm", \.realm, .optional(.realmName), realmSummary),
                Setting("role", \.role, .optional(.identity), roleSummary),
            ] + Gate.settings.map { $0.nested(in: \.gate) }
    }

    package struct WebSocket: SectionDescription {
        package var deflate = true
        package var deflateMinimumSize = 64
        package var deflateMaximumSize = 1_048_576
        package var deflateClientTakeover = true
        package var origins: [String] = []

        package init() {}

        package static let name = "websocket"
        package static let summary = "WebSocket connections of all dialects."
        package static let settings: [Setting<WebSocket>] = [
            Setting(
                "deflate", \.deflate, .flag,
                "Accept permessage-deflate when a client offers it."),
            Setting(
                "deflate_minimum_size", \.deflateMinimumSize, .size(0...1_048_576),
                "Octets from which on compressing a message is tried."),
            Setting(
                "deflate_maximum_size", \.deflateMaximumSize, .size(0...67_108_864),
                "Octets up to which it is tried. Nobody else of a core is served meanwhile, 10 to 20 "
                    + "ms for a megabyte; larger messages are sent plain."),
            Setting(
                "deflate_client_takeover", \.deflateClientTakeover, .flag,
                "Let clients keep their compression context between messages. It costs a window of "
                    + "up to 32 KiB for each connection that compresses. When these take a quarter "
                    + "of what process_receive_queue_share grants, further clients keep none."),
            Setting(
                "origins", \.origins, .list(of: .origin),
                "The origins that browsers may connect from. Empty takes every one; otherwise a "
                    + "missing, \"null\" or other Origin gets 403."),
        ]
    }
}

extension Format where Value == String {
    /// An origin as RFC 6454 §6.2 writes it: scheme, host and, unless standard, port; lower case.
    internal static var origin: Format {
        word("an origin such as \"https://example.com\"", parse: normalizedOrigin, write: { $0 })
    }

    private static func normalizedOrigin(_ text: String) -> String? {
        let text = text.lowercased()
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), text.utf8.count <= 300 else {
            return nil
        }
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            return nil
        }
        let scheme = text[..<colon]
        let authority = text[colon...].dropFirst(3)
        guard !scheme.isEmpty,
            scheme.allSatisfy({ $0.isLetter || $0.isNumber || "+-.".contains($0) }),
            !authority.isEmpty, !authority.contains(where: { "/?#@\\,\"".contains($0) })
        else { return nil }
        // Browsers leave the standard port out; so do we, to compare equal.
        for (name, port) in [("http", ":80"), ("https", ":443")] {
            if scheme == name, authority.hasSuffix(port) {
                return String(text.dropLast(port.count))
            }
        }
        return text
    }
}
