// The golden conversations of Tests/Transcripts/openapi-ws, played against the pure dialect.

import DialectKit
import DialectTesting
import OpenAPIRPC
import Rooms
import Testing

@Suite("openapi-ws transcripts")
struct TranscriptTests {
    static let transcripts = Result {
        try Transcript.all(
            in: "openapi-ws",
            verbs: [
                "with", "open", "http", "<http", "api", ">", ">binary", ">close", "<", "<close",
            ])
    }

    @Test("are found and well formed")
    func found() throws {
        #expect(try Self.transcripts.get().count > 50)
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
    var settings = OpenAPISettings()
    lazy var hub = ModelHub(settings)
    var clients: [String: ModelConnection] = [:]

    mutating func play(_ step: Transcript.Step) throws {
        let line: Comment = "line \(step.line)"
        let octets = Array(step.rest.utf8)
        switch step.verb {
        case "with": try set(step.settings)
        case "open": clients[step.client] = hub.open(path: step.parts.word)
        case ">": hub.send(step.rest, from: try connection(step.client))
        case ">binary": hub.send(.binary, octets, from: try connection(step.client))
        case ">close":
            let connection = try connection(step.client)
            #expect(connection.arrivals.isEmpty, line)
            hub.close(connection)
        case "<":
            guard case .message(let text) = try arrival(at: step.client, line) else {
                Issue.record("closed instead of a message, \(line)")
                return
            }
            let isSame = try JSONTree(text) == JSONTree(step.rest)
            #expect(isSame, "line \(step.line): \(text) instead of \(step.rest)")
        case "<close":
            let code = try #require(UInt16(step.rest), line)
            #expect(try arrival(at: step.client, line) == .close(code), line)
        case "http": break
        case "<http":
            let (status, tail) = step.parts
            let brace = try #require(tail.firstIndex(of: "{"), line)
            let expected = Refusal(
                status: try #require(Int(status), line),
                contentType: String(tail[..<brace].dropLast()), body: String(tail[brace...]))
            #expect(hub.dialect.refusalWithoutUpgrade == expected, line)
        case "api":
            let (room, json) = step.parts
            let name = Array(room.utf8)
            hub.publish(
                Publication(
                    realm: .standard, room: try Room(dotted: unsafe name.span.bytes),
                    payload: Array(json.utf8)))
        default: Issue.record("no such statement, \(line)")
        }
    }

    private func connection(_ client: String) throws -> ModelConnection {
        try #require(clients[client], "nobody opened \(client)")
    }

    private mutating func arrival(at client: String, _ line: Comment) throws -> Arrival {
        let connection = try connection(client)
        try #require(!connection.arrivals.isEmpty, line)
        return connection.arrivals.removeFirst()
    }

    private mutating func set(_ pairs: [(key: String, value: String)]) throws {
        var methods = OpenAPIMethods.standard
        for (key, value) in pairs {
            switch (key, value) {
            case ("channels", "lowercase"): settings.channels = .lowercase
            case ("channels", "any"): settings.channels = .any
            case ("test-methods", "on"): methods.formUnion(.test)
            case ("test-methods", "off"): methods.subtract(.test)
            case ("subscription-limit", _): settings.subscriptionLimit = try #require(Int(value))
            case ("refusal-limit", _): settings.refusalLimit = try #require(Int(value))
            case ("methods", _):
                let named = try value.split(separator: ",").map {
                    try #require(OpenAPIMethods(name: String($0)))
                }
                methods = OpenAPIMethods(named)
            default: Issue.record("unknown setting \(key)=\(value)")
            }
        }
        settings.methods = methods
    }
}
