// The golden conversations of Tests/Transcripts/openapi-ws, played against the pure dialect.

import DialectKit
import OpenAPIRPC
import Rooms
import Testing

@Suite("openapi-ws transcripts")
struct TranscriptTests {
    static let transcripts = Result { try Transcript.all(in: "openapi-ws") }

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
        switch step.statement {
        case .settings(let pairs): try set(pairs)
        case .open(let client, let path): clients[client] = hub.open(path: path)
        case .sendText(let client, let text):
            hub.send(text, from: try connection(client))
        case .sendBinary(let client, let text):
            hub.send(.binary, Array(text.utf8), from: try connection(client))
        case .sendClose(let client, _):
            let connection = try connection(client)
            #expect(connection.arrivals.isEmpty, line)
            hub.close(connection)
        case .expectMessage(let client, let json):
            guard case .message(let text) = try arrival(at: client, line) else {
                Issue.record("closed instead of a message, \(line)")
                return
            }
            let isSame = try JSONTree(text) == JSONTree(json)
            #expect(isSame, "line \(step.line): \(text) instead of \(json)")
        case .expectClose(let client, let code):
            #expect(try arrival(at: client, line) == .close(code), line)
        case .plainRequest: break
        case .expectRefusal(let status, let contentType, let body):
            let expected = Refusal(status: status, contentType: contentType, body: body)
            #expect(hub.dialect.refusalWithoutUpgrade == expected, line)
        case .publish(let room, let json):
            let name = Array(room.utf8)
            hub.publish(
                Publication(
                    realm: .standard, room: try Room(dotted: unsafe name.span.bytes),
                    payload: Array(json.utf8)))
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

    private mutating func set(_ pairs: [String: String]) throws {
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
