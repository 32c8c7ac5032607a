import DialectKit
import DialectTesting
import HighTemplar
import Testing

@Suite("high-templar bootstrap")
struct BootstrapTests {
    private let authorized = Arrival.message(#"{"is_authorized":true,"allowed_rooms":[]}"#)

    @Test("is a shared request with the time limit of the route")
    func request() throws {
        var settings = HighTemplarSettings()
        #expect(settings.bootstrapTime == 20_000_000_000)
        settings.bootstrapTime = 5
        let hub = ModelHub(settings)
        _ = hub.open()
        let request = try #require(hub.api?.takeRequest())
        #expect(request.isShared)
        #expect(request.timeLimit == 5)
        #expect(request.body.isEmpty)
    }

    @Test("lets the client wait until it is answered")
    func waits() throws {
        let hub = ModelHub()
        hub.api?.isFrozen = true
        let (first, second) = (hub.open(), hub.open())
        #expect(first.arrivals.isEmpty && !first.isOpen)
        hub.api?.release()
        #expect(first.take() == [authorized])
        #expect(second.take() == [authorized])
    }

    @Test("is taken back when the client leaves, and decides nothing any more")
    func abandoned() {
        var settings = HighTemplarSettings()
        settings.notifiesAPI = true
        let hub = ModelHub(settings)
        hub.api?.isFrozen = true
        let client = hub.open()
        hub.close(client)
        #expect(hub.api?.canceledCount == 1)
        #expect(
            hub.api?.takeLines() == [
                "POST user/notify_online/", "GET bootstrap/", "POST user/notify_offline/",
            ])
        hub.api?.release()
        #expect(client.arrivals.isEmpty && !client.isOpen)
        #expect(hub.api?.takeLines() == [])
    }

    @Test("that fails is a client that has gone")
    func failed() {
        var settings = HighTemplarSettings()
        settings.notifiesAPI = true
        let hub = ModelHub(settings)
        hub.api?.answer = .failure(.timedOut)
        _ = hub.open()
        #expect(
            hub.api?.takeLines() == [
                "POST user/notify_online/", "GET bootstrap/", "POST user/notify_offline/",
            ])
    }

    @Test("does not ask without an API, and needs no headers then")
    func withoutAPI() throws {
        var settings = HighTemplarSettings()
        settings.notifiesAPI = true
        settings.allowedRooms = try AllowedRooms(json: "[]")
        let hub = ModelHub(settings, api: nil)
        #expect(!hub.dialect.readsHeaders)
        let client = hub.open()
        #expect(client.take() == [authorized])
        hub.send("ping", from: client)
        #expect(client.takeMessages() == ["pong"])
    }

    @Test("answers that are no text are of no use")
    func noText() {
        let hub = ModelHub()
        let body = Array(#"{"allowed_rooms":[{"a":""#.utf8) + [0xFF] + Array(#""}]}"#.utf8)
        hub.api?.answer = .success(
            BackEndAnswer(status: 200, contentType: "application/json", body: body))
        guard case .refusal(let refusal)? = hub.open().take().first else {
            Issue.record("not refused")
            return
        }
        #expect(refusal.status == 500)
    }

    @Test("of the last of two lists of rooms counts")
    func twice() {
        let hub = ModelHub()
        hub.api?.answer = .success(
            BackEndAnswer(
                status: 200, contentType: "application/json",
                body: Array(#"{"allowed_rooms":null,"allowed_r\u006foms":[{}]}"#.utf8)))
        #expect(hub.open().takeMessages() == [#"{"is_authorized":true,"allowed_rooms":[{}]}"#])
    }

    @Test("is not crowded out by the pings of one client")
    func pings() {
        var settings = HighTemplarSettings()
        settings.notifiesAPI = true
        let hub = ModelHub(settings)
        let client = hub.open()
        hub.api?.isFrozen = true
        for _ in 0..<10 { hub.send("ping", from: client) }
        // The pongs do not wait for anything.
        #expect(client.take().count == 11)
        #expect(hub.api?.takeLines().count == 2 + 4)
        hub.api?.release()
        hub.send("ping", from: client)
        #expect(hub.api?.takeLines() == ["POST user/notify_online/"])
        hub.close(client)
        hub.close(client)
        #expect(hub.api?.takeLines() == ["POST user/notify_offline/"])
        // What waits holds the API.
        hub.api?.release()
    }
}
