import Bytes
import Carillon
import Configuration
import Engine
import HighTemplar
import OpenAPIRPC
import Telemetry
import Testing
import Uring
import WebSocket

@testable import CarillonServer

@Suite struct MappingTests {
    @Test("the default configuration is what the engine takes by default")
    func defaults() {
        let configuration = Configuration()
        var mapped = fields(of: Limits(configuration, memory: 8 << 30))
        var standard = fields(of: Limits())
        // These depend on the machine.
        for name in ["processSendQueueSize", "processReceiveQueueSize"] {
            #expect(mapped.removeValue(forKey: name) == "\(2 << 30)")
            standard[name] = nil
        }
        #expect(mapped == standard)
        #expect(
            fields(of: RingOptions(configuration, socketCount: 0)) == fields(of: RingOptions()))
        #expect(fields(of: OpenAPISettings(configuration)) == fields(of: OpenAPISettings()))
        #expect(DeflateSettings(configuration.websocket) == DeflateSettings())
    }

    /// Every setting that reaches the cores must change something there: none is silently
    /// without effect.
    @Test("every limit that is changed changes what the engine gets")
    func everyLimitCounts() {
        let elsewhere: Set<String> = [
            "subscriptions_per_connection", "subscription_refusals", "memory",
            "process_send_queue_share", "process_receive_queue_share", "globs_per_parent",
        ]
        let section = Configuration.sections.first { $0.name == "limits" }
        for setting in section?.settings ?? [] where !elsewhere.contains(setting.key) {
            var changed = Configuration()
            let before = fields(of: Limits(changed, memory: 1 << 30))
            let word = ["126", "5000", "0.5", "7s"].first { setting.assignWord(&changed, $0) }
            #expect(word != nil, "\(setting.key)")
            let after = fields(of: Limits(changed, memory: 1 << 30))
            #expect(before != after, "\(setting.key)")
        }
    }

    @Test("what queues of the process may hold comes from the memory there is")
    func memory() {
        var configuration = Configuration()
        #expect(Limits(configuration, memory: 1 << 30).processSendQueueSize == 256 << 20)
        configuration.limits.processSendQueueShare = 0.5
        #expect(Limits(configuration, memory: 1 << 30).processSendQueueSize == 512 << 20)
        #expect(Limits(configuration, memory: 1 << 30).processReceiveQueueSize == 256 << 20)
        configuration.limits.processReceiveQueueShare = 0.125
        #expect(Limits(configuration, memory: 1 << 30).processReceiveQueueSize == 128 << 20)
        #expect(Limits(configuration, memory: 1 << 20).processReceiveQueueSize == 1 << 20)
        configuration.limits.memory = 123_456_789
        #expect(MemoryPlan.limit(configuration.limits) == 123_456_789)
        configuration.limits.memory = 0
        #expect(MemoryPlan.limit(configuration.limits) > 1 << 20)
    }

    @Test("a core's table is as large as the descriptor limit, and no larger than memory allows")
    func socketCount() {
        func count(_ descriptors: UInt64, _ memory: Int, _ cores: Int) -> Int {
            RingOptions.socketCount(descriptors: descriptors, memory: memory, cores: cores)
        }
        #expect(count(20_000, 16 << 30, 2) == 20_000)
        #expect(count(1024, 64 << 20, 64) == 1024)
        #expect(count(.max, 256 << 30, 1) == 1 << 20)
        #expect(count(1 << 20, 512 << 20, 8) == 26_214)
        #expect(count(1 << 20, 1 << 20, 64) == 4096)
    }

    @Test("no ping interval is an interval that never ends")
    func noPings() {
        var configuration = Configuration()
        configuration.limits.pingInterval = .zero
        let limits = Limits(configuration, memory: 1 << 30)
        // A deadline is a sum with the clock, which must not overflow.
        #expect(limits.pingInterval > 1 << 60 && limits.pingInterval < 1 << 62)
    }

    @Test("dialect settings reach the dialect")
    func openAPI() {
        var configuration = Configuration()
        configuration.openapi.channels = .lowercase
        configuration.openapi.methods = [.publish, .serverInfo]
        configuration.openapi.testMethods = true
        configuration.limits.subscriptionsPerConnection = 7
        configuration.limits.subscriptionRefusals = 3
        let settings = OpenAPISettings(configuration)
        #expect(settings.channels == .lowercase)
        #expect(settings.methods == [.publish, .serverInfo, .cancel, .badJSON])
        #expect(settings.subscriptionLimit == 7 && settings.refusalLimit == 3)
        configuration.openapi.methods = Configuration.OpenAPI.Method.allCases
        configuration.openapi.testMethods = false
        #expect(OpenAPISettings(configuration).methods == .standard)
        configuration.websocket.deflate = false
        configuration.websocket.deflateClientTakeover = false
        let deflate = DeflateSettings(configuration.websocket)
        #expect(!deflate.isEnabled && deflate.demandsClientNoContextTakeover)
    }

    @Test("every setting of WAMP that is changed changes what the router gets")
    func wamp() throws {
        func mapped(_ configuration: Configuration) throws -> [String: String] {
            var fields = fields(of: try #require(PushServer.Options.WAMP(configuration)))
            fields["realms"] = nil
            return fields
        }
        let section = Configuration.sections.first { $0.name == "wamp" }
        // The gate's are for routes, with a back end that exists.
        let gate = Configuration.Gate.settings.map(\.key)
        for setting in section?.settings ?? [] where !gate.contains(setting.key) {
            var changed = Configuration()
            let before = try mapped(changed)
            let words = ["4096", "7s", "true", "/elsewhere", "127.0.0.1:7"]
            let word = words.first { setting.assignWord(&changed, $0) }
            #expect(word != nil, "\(setting.key)")
            #expect(try mapped(changed) != before, "\(setting.key)")
        }
        let standard = try mapped(Configuration())
        #expect(standard["messageSize"] == "\(16 << 20)", "the reference's, not that of [limits]")
        #expect(standard["messageSize"] == "\(PushServer.Options.WAMP.open.messageSize)")
    }

    @Test("each application of high-templar has a name of its own, and no secret in it")
    func applicationNames() {
        var names: [String] = []
        for url in [
            "http://a/", "http://me:secret@b/x", "http://b/x", "http://b/x", "http://c",
            "http://me:s@cret@d/x", "http://e/x@y",
        ] {
            names.append(Links.applicationName(url, among: names))
        }
        #expect(
            names == [
                "hightemplar", "hightemplar b/x", "hightemplar http://b/x",
                "hightemplar http://b/x 2", "hightemplar http://c", "hightemplar d/x",
                "hightemplar http://e/x@y",
            ])
    }

    @Test("the metrics page tells how many triggers came, by the names of their realms")
    func triggerFigures() throws {
        let configuration = Configuration()
        let realms = RealmTable(configuration)
        let intakes = TriggerIntakes(configuration, realms)
        #expect(intakes.figures.isEmpty)
        let intake = intakes.intake(of: realms.realm(nil))
        let wrong = Array("nonsense".utf8)
        #expect(throws: TriggerError.self) { try intake.take(unsafe wrong.span.bytes) }
        let right = Array(#"{"rooms":[{"a":1}],"data":1}"#.utf8)
        #expect(try intake.take(unsafe right.span.bytes).count == 1)
        var page = OctetBuffer(capacity: 1024)
        MetricsPage.render([], triggers: intakes.figures, into: &page)
        let text = page.octets.text
        #expect(text.contains("\ntriggers_total{realm=\"realm1\"} 2\n"))
        #expect(text.contains("\ntriggers_dropped_total{realm=\"realm1\"} 1\n"))
        #expect(text.contains("\ntrigger_rooms_unusable_total{realm=\"realm1\"} 0\n"))
    }

    @Test("features to be treated as absent are known by name")
    func absent() throws {
        var configuration = Configuration()
        configuration.testing.absent = ["multishot-accept", "buffer-ring"]
        try configuration.checkFeatureNames()
        let options = RingOptions(configuration, socketCount: 1)
        #expect(options.absent == [.multishotAccept, .bufferRing])
        configuration.testing.absent = ["nonsense"]
        #expect(throws: ConfigurationProblems.self) { try configuration.checkFeatureNames() }
    }

    /// The fields of a struct as text, to compare two.
    private func fields(of value: Any) -> [String: String] {
        var fields: [String: String] = [:]
        for child in Mirror(reflecting: value).children {
            fields[child.label ?? ""] = "\(child.value)"
        }
        return fields
    }
}
