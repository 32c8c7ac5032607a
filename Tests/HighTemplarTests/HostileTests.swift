import DialectKit
import DialectTesting
import Testing

@testable import HighTemplar

@Suite("high-templar, what one client may hold")
struct HostileTests {
    private func hub() -> (ModelHub, ModelConnection) {
        let hub = ModelHub()
        hub.api?.answer = .success(
            BackEndAnswer(
                status: 200, contentType: "application/json",
                body: Array(#"{"allowed_rooms":[{"t":"*","c":"*"}]}"#.utf8)))
        let client = hub.open()
        _ = client.take()
        return (hub, client)
    }

    private func subscribe(
        _ hub: ModelHub, _ client: ModelConnection, _ room: Int, _ id: String
    ) -> String {
        hub.send(
            #"{"type":"subscribe","room":{"t":"x","c":"\#(room)"},"requestId":"\#(id)"}"#,
            from: client)
        return client.takeMessages().joined()
    }

    @Test("one requestId has so many subscriptions, which end at once")
    func perRequest() {
        let (hub, client) = hub()
        let success = #"{"code":"success"}"#
        let refusal = #"{"code":"error","message":"too-many-subscriptions"}"#
        #expect(subscribe(hub, client, 1, "other") == success)
        for room in 1...256 { #expect(subscribe(hub, client, room, "one") == success) }
        #expect(subscribe(hub, client, 257, "one") == refusal)
        // One that it has is no further one, and others are others'.
        #expect(subscribe(hub, client, 256, "one") == success)
        #expect(subscribe(hub, client, 257, "two") == success)
        hub.send(#"{"type":"unsubscribe","requestId":"one"}"#, from: client)
        #expect(client.takeMessages() == [success])
        #expect(client.subscriptions.count == 2)
        #expect(subscribe(hub, client, 257, "one") == success)
    }

    @Test("a room is written in so many octets, whatever it says")
    func text() {
        let (hub, client) = hub()
        for (spaces, isTaken) in [(16_000, true), (17_000, false)] {
            let room = #"{"t":"x",\#(String(repeating: " ", count: spaces))"c":"1"}"#
            hub.send(#"{"type":"subscribe","room":\#(room),"requestId":\#(spaces)}"#, from: client)
            let reply = client.takeMessages().joined()
            #expect(reply.contains("success") == isTaken)
            #expect(reply.contains("room-not-found") != isTaken)
        }
    }

    @Test("the subscriptions of a connection have so many octets")
    func octets() {
        let (hub, client) = hub()
        // What differs comes first, so that unequal ones are told apart at once.
        let filling = String(repeating: "x", count: 4000)
        var count = 0
        while subscribe(hub, client, 1, "\(count)\(filling)").contains("success"), count < 1000 {
            count += 1
        }
        #expect(count > 500 && count < 525)
        hub.send(#"{"type":"unsubscribe","requestId":"7\#(filling)"}"#, from: client)
        _ = client.takeMessages()
        #expect(subscribe(hub, client, 1, "8888\(filling)").contains("success"))
        #expect(!subscribe(hub, client, 1, "8889\(filling)").contains("success"))
    }
}
