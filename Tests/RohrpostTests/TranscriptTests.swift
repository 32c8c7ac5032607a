// The golden conversations of Tests/Transcripts/rohrpost, played against the pure dialect.

import Bytes
import DialectKit
import Hub
import Rohrpost
import Rooms
import Testing
import Tokens

@Suite("rohrpost transcripts")
struct TranscriptTests {
    static let transcripts = Result { try Transcript.all(in: "rohrpost") }

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
        case "with": try set(step.rest)
        case "open":
            let (path, rest) = Transcript.split(step.rest[...])
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
            let (room, json) = Transcript.split(step.rest[...])
            try hub.publish(json, to: room)
        case "notify":
            let change = try ModelChange(
                parsing: unsafe octets.span.bytes, template: modelTemplate)
            if !change.isSuppressed { hub.publish(change.publication(in: .standard)) }
        case "send":
            let message = try GroupMessage(parsing: unsafe octets.span.bytes)
            hub.publish(message.publication(in: .standard, dialect: ModelHub.dialectID))
        case "procedure":
            let (name, answer) = Transcript.split(step.rest[...])
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

    private mutating func set(_ words: String) throws {
        var types: [String] = []
        var rule = CallRule()
        for word in words.split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            try #require(parts.count == 2)
            switch parts[0] {
            case "mirror-error-in-data": settings.mirrorsErrorInData = parts[1] == "on"
            case "ping-raw-data": settings.pingsRawData = parts[1] == "on"
            case "token": settings.token = .fixed(Array(parts[1].utf8))
            case "group": settings.groupTemplate = NameTemplate(subscription: parts[1])
            case "model-group": modelTemplate = NameTemplate(model: parts[1])
            case "subscription-limit": settings.subscriptionLimit = try #require(Int(parts[1]))
            case "allowed":
                settings.access = Access(
                    rules: [.init(.prefix(Array(parts[1].utf8)), allows: .all)])
            case "types": types = parts[1].split(separator: ",").map(String.init)
            case "procedure": rule.procedure = parts[1]
            case "arguments": rule.arguments = try #require(.init(rawValue: parts[1]))
            default: Issue.record("unknown setting \(word)")
            }
        }
        settings.calls = types.isEmpty ? CallableTypes(every: rule) : try .init(only: types, rule)
    }
}
