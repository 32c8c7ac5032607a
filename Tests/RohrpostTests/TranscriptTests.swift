// The golden conversations of Tests/Transcripts/rohrpost, played against the pure dialect.

import Bytes
import DialectKit
import DialectTesting
import Hub
import Rohrpost
import Rooms
import Testing
import Tokens

@Suite("rohrpost transcripts")
struct TranscriptTests {
    static let transcripts = Result {
        try Transcript.all(
            in: "rohrpost",
            verbs: [
                "with", "open", ">", ">binary", ">close", "<", "<close", "api", "notify", "send",
                "procedure",
            ])
    }

    @Test("are found and well formed")
    func found() throws {
        #expect(try Self.transcripts.get().count > 30)
    }

    @Test("hold", arguments: (try? transcripts.get()) ?? [])
    func hold(transcript: Transcript) throws {
        var player = TranscriptPlayer()
        for step in transcript.steps { try player.play(step) }
        for (client, connection) in player.clients {
            #expect(connection.arrivals.isEmpty, "more than expected arrived at \(client)")
        }
    }
}

/// Plays statements, and takes what was expected out of the arrivals.
private struct TranscriptPlayer {
    var settings = RohrpostSettings()
    var modelTemplate = NameTemplate.model
    lazy var hub = ModelHub(settings)
    var clients: [String: ModelConnection] = [:]
    var names: [String: JSONTree] = [:]

    mutating func play(_ step: Transcript.Step) throws {
        let line: Comment = "line \(step.line): \(step.rest)"
        let octets = Array(step.rest.utf8)
        switch step.verb {
        case "with": try set(step.settings)
        case "open":
            let (path, rest) = step.parts
            let offered = rest.split(separator: "=").dropFirst().map(String.init)
            clients[step.client] = hub.open(path: path, subprotocols: offered)
        case ">": hub.send(step.rest, from: try connection(step.client))
        case ">binary": hub.send(.binary, octets, from: try connection(step.client))
        case ">close":
            let connection = try connection(step.client)
            #expect(connection.arrivals.isEmpty, line)
            hub.close(connection)
        case "<": try expect(step.rest, at: step.client, line)
        case "<close":
            let arrival = try arrival(at: step.client, line)
            #expect(arrival == .close(try #require(UInt16(step.rest))), line)
        case "api":
            let (room, json) = step.parts
            try hub.publish(json, to: room)
        case "notify":
            let change = try ModelChange(
                parsing: unsafe octets.span.bytes, template: modelTemplate)
            if !change.isSuppressed { hub.publish(change.publication(in: .standard)) }
        case "send":
            let message = try GroupMessage(parsing: unsafe octets.span.bytes)
            hub.publish(message.publication(in: .standard, dialect: ModelHub.dialectID))
        case "procedure":
            let (name, answer) = step.parts
            let outcome = try outcome(answer)
            hub.procedures[name] = { _ in outcome }
        default: Issue.record("no such statement, \(line)")
        }
    }

    /// `JSON`, or `! URI TEXT`.
    private func outcome(_ text: String) throws -> CallOutcome {
        guard text.hasPrefix("! ") else { return .value(text) }
        let (uri, message) = Transcript.split(text.dropFirst(2))
        return message.isEmpty
            ? .failure(ProcedureError(uri: uri)) : .error(uri, message)
    }

    private mutating func expect(_ json: String, at client: String, _ line: Comment) throws {
        guard case .message(let text) = try arrival(at: client, line) else {
            Issue.record("closed instead of a message, \(line)")
            return
        }
        // Without a place every octet is said: the order of members is part of the protocol (§2).
        if !json.contains("$") {
            #expect(text == json, line)
        } else {
            let isSame = try JSONTree(text).matches(JSONTree(json), &names)
            #expect(isSame, "\(line): \(text)")
        }
    }

    private func connection(_ client: String) throws -> ModelConnection {
        try #require(clients[client], "nobody opened \(client)")
    }

    private func arrival(at client: String, _ line: Comment) throws -> Arrival {
        let connection = try connection(client)
        try #require(!connection.arrivals.isEmpty, line)
        return connection.arrivals.removeFirst()
    }

    private mutating func set(_ settings: [(key: String, value: String)]) throws {
        var types: [String] = []
        var rule = CallRule()
        for (key, value) in settings {
            switch key {
            case "mirror-error-in-data": self.settings.mirrorsErrorInData = value == "on"
            case "ping-raw-data": self.settings.pingsRawData = value == "on"
            case "token": self.settings.token = .fixed(Array(value.utf8))
            case "group": self.settings.groupTemplate = NameTemplate(subscription: value)
            case "model-group": modelTemplate = NameTemplate(model: value)
            case "subscription-limit": self.settings.subscriptionLimit = try #require(Int(value))
            case "allowed":
                self.settings.access = Access(
                    rules: [.init(.prefix(Array(value.utf8)), allows: .all)])
            case "types": types = value.split(separator: ",").map(String.init)
            case "procedure": rule.procedure = value
            case "arguments": rule.arguments = try #require(.init(rawValue: value))
            default: Issue.record("unknown setting \(key)=\(value)")
            }
        }
        self.settings.calls =
            types.isEmpty ? CallableTypes(every: rule) : try .init(only: types, rule)
    }
}
