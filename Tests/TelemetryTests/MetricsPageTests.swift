import Bytes
import Testing

@testable import Telemetry

@Suite("metrics page")
struct MetricsPageTests {
    private func page(_ cores: [CoreMetrics], _ process: ProcessMetrics? = nil) -> String {
        var buffer = OctetBuffer()
        MetricsPage.render(cores, process: process, into: &buffer)
        return buffer.octets.text
    }

    @Test("an empty server has a page that a strict parser takes")
    func empty() throws {
        let page = try StrictPage(page([CoreMetrics(core: 0)], ProcessMetrics()))
        for counter in Counter.allCases { #expect(page.families[counter.name]?.type == "counter") }
        for gauge in Gauge.allCases { #expect(page.families[gauge.name]?.type == "gauge") }
        for histogram in Histogram.allCases {
            #expect(page.families[histogram.name]?.type == "histogram")
        }
        for name in [
            "ws_handshakes_total", "ws_closes_total", "ws_open", "ws_send_queue_bytes",
            "receive_queue_bytes", "call_queue_bytes",
            "ws_slow_total", "ws_limit_hits_total", "ws_inflate_refused_total",
            "ws_utf8_refused_total", "room_messages_total", "subscriptions", "uring_sq_full_total",
            "uring_cq_overflow_total", "uring_enobufs_total", "uring_rearm_total",
            "uring_stale_completions_total", "accept_paused_seconds_total", "loop_turn_seconds",
            "loop_stall_total", "memory_used_bytes", "fds_used", "drain_remaining",
            "log_dropped_total", "fanout_seconds", "publish_to_socket_seconds",
            "publications_total", "deliveries_total", "compressions_total",
        ] {
            #expect(page.families[name] != nil, "\(name)")
        }
        for (name, family) in page.families where family.type == "counter" {
            #expect(name.hasSuffix("_total"))
        }
        _ = try StrictPage(self.page([]))
    }

    @Test("cores are added up, or shown one by one where that says more")
    func sums() throws {
        let cores = [CoreMetrics(core: 0), CoreMetrics(core: 1)]
        cores[0].add(.deliveries, 5)
        cores[1].add(.deliveries, 7)
        cores[0].add(.loopStalls)
        cores[0].adjust(.subscriptions, by: -2)
        cores[1].adjust(.subscriptions, by: 5)
        for core in cores { core.set(.backlogOctets, to: 100 * (core.core + 1)) }
        for core in cores { core.set(.backlogPeakOctets, to: 10 * (core.core + 1)) }
        cores[0].countClose(code: 1001, side: .server, reason: .drain)
        cores[1].countClose(code: 1001, side: .server, reason: .drain)
        cores[1].countClose(code: 4999, side: .peer, reason: .asked)
        cores[1].count(.messageSize)
        cores[0].count(handshake: .accepted)
        cores[0].count(slow: .closed)
        cores[1].count(rearmed: .receive)
        cores[1].count(.left, 12)
        cores[0].count(pause: .descriptors, nanoseconds: 100_000_000)
        cores[1].count(pause: .descriptors, nanoseconds: 1_000_000_000)
        let process = ProcessMetrics()
        process.memoryUsed = 4096
        process.countDroppedLogLines(3)

        let page = try StrictPage(page(cores, process))
        #expect(page.value("deliveries_total") == 12)
        #expect(page.value("loop_stall_total", ["core": "0"]) == 1)
        #expect(page.value("loop_stall_total", ["core": "1"]) == 0)
        #expect(page.value("subscriptions") == 3)
        #expect(page.value("ws_send_queue_bytes", ["stat": "sum"]) == 300)
        #expect(page.value("ws_send_queue_bytes", ["stat": "max"]) == 20)
        let drained = ["code": "1001", "side": "server", "reason": "drain"]
        #expect(page.value("ws_closes_total", drained) == 2)
        let left = ["code": "4xxx", "side": "peer", "reason": "asked"]
        #expect(page.value("ws_closes_total", left) == 1)
        #expect(page.families["ws_closes_total"]?.samples.count == 2)
        #expect(page.value("ws_limit_hits_total", ["limit": "message_size"]) == 1)
        #expect(page.value("ws_handshakes_total", ["result": "accepted"]) == 1)
        #expect(page.value("ws_slow_total", ["room_kind": "live", "action": "close"]) == 1)
        #expect(page.value("uring_rearm_total", ["op": "receive"]) == 1)
        #expect(page.value("room_messages_total", ["direction": "out"]) == 12)
        #expect(page.value("accept_paused_seconds_total", ["reason": "descriptors"]) == 1.1)
        #expect(page.value("memory_used_bytes") == 4096)
        #expect(page.value("log_dropped_total") == 3)
    }

    @Test("histogram buckets are cumulative, their bounds are inclusive and in seconds")
    func histograms() throws {
        let cores = [CoreMetrics(core: 0), CoreMetrics(core: 1)]
        cores[0].record(.fanOut, nanoseconds: 1024)
        cores[1].record(.fanOut, nanoseconds: 1025)
        cores[1].record(.fanOut, nanoseconds: 40_000_000_000)
        cores[1].record(.loopTurn, nanoseconds: 3_000_000_000)
        let page = try StrictPage(page(cores))
        #expect(page.value("fanout_seconds_bucket", ["le": "0.000001024"]) == 1)
        #expect(page.value("fanout_seconds_bucket", ["le": "0.000002048"]) == 2)
        #expect(page.value("fanout_seconds_bucket", ["le": "17.179869184"]) == 2)
        #expect(page.value("fanout_seconds_bucket", ["le": "+Inf"]) == 3)
        #expect(page.value("fanout_seconds_count") == 3)
        #expect(page.value("fanout_seconds_sum") == 40.000002049)
        #expect(page.value("loop_turn_seconds_count", ["core": "0"]) == 0)
        #expect(page.value("loop_turn_seconds_count", ["core": "1"]) == 1)
        #expect(page.value("loop_turn_seconds_sum", ["core": "1"]) == 3)

        var last = -1.0
        for sample in page.families["fanout_seconds"]?.samples ?? []
        where sample.name == "fanout_seconds_bucket" {
            #expect(sample.value >= last)
            last = sample.value
        }
    }

    @Test("a page is appended and ends with a line feed")
    func appends() {
        var buffer = OctetBuffer()
        buffer.append("before\n" as StaticString)
        MetricsPage.render([CoreMetrics(core: 3)], into: &buffer)
        #expect(buffer.octets.text.hasPrefix("before\n# HELP connections_accepted_total "))
        #expect(buffer.octets.text.hasSuffix("\n"))
        #expect(MetricsPage.contentType == "text/plain; version=0.0.4; charset=utf-8")
    }
}

@Suite("exposition")
struct ExpositionTests {
    @Test("label values and help texts are escaped")
    func escapes() throws {
        var writer = ExpositionWriter()
        writer.family("a_total", .counter, help: "back\\slash and\nline, \"quoted\"")
        writer.sample("a_total", [("x", "a\\b\"c\nd"), ("y", "")], "1")
        let text = writer.page.octets.text
        #expect(
            text == """
                # HELP a_total back\\\\slash and\\nline, "quoted"
                # TYPE a_total counter
                a_total{x="a\\\\b\\"c\\nd",y=""} 1

                """)
        let page = try StrictPage(text)
        #expect(page.value("a_total", ["x": "a\\b\"c\nd", "y": ""]) == 1)
    }

    @Test("nanoseconds become exact seconds")
    func seconds() {
        for (nanoseconds, text) in [
            (UInt64(0), "0"), (1, "0.000000001"), (1_500_000_000, "1.5"),
            (1_000_000_000, "1"), (10, "0.00000001"), (.max, "18446744073.709551615"),
        ] {
            #expect(ExpositionWriter.seconds(nanoseconds) == text)
        }
    }
}
