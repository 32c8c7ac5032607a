import Bytes
import Codecs
import DialectKit
import DialectTesting
import Hub
import Rooms
import Testing

@testable import HighTemplar

@Suite("high-templar session")
struct SessionTests {
    private func answer(_ rooms: String) -> Result<BackEndAnswer, BackEndFailure> {
        .success(
            BackEndAnswer(
                status: 200, contentType: "application/json",
                body: Array(#"{"allowed_rooms":\#(rooms)}"#.utf8)))
    }

    /// A client that may join rooms with the keys `t` and `c`, its hello taken.
    private func hub(
        _ settings: HighTemplarSettings = HighTemplarSettings()
    ) -> (ModelHub, ModelConnection) {
        let hub = ModelHub(settings)
        hub.api?.answer = answer(#"[{"t":"*","c":"*"}]"#)
        let client = hub.open()
        _ = client.take()
        return (hub, client)
    }

    @Test("is closed after five minutes without a message, and its clock is set once")
    func idle() {
        #expect(HighTemplarSettings().idleTime == 300_000_000_000)
        let (hub, client) = hub()
        var commands = Commands()
        commands.now = hub.state.now
        client.session.receive(.text, unsafe Array("ping".utf8).span.bytes, &commands)
        #expect(commands.list.count == 1)
        hub.pass(seconds: 299)
        hub.send("ping", from: client)
        hub.pass(seconds: 299)
        #expect(client.takeMessages() == ["pong"])
        hub.pass(seconds: 1)
        #expect(client.take() == [.close(1000)])
        #expect(!client.isOpen)
    }

    @Test("waits for ever where the time is 0")
    func neverIdle() {
        var settings = HighTemplarSettings()
        settings.idleTime = 0
        let (hub, client) = hub(settings)
        hub.pass(seconds: 1e6)
        #expect(client.isOpen)
    }

    @Test("takes back a pattern that the index has no room for")
    func refusedPattern() {
        var settings = HighTemplarSettings()
        settings.subscribeMatch = .pattern
        let (hub, client) = hub(settings)
        hub.refusesPatterns = true
        let message = #"{"type":"subscribe","room":{"t":"m","c":"*"},"requestId":1}"#
        hub.send(message, from: client)
        #expect(client.takeMessages() == [#"{"code":"error","message":"room-not-found"}"#])
        hub.send(#"{"type":"unsubscribe","requestId":1}"#, from: client)
        #expect(client.takeMessages() == [#"{"code":"error","message":"not-subscribed"}"#])
        hub.refusesPatterns = false
        hub.send(message, from: client)
        #expect(client.takeMessages() == [#"{"code":"success"}"#])
    }

    @Test("knows no room that is larger than rooms are")
    func largeRooms() {
        let (hub, client) = hub()
        let long = String(repeating: "x", count: 260)
        for room in [#"{"t":"m","c":"\#(long)"}"#, #"{"t":"m","c":"\ud800"}"#] {
            hub.send(#"{"type":"subscribe","room":\#(room),"requestId":1}"#, from: client)
            #expect(client.takeMessages() == [#"{"code":"error","message":"room-not-found"}"#])
        }
        #expect(client.errorCount == 0, "no is an answer")
    }

    @Test("takes requestIds up to what a tail holds")
    func longRequestIDs() {
        let (hub, client) = hub()
        func subscribe(_ size: Int) -> [String] {
            let requestID = "\"" + String(repeating: "i", count: size - 2) + "\""
            hub.send(
                #"{"type":"subscribe","room":{"t":"m","c":1},"requestId":\#(requestID)}"#,
                from: client)
            return client.takeMessages()
        }
        #expect(subscribe(4082) == [#"{"code":"success"}"#])
        #expect(client.subscriptions[0].tail.count == Command.tailLimit)
        #expect(subscribe(4083) == [#"{"code":"error","message":"request-id-too-long"}"#])
    }

    @Test("ends requestIds that are no text as they were written")
    func surrogates() {
        let (hub, client) = hub()
        let id = #""\ud800""#
        hub.send(#"{"type":"subscribe","room":{"t":1,"c":1},"requestId":\#(id)}"#, from: client)
        hub.send(#"{"type":"unsubscribe","requestId":\#(id)}"#, from: client)
        #expect(client.takeMessages() == [#"{"code":"success"}"#, #"{"code":"success"}"#])
        #expect(client.subscriptions.isEmpty)
    }

    @Test("has limits for numbers and members, as for anything that is no JSON")
    func envelopeLimits() {
        let (hub, client) = hub()
        let digits = String(repeating: "7", count: 1025)
        let members = (0..<1025).map { "\"k\($0)\":0" }.joined(separator: ",")
        let depth = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        for text in [
            #"{"type":"status","x":\#(digits)}"#, "{\(members)}", #"{"x":\#(depth)}"#,
        ] {
            hub.send(text, from: client)
            #expect(client.takeMessages().first?.contains("non-json-message") == true)
        }
        #expect(client.errorCount == 3)
    }

    @Test("names its connection with a UUID of version 4, when an error wants one")
    func names() throws {
        let (hub, client) = hub()
        hub.send("x", from: client)
        guard case .object(let members) = try JSONTree(client.takeMessages()[0]),
            case .string(let name)? = members["requestId"]
        else {
            Issue.record("no name")
            return
        }
        let parts = name.split(separator: "-").map(Array.init)
        #expect(parts.map(\.count) == [8, 4, 4, 4, 12])
        #expect(parts[2][0] == "4")
        #expect("89ab".contains(parts[3][0]))
        #expect(name.allSatisfy { $0 == "-" || $0.isHexDigit && !$0.isUppercase })
    }

    @Test("hears its hello and nothing else when it is rejected")
    func rejected() {
        let (hub, _) = hub()
        let session = HighTemplarSession(of: hub.dialect, rooms: nil, presence: nil)
        var commands = Commands()
        session.opened(&commands)
        guard commands.list.count == 2, case .close(1000, _) = commands.list[1] else {
            Issue.record("not closed")
            return
        }
        // Whatever it says meanwhile is not looked at.
        commands.removeAll()
        session.receive(.text, unsafe Array("ping".utf8).span.bytes, &commands)
        session.timePassed(&commands)
        #expect(commands.list.isEmpty)
    }

    @Test("hears publications of every kind as one JSON value, with its requestId behind it")
    func encodes() throws {
        let (hub, client) = hub()
        hub.send(
            #"{"type":"subscribe","room":{"t":"m","c":"a.b"},"requestId": "r" }"#, from: client)
        _ = client.take()
        let room = try Room(text: "c%26t.a%2Eb.m")
        let list = Array(#"[1.50,"x"]{"k":null}"#.utf8)
        for (keywords, value) in [
            (Extent.absent, #"[1.50,"x"]"#),
            (Extent(10..<20), #"{"args":[1.50,"x"],"kwargs":{"k":null}}"#),
        ] {
            let arguments = Arguments(
                octets: list, serialization: .json, arguments: Extent(0..<10), keywords: keywords)
            hub.publish(
                Publication(realm: .standard, room: room, payload: .arguments(arguments)))
            #expect(
                client.takeMessages() == [#"{"type":"publish","data":\#(value),"requestId":"r"}"#])
        }
    }

    @Test("leaves no traces where nobody is told")
    func traces() {
        let (hub, client) = hub()
        #expect(client.session.leavesTraces == false)
        #expect(!hub.dialect.deliversOncePerConnection)
        #expect(hub.dialect.ignoresRooms)
    }

    @Test("tells since when the server is there in local time")
    func onlineSince() {
        let (hub, client) = hub()
        hub.send(#"{"type":"status"}"#, from: client)
        #expect(
            client.takeMessages()[0].contains(#""online_since":"2026-01-01T11:00:00.000001""#))
        for (time, offset, text) in [
            (UInt64(0), 0, "1970-01-01T00:00:00.000000"),
            (951_782_399_999_999_999, 0, "2000-02-28T23:59:59.999999"),
            (951_782_399_999_999_999, 1, "2000-02-29T00:00:00.999999"),
            (951_868_800_000_000_000, -1, "2000-02-29T23:59:59.000000"),
            (1_767_225_600_000_000_000, -3600, "2025-12-31T23:00:00.000000"),
            (0, -3600, "1970-01-01T00:00:00.000000"),
        ] {
            #expect(LocalTime.text(time, offset: offset) == text)
        }
    }

    @Test("replies with JSON to whatever comes")
    func mutations() throws {
        let mutations = try Mutations(of: "high-templar", pieces: #"{}[]",:\01eE.-abn u*"#)
        for seed in UInt64(1)...150 {
            var random = SplitMix64(seed: seed)
            var settings = HighTemplarSettings()
            settings.subscribeMatch = seed % 2 == 0 ? .pattern : .literal
            let (hub, _) = hub(settings)
            for _ in 0..<20 {
                let client = hub.open()
                for _ in 0..<4 {
                    hub.send(.text, mutations.message(&random), from: client)
                }
                for case .message(let text) in client.take() where text != "pong" {
                    let isObject = if case .object? = try? JSONTree(text) { true } else { false }
                    #expect(isObject, "seed \(seed): \(text)")
                }
                hub.close(client)
            }
        }
    }
}
