// The golden conversations of Tests/Transcripts/high-templar, played against the pure dialect.

import Bytes
import DialectKit
import DialectTesting
import HighTemplar
import Rooms
import Testing

@Suite("high-templar transcripts")
struct TranscriptTests {
    static let transcripts = Result {
        try Transcript.all(
            in: "high-templar",
            verbs: [
                "with", "answer", "header", "open", "<refused", "asked", ">", ">binary", ">octets",
                ">close", "<", "<~", "<close", "trigger", "<trigger", "api", "pass",
            ])
    }

    @Test("are found and well formed")
    func found() throws {
        #expect(try Self.transcripts.get().count > 40)
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
    private var settings = HighTemplarSettings()
    private var match = PublishMatch.covering
    private var api: ModelAPI? = ModelAPI()
    private var headers: [(name: String, value: String)] = []
    private var places: [String: JSONTree] = [:]
    private var triggered: (status: Int, body: String)?
    private lazy var hub = ModelHub(settings, api: api, match: match)
    private(set) var clients: [String: ModelConnection] = [:]

    mutating func play(_ step: Transcript.Step) throws {
        let line: Comment = "line \(step.line)"
        let (client, rest) = (step.client, step.rest)
        switch step.verb {
        case "with": for (key, value) in try step.settings { try set(key, value) }
        case "answer": try setAnswer(rest)
        case "header":
            let colon = try #require(rest.firstIndex(of: ":"), line)
            let value = rest[rest.index(after: colon)...].drop { $0 == " " }
            headers.append((rest[..<colon].lowercased(), String(value)))
        case "open":
            clients[client] = hub.open(step.parts.word, headers: headers)
            headers = []
        case "<refused":
            let (status, body) = step.parts
            guard case .refusal(let refusal) = try arrival(at: client, line) else {
                Issue.record("not refused, \(line)")
                return
            }
            #expect(refusal.status == Int(status) && refusal.reason == nil, line)
            #expect(refusal.body.contains(body), line)
        case "asked" where rest == "nothing": #expect(hub.api?.requests.isEmpty == true, line)
        case "asked":
            let (method, tail) = step.parts
            let (target, headers) = Transcript.split(tail[...])
            try expectRequest(method, target, headers, line)
        case ">": hub.send(rest, from: try connection(client))
        case ">binary": hub.send(.binary, Array(rest.utf8), from: try connection(client))
        case ">octets":
            var octets = OctetBuffer()
            let text = Array(rest.utf8)
            #expect(Hex.decode(unsafe text.span.bytes, into: &octets), line)
            hub.send(.binary, octets.octets.array, from: try connection(client))
        case ">close":
            let connection = try connection(client)
            #expect(connection.arrivals.isEmpty, line)
            hub.close(connection)
        case "<": try expectMessage(client, rest, line)
        case "<~": try expectMessageInAnyOrder(client, rest, line)
        case "<close":
            let code = try #require(UInt16(rest), line)
            #expect(try arrival(at: client, line) == .close(code), line)
        case "trigger":
            do throws(TriggerError) {
                try hub.trigger(rest)
                triggered = (200, "publish success")
            } catch {
                triggered = (400, error.sentence)
            }
        case "<trigger":
            let (status, body) = step.parts
            let expected = try #require(Int(status), line)
            #expect(triggered?.status == expected && triggered?.body == body, line)
        case "api":
            let (room, json) = step.parts
            hub.publish(
                Publication(
                    realm: .standard, room: try Room(text: room), payload: Array(json.utf8)))
        case "pass": hub.pass(seconds: try #require(Double(rest), line))
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

    private mutating func expectMessageInAnyOrder(
        _ client: String, _ json: String, _ line: Comment
    ) throws {
        let connection = try connection(client)
        let expected = try JSONTree(json)
        let place = connection.arrivals.firstIndex { arrival in
            guard case .message(let text) = arrival else { return false }
            return (try? JSONTree(text)) == expected
        }
        connection.arrivals.remove(at: try #require(place, line))
    }

    private mutating func expectMessage(
        _ client: String, _ json: String, _ line: Comment
    ) throws {
        guard case .message(let text) = try arrival(at: client, line) else {
            Issue.record("no message, \(line)")
            return
        }
        if text == json { return }
        let isSame = try JSONTree(text).matches(JSONTree(json), &places)
        #expect(isSame, "\(line): \(text) instead of \(json)")
    }

    private mutating func expectRequest(
        _ method: String, _ target: String, _ headers: String, _ line: Comment
    ) throws {
        let request = try #require(hub.api?.takeRequest(), line)
        #expect(request.method == method && request.target == target, line)
        guard !headers.isEmpty, case .object(let members) = try JSONTree(headers) else { return }
        for (name, value) in members {
            let values = request.headers.filter { $0.name == name }.map(\.value)
            switch value {
            case .string(let text): #expect(values == [text], "\(name), \(line)")
            default: #expect(values.isEmpty, "\(name), \(line)")
            }
        }
    }

    private mutating func setAnswer(_ text: String) throws {
        let failures: [String: BackEndFailure] = [
            "timeout": .timedOut, "unreachable": .unreachable("no route"),
            "overloaded": .overloaded, "open-circuit": .circuitOpen, "stopped": .stopped,
            "too-large": .tooLarge(limit: 1),
        ]
        if let failure = failures[text] {
            api?.answer = .failure(failure)
            return
        }
        let words = text.split(separator: " ", maxSplits: 1)
        let status = try #require(Int(words[0]))
        var body = words.count == 2 ? String(words[1]) : ""
        var type = "application/json"
        if body.hasPrefix("type=") {
            let parts = body.dropFirst(5).split(separator: " ", maxSplits: 1)
            type = String(parts[0])
            body = parts.count == 2 ? String(parts[1]) : ""
        }
        api?.answer = .success(
            BackEndAnswer(status: status, contentType: type, body: Array(body.utf8)))
    }

    private mutating func set(_ key: String, _ value: String) throws {
        switch (key, value) {
        case ("publish-match", "exact"): match = .exact
        case ("publish-match", "covering"): match = .covering
        case ("subscribe-match", "literal"): settings.subscribeMatch = .literal
        case ("subscribe-match", "pattern"): settings.subscribeMatch = .pattern
        case ("hello-keys", "both"): settings.helloKeys = .both
        case ("reply-request-id", "on"): settings.repliesWithRequestID = true
        case ("hooks", "on"): settings.notifiesAPI = true
        case ("idle-time", _):
            settings.idleTime = UInt64(try #require(Double(value)) * 1e9)
        case ("subscription-limit", _): settings.subscriptionLimit = try #require(Int(value))
        case ("refusal-limit", _): settings.refusalLimit = try #require(Int(value))
        case ("api", "off"): api = nil
        case ("allowed-rooms", _): settings.allowedRooms = try AllowedRooms(json: value)
        case ("extra-header", _):
            let parts = value.split(separator: ":", maxSplits: 2).map(String.init)
            let source: ExtraHeader.Source? =
                switch parts[1] {
                case "header": .header(parts[2])
                case "query": .queryParameter(parts[2])
                case "cookie": .cookie(parts[2])
                case "fixed": .fixed(parts[2])
                default: nil
                }
            settings.extraHeaders.append(ExtraHeader(parts[0], from: try #require(source)))
        default: Issue.record("unknown setting \(key)=\(value)")
        }
    }
}
