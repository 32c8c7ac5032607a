// MetricsPage — what `/metrics` answers: the tables of all cores, added up.
//
// The order of the page is the order of the enums, so two pages can be compared line by line.
// Rendering reads every table once and locks nothing; the cores never notice.

package import Bytes

package enum MetricsPage {
    /// What `Content-Type` says about the page.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// Appends the page to `page`.
    ///
    /// - Parameters:
    ///   - cores: Every core's metrics; which order does not matter.
    ///   - process: Numbers that belong to no core; left out when `nil`.
    ///   - links: Links to brokers and back ends.
    ///   - triggers: Of each realm that has had any.
    ///   - page: Gets the text, UTF-8, in the format of ``contentType``.
    package static func render(
        _ cores: [CoreMetrics], process: ProcessMetrics? = nil, links: [LinkStatus] = [],
        triggers: [TriggerFigures] = [], into page: inout OctetBuffer
    ) {
        var writer = ExpositionWriter()
        writeCounters(cores, &writer)
        writeGauges(cores, &writer)
        writeFamilies(cores, &writer)
        writeHistograms(cores, &writer)
        if let process { writeProcess(process, &writer) }
        if !links.isEmpty { writeLinks(links, &writer) }
        if !triggers.isEmpty { writeTriggers(triggers, &writer) }
        page.append(writer.page.octets)
    }

    private static func writeCounters(_ cores: [CoreMetrics], _ writer: inout ExpositionWriter) {
        for counter in Counter.allCases {
            writer.family(counter.name, .counter, help: counter.help)
            if counter.isShownPerCore {
                for core in cores {
                    writer.sample(counter.name, core.label, String(core.value(of: counter)))
                }
            } else {
                writer.sample(counter.name, [], String(cores.sum { $0.value(of: counter) }))
            }
        }
    }

    private static func writeGauges(_ cores: [CoreMetrics], _ writer: inout ExpositionWriter) {
        var previous = ""
        for gauge in Gauge.allCases {
            // Two gauges that share a name stand beside each other and are one family.
            if gauge.name != previous { writer.family(gauge.name, .gauge, help: gauge.help) }
            previous = gauge.name
            let values = cores.map { $0.value(of: gauge) }
            let value = gauge.isMaximum ? values.max() ?? 0 : values.reduce(0, &+)
            writer.sample(gauge.name, gauge.label.map { [$0] } ?? [], String(value))
        }
    }

    private static func writeFamilies(_ cores: [CoreMetrics], _ writer: inout ExpositionWriter) {
        writer.family("ws_handshakes_total", .counter, help: "WebSocket openings by their outcome.")
        for result in HandshakeResult.allCases {
            writer.sample(
                "ws_handshakes_total", [("result", result.label)],
                String(cores.sum { $0.value(of: result) }))
        }

        writer.family(
            "ws_closes_total", .counter,
            help: "WebSocket connections that ended, by code, by who ended them, and why.")
        for close in CloseKey.all {
            let count = cores.sum { $0.value(of: close) }
            if count == 0 { continue }
            let labels: [MetricLabel] = [
                ("code", close.code.label), ("side", close.side.label),
                ("reason", close.reason.label),
            ]
            writer.sample("ws_closes_total", labels, String(count))
        }

        writer.family("ws_slow_total", .counter, help: "Subscribers that read too slowly.")
        for slow in SlowConsumer.allCases {
            writer.sample(
                "ws_slow_total",
                [("room_kind", slow.labels.roomKind), ("action", slow.labels.action)],
                String(cores.sum { $0.value(of: slow) }))
        }

        writer.family("ws_limit_hits_total", .counter, help: "Limits reached, by setting.")
        for limit in LimitName.allCases {
            writer.sample(
                "ws_limit_hits_total", [("limit", limit.label)],
                String(cores.sum { $0.value(of: limit) }))
        }

        writer.family(
            "room_messages_total", .counter,
            help: "Messages that entered rooms, left for subscribers, or were dropped.")
        for flow in RoomFlow.allCases {
            writer.sample(
                "room_messages_total", [("direction", flow.label)],
                String(cores.sum { $0.value(of: flow) }))
        }

        writer.family("uring_rearm_total", .counter, help: "Multishot operations armed again.")
        for operation in RearmedOperation.allCases {
            writer.sample(
                "uring_rearm_total", [("op", operation.label)],
                String(cores.sum { $0.value(of: operation) }))
        }

        writer.family(
            "accept_paused_seconds_total", .counter, help: "Time listeners accepted nothing.")
        for pause in AcceptPause.allCases {
            writer.sample(
                "accept_paused_seconds_total", [("reason", pause.label)],
                ExpositionWriter.seconds(cores.sum { $0.value(of: pause) }))
        }
    }

    private static func writeHistograms(_ cores: [CoreMetrics], _ writer: inout ExpositionWriter) {
        for histogram in Histogram.allCases {
            writer.family(histogram.name, .histogram, help: histogram.help)
            if histogram.isShownPerCore {
                for core in cores {
                    writer.histogram(histogram.name, core.label, core.reading(of: histogram))
                }
            } else {
                var all = HistogramReading()
                for core in cores { all.add(core.reading(of: histogram)) }
                writer.histogram(histogram.name, [], all)
            }
        }
    }

    private static func writeProcess(_ process: ProcessMetrics, _ writer: inout ExpositionWriter) {
        writer.family("memory_used_bytes", .gauge, help: "Resident memory of the process.")
        writer.sample("memory_used_bytes", [], String(process.memoryUsed))
        writer.family("memory_limit_bytes", .gauge, help: "Memory the process plans with.")
        writer.sample("memory_limit_bytes", [], String(process.memoryLimit))
        writer.family(
            "call_queue_bytes", .gauge,
            help: "Octets of memory that calls hold until they are answered.")
        writer.sample("call_queue_bytes", [], String(process.callOctets))
        writer.family("fds_used", .gauge, help: "Descriptors open in the process's table.")
        writer.sample("fds_used", [], String(process.descriptorsUsed))
        writer.family("log_dropped_total", .counter, help: "Log lines dropped.")
        writer.sample(
            "log_dropped_total", [], String(process.logLinesDropped))
    }
}

extension CoreMetrics {
    fileprivate var label: [MetricLabel] { [("core", String(core))] }
}

extension [CoreMetrics] {
    fileprivate func sum(_ value: (CoreMetrics) -> UInt64) -> UInt64 {
        reduce(0) { $0 &+ value($1) }
    }
}
