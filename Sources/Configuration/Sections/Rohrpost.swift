// [rohrpost] — the rohrpost dialect: groups, notifications of model changes, calls.

extension Configuration {
    package struct Rohrpost: SectionDescription {
        package enum TokenAlgorithm: String, CaseIterable, Sendable {
            case hs256 = "HS256"
            case hs384 = "HS384"
            case hs512 = "HS512"
            case rs256 = "RS256"
        }

        package var paths = ["/rohrpost/", "/ws/rohrpost/"]
        package var mirrorErrorInData = false
        package var pingRawData = false
        package var token: Secret?
        package var tokenSecret: Secret?
        package var tokenKeyFile: String?
        package var tokenAlgorithm = TokenAlgorithm.hs256
        package var groupTemplate = "{type}-{id}"
        package var modelGroupTemplate = "{class}-{pk}"
        package var calling = Calling(time: .seconds(30))
        package var realm: String?
        package var role: String?

        package var gate = Gate()

        package init() {}

        package static let name = "rohrpost"
        package static let summary =
            "The rohrpost dialect: clients subscribe to groups and hear of changes, which the "
            + "application posts to /api/rohrpost/notify."
        package static let settings: [Setting<Rohrpost>] =
            [
                Setting(
                    "paths", \.paths, .list(of: .path, atMost: 64),
                    "Where it is spoken, compared exactly. Empty: nowhere."),
                Setting(
                    "mirror_error_in_data", \.mirrorErrorInData, .flag,
                    "Say errors in data.error as well, for clients written after the README."),
                Setting(
                    "ping_raw_data", \.pingRawData, .flag,
                    "Answer a ping with its data as it came, even if it is no object."),
                Setting(
                    secret: "token", \.token,
                    "A fixed text that auth_jwt must be for subscriptions and calls."),
                Setting(
                    secret: "token_secret", \.tokenSecret,
                    "The key of the signature (HS…) that auth_jwt must carry."),
                Setting(
                    "token_key_file", \.tokenKeyFile, .optional(.file),
                    "The public key (PEM) of the signature (RS256) that auth_jwt must carry."),
                Setting(
                    "token_algorithm", \.tokenAlgorithm, .choice, "How auth_jwt must be signed."),
                Setting(
                    "group_template", \.groupTemplate, .template,
                    "The group that {type} and {id} of a subscription are."),
                Setting(
                    "model_group_template", \.modelGroupTemplate, .template,
                    "The group of a notification that names none; {class} in lower case, and {pk}."),
            ]
            + Calling.settings(
                procedure: "The procedure that a message type which is none of the dialect's calls."
            ).map { $0.nested(in: \.calling) }
            + [
                Setting("realm", \.realm, .optional(.realmName), realmSummary),
                Setting("role", \.role, .optional(.identity), roleSummary),
            ] + Gate.settings.map { $0.nested(in: \.gate) }
    }
}

extension Format where Value == String {
    internal static var template: Format {
        text("text with names in braces, such as \"{type}-{id}\"") { text in
            !text.isEmpty && text.utf8.count <= 255
                && text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        }
    }
}
