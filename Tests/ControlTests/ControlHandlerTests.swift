import Carillon
import Telemetry
import TestClients
import Testing

@Suite struct ControlHandlerTests {
    @Test("a path of one listener does not exist on the other")
    func listeners() throws {
        let server = try RunningServer(cores: 1)
        let main = try server.client
        let control = try server.control
        for path in [
            "/", "/api", "/api/", "/api/publish/", "/metrics", "/health/live", "/health/ready",
        ] {
            #expect(try main.request("GET", path).status == 404, "\(path)")
        }
        for path in ["/", "/api/publish", "/api/broadcast", "/health", "/stream"] {
            #expect(try control.request("GET", path).status == 404, "\(path)")
        }
        #expect(try control.request("POST", "/api/publish", body: "{}").status == 404)
    }

    @Test("another method gets 405 and the methods there are")
    func methods() throws {
        let server = try RunningServer(cores: 1)
        for path in ["/api/publish", "/api/broadcast"] {
            for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
                let answer = try server.client.request(method, path)
                #expect(answer.status == 405)
                #expect(answer.fields["allow"] == "POST")
            }
        }
        for path in ["/metrics", "/health/live", "/health/ready"] {
            let answer = try server.control.request("POST", path, body: "")
            #expect(answer.status == 405)
            #expect(answer.fields["allow"] == "GET, HEAD")
        }
    }

    @Test("readiness goes red while the server drains, liveness does not")
    func health() throws {
        let server = try RunningServer(cores: 1)
        let control = try server.control
        #expect(try control.request("GET", "/health/live").body == "ok\n")
        #expect(try control.request("GET", "/health/ready").body == "ready\n")
        let head = try control.request("HEAD", "/health/ready")
        #expect(head.status == 200)
        #expect(head.fields["content-length"] == "6")

        server.server.beginDrain(delay: .seconds(60), spread: .zero, deadline: .seconds(120))
        let draining = try server.control.request("GET", "/health/ready")
        #expect(draining.status == 503)
        #expect(draining.body == "draining\n")
        #expect(try server.control.request("GET", "/health/live").status == 200)
    }

    @Test("the metrics page is Prometheus text and counts what happened")
    func metrics() throws {
        let server = try RunningServer(cores: 1)
        server.process.memoryLimit = 123_456
        let subscriber = try server.subscriber("a")
        for number in 0..<10 { _ = try server.publish("{\"room\":\"a\",\"data\":\(number)}") }
        for _ in 0..<10 { _ = try subscriber.message() }
        let answer = try server.control.request("GET", "/metrics")
        #expect(answer.status == 200)
        #expect(answer.fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        func value(_ series: String) -> Double? {
            answer.body.split(separator: "\n").first { $0.hasPrefix(series + " ") }
                .flatMap { Double($0.dropFirst(series.count + 1)) }
        }
        #expect(value("ws_open") == 1)
        #expect(value("subscriptions") == 1)
        #expect(value("deliveries_total") == 10)
        #expect(value("fanout_seconds_count") == 10)
        #expect(value("publish_to_socket_seconds_count") == 10)
        #expect(value("loop_turns_total{core=\"0\"}") ?? 0 > 0)
        #expect(value("memory_limit_bytes") == 123_456)
        #expect(value("memory_used_bytes") ?? 0 > 1_000_000)
        #expect(value("fds_used") ?? 0 > 3)
    }
}
