// The golden conversations of Tests/Transcripts/shampoo, played against the pure dialect.

import DialectKit
import Rooms
import Shampoo
import Testing

@Suite("shampoo transcripts")
struct TranscriptTests {
    static let transcripts = Result { try Transcript.all() }

    @Test("are found and well formed")
    func found() throws {
        #expect(try Self.transcripts.get().count > 70)
    }

    @Test("hold", arguments: (try? transcripts.get()) ?? [])
    func hold(transcript: Transcript) throws {
        var player = TranscriptPlayer()
        for step in transcript.steps { try player.play(step) }
        for (client, connection) in player.clients {
            #expect(connection.arrivals.isEmpty, "more than expected arrived at \(client)")
        }
        #expect(player.refusal == nil, "nobody expected the refusal")
    }
}

/// Plays statements, and takes what was expected out of the arrivals.
private struct TranscriptPlayer {
    private var settings = ShampooSettings()
    private lazy var world = Result { [settings] in try World(settings) }
    private(set) var clients: [String: ModelConnection] = [:]
    private(set) var refusal: Refusal?
    private var subprotocol: String?

    mutating func play(_ step: Transcript.Step) throws {
        let line: Comment = "line \(step.line)"
        switch step.statement {
        case .settings(let pairs): try set(pairs)
        case .open(let client, let path, let subprotocols):
            try #require(refusal == nil, line)
            switch try world.get().hub.open(path, subprotocols: subprotocols) {
            case .success((let connection, let subprotocol)):
                clients[client] = connection
                self.subprotocol = subprotocol
            case .failure(let refused):
                refusal = refused.refusal
                subprotocol = nil
            }
        case .expectOpen(let subprotocol): #expect(self.subprotocol == subprotocol, line)
        case .expectRefusal(let status, let reason):
            #expect(refusal == Refusal(status: status, reason: reason, body: reason), line)
            refusal = nil
        case .plainRequest: break
        case .expectAnswer(let status):
            #expect(try world.get().hub.dialect.refusalWithoutUpgrade?.status == status, line)
        case .send(let client, let isText, let text):
            let connection = try connection(client, line)
            try world.get().hub.send(
                isText ? .text : .binary, Array(text.utf8), from: connection)
        case .sendClose(let client):
            let connection = try connection(client, line)
            #expect(connection.arrivals.isEmpty, line)
            try world.get().hub.close(connection)
        case .expectMessage(let client, let json):
            guard case .message(let text) = try arrival(at: client, line) else {
                Issue.record("closed instead of a message, \(line)")
                return
            }
            let isSame = try JSONTree(text) == JSONTree(json)
            #expect(isSame, "line \(step.line): \(text) instead of \(json)")
        case .expectClose(let client, let code, let reason):
            #expect(try arrival(at: client, line) == .close(code, reason), line)
        case .publish(let room, let json):
            try world.get().hub.publish(
                Publication(
                    realm: .standard, room: try Room(text: room), payload: Array(json.utf8)))
        case .expectEnds(let count):
            #expect(try world.get().backEnd.requests(to: "/end").count == count, line)
        }
    }

    private func connection(_ client: String, _ line: Comment) throws -> ModelConnection {
        try #require(clients[client], line)
    }

    private func arrival(at client: String, _ line: Comment) throws -> Arrival {
        let connection = try connection(client, line)
        try #require(!connection.arrivals.isEmpty, line)
        return connection.arrivals.removeFirst()
    }

    private mutating func set(_ pairs: [String: String]) throws {
        for (key, value) in pairs {
            switch (key, value) {
            case ("strict", "on"): settings.isStrict = true
            case ("strict", "off"): settings.isStrict = false
            default: Issue.record("unknown setting \(key)=\(value)")
            }
        }
    }
}
