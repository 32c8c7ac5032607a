// The golden conversations of Tests/Transcripts/shampoo, played against the pure dialect.

import DialectKit
import DialectTesting
import Rooms
import Shampoo
import Testing

@Suite("shampoo transcripts")
struct TranscriptTests {
    static let transcripts = Result {
        try Transcript.all(
            in: "shampoo",
            verbs: [
                "with", "open", "<open", "<refused", "http", "<http", ">", ">binary", ">close", "<",
                "<close", "api", "ended",
            ])
    }

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
        let (client, rest) = (step.client, step.rest)
        switch step.verb {
        case "with": try set(step.settings)
        case "open": try open(step, line)
        case "<open": #expect(subprotocol == rest, line)
        case "<refused":
            let (status, reason) = step.parts
            let expected = Refusal(
                status: try #require(Int(status), line), reason: reason, body: reason)
            #expect(refusal == expected, line)
            refusal = nil
        case "http": break
        case "<http":
            let status = try #require(Int(rest), line)
            #expect(try world.get().hub.dialect.refusalWithoutUpgrade?.status == status, line)
        case ">", ">binary":
            let connection = try connection(client, line)
            try world.get().hub.send(
                step.verb == ">" ? .text : .binary, Array(rest.utf8), from: connection)
        case ">close":
            let connection = try connection(client, line)
            #expect(connection.arrivals.isEmpty, line)
            try world.get().hub.close(connection)
        case "<":
            guard case .message(let text) = try arrival(at: client, line) else {
                Issue.record("closed instead of a message, \(line)")
                return
            }
            let isSame = try JSONTree(text) == JSONTree(rest)
            #expect(isSame, "line \(step.line): \(text) instead of \(rest)")
        case "<close":
            let (code, reason) = step.parts
            let expected = Arrival.close(try #require(UInt16(code), line))
            #expect(try arrival(at: client, line) == expected, line)
            #expect(clients[client]?.closeReason == reason, line)
        case "api":
            let (room, json) = step.parts
            try world.get().hub.publish(
                Publication(
                    realm: .standard, room: try Room(text: room), payload: Array(json.utf8)))
        case "ended":
            let count = try #require(Int(rest), line)
            #expect(try world.get().backEnd.requests(to: "/end").count == count, line)
        default: Issue.record("no such statement, \(line)")
        }
    }

    /// A path, and ` subprotocol=…` where something is offered.
    private mutating func open(_ step: Transcript.Step, _ line: Comment) throws {
        try #require(refusal == nil, line)
        let (path, offer) = step.parts
        try #require(offer.isEmpty || offer.hasPrefix("subprotocol="), line)
        let offered = offer.dropFirst(12).split(separator: ",").map(String.init)
        switch try world.get().hub.open(path, subprotocols: offered) {
        case .success((let connection, let subprotocol)):
            clients[step.client] = connection
            self.subprotocol = subprotocol
        case .failure(let refused):
            refusal = refused.refusal
            subprotocol = nil
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

    private mutating func set(_ pairs: [(key: String, value: String)]) throws {
        for (key, value) in pairs {
            switch (key, value) {
            case ("strict", "on"): settings.isStrict = true
            case ("strict", "off"): settings.isStrict = false
            default: Issue.record("unknown setting \(key)=\(value)")
            }
        }
    }
}
