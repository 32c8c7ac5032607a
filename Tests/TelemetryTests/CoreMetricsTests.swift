import Telemetry
import Testing

@Suite("core metrics")
struct CoreMetricsTests {
    @Test("every counter, gauge and label has a number of its own")
    func numbersAreDisjoint() {
        let metrics = CoreMetrics(core: 0)
        var next: UInt64 = 0
        for counter in Counter.allCases {
            next += 1
            metrics.add(counter, Int(next))
        }
        for gauge in Gauge.allCases {
            next += 1
            metrics.set(gauge, to: Int(next))
        }
        for limit in LimitName.allCases { for _ in 0...limit.rawValue { metrics.count(limit) } }
        for result in HandshakeResult.allCases {
            for _ in 0...result.rawValue { metrics.count(handshake: result) }
        }
        for flow in RoomFlow.allCases { metrics.count(flow, flow.rawValue + 7) }
        for slow in SlowConsumer.allCases {
            for _ in 0...slow.rawValue { metrics.count(slow: slow) }
        }
        for operation in RearmedOperation.allCases {
            for _ in 0...operation.rawValue { metrics.count(rearmed: operation) }
        }
        for pause in AcceptPause.allCases {
            metrics.count(pause: pause, nanoseconds: UInt64(pause.rawValue) + 3)
        }

        next = 0
        for counter in Counter.allCases {
            next += 1
            #expect(metrics.value(of: counter) == next)
        }
        for gauge in Gauge.allCases {
            next += 1
            #expect(metrics.value(of: gauge) == Int(next))
        }
        for limit in LimitName.allCases {
            #expect(metrics.value(of: limit) == UInt64(limit.rawValue) + 1)
        }
        for result in HandshakeResult.allCases {
            #expect(metrics.value(of: result) == UInt64(result.rawValue) + 1)
        }
        for flow in RoomFlow.allCases {
            #expect(metrics.value(of: flow) == UInt64(flow.rawValue) + 7)
        }
        for slow in SlowConsumer.allCases {
            #expect(metrics.value(of: slow) == UInt64(slow.rawValue) + 1)
        }
        for operation in RearmedOperation.allCases {
            #expect(metrics.value(of: operation) == UInt64(operation.rawValue) + 1)
        }
        for pause in AcceptPause.allCases {
            #expect(metrics.value(of: pause) == UInt64(pause.rawValue) + 3)
        }
        for histogram in Histogram.allCases {
            #expect(metrics.reading(of: histogram) == HistogramReading())
        }
        for close in CloseKey.all { #expect(metrics.value(of: close) == 0) }
    }

    @Test("a gauge goes up and down, and below zero on one core")
    func gauges() {
        let metrics = CoreMetrics(core: 1)
        metrics.adjust(.openWebSockets, by: 3)
        metrics.adjust(.openWebSockets, by: -5)
        #expect(metrics.value(of: .openWebSockets) == -2)
        metrics.set(.openWebSockets, to: 9)
        #expect(metrics.value(of: .openWebSockets) == 9)
    }

    @Test("every close code is counted in one cell, private ones by thousands")
    func closes() {
        let metrics = CoreMetrics(core: 0)
        for code in UInt16.min...UInt16.max {
            metrics.countClose(code: code, side: .peer, reason: .asked)
        }
        let cells = CloseKey.all.filter { metrics.value(of: $0) > 0 }
        #expect(cells.count == CountedCloseCode.allCases.count)
        #expect(cells.allSatisfy { $0.side == .peer && $0.reason == .asked })
        #expect(cells.reduce(0) { $0 + metrics.value(of: $1) } == 65_536)
        let privateUse = CloseKey(code: 4321, side: .peer, reason: .asked)
        #expect(metrics.value(of: privateUse) == 1000)
        #expect(CloseKey.all.map(\.index) == Array(0..<CloseKey.keyCount))
    }

    @Test("every HTTP status of a refusal has a result")
    func statuses() {
        #expect(HandshakeResult(status: 101) == .accepted)
        #expect(HandshakeResult(status: 408) == .timeout)
        #expect(HandshakeResult(status: 426) == .upgradeRequired)
        #expect(HandshakeResult(status: 503) == .unavailable)
        #expect(HandshakeResult(status: 400) == .malformed)
        #expect(HandshakeResult(status: -1) == .malformed)
    }

    @Test("what one thread counts another one reads")
    func otherThreads() async {
        let metrics = CoreMetrics(core: 0)
        await Task.detached {
            for _ in 0..<1000 { metrics.add(.deliveries) }
            metrics.record(.fanOut, nanoseconds: 5)
        }.value
        #expect(metrics.value(of: .deliveries) == 1000)
        #expect(metrics.reading(of: .fanOut).count == 1)
    }
}
