// RedisValue — a reply of Redis as a value (RESP 2).

/// A reply, or an element of one. We ask for nothing that nests deeper than one array.
enum RedisValue: Equatable, Sendable {
    case string([UInt8])
    case status(String)
    case error(String)
    case integer(Int)
    case null
    case array([RedisValue])

    /// For the log, when it was not what we waited for.
    var summary: String {
        switch self {
        case .string(let octets): "a string of \(octets.count) octets"
        case .status(let text): "the status \(text.prefix(60))"
        case .error(let text): String(text.prefix(200))
        case .integer(let number): "the number \(number)"
        case .null: "nothing"
        case .array(let elements): "an array of \(elements.count)"
        }
    }
}

extension [UInt8] {
    init(_ text: String) { self = Array(text.utf8) }
}

/// One command: its name and its arguments.
typealias RedisCommand = [[UInt8]]

/// What is said before anything else on a connection; each is answered with OK.
func openingCommands(_ settings: RedisSettings) -> [RedisCommand] {
    var commands: [RedisCommand] = []
    if let password = settings.password {
        let user = settings.username.map { [[UInt8]($0)] } ?? []
        commands.append([[UInt8]("AUTH")] + user + [[UInt8](password)])
    }
    if settings.database != 0 {
        commands.append([[UInt8]("SELECT"), [UInt8]("\(settings.database)")])
    }
    return commands
}
