// CoreMetrics — everything one core counts about itself.
//
// One instance per core, made before the core starts. The core's thread writes, anyone reads;
// nothing is ever locked, and no two cores write one cache line (see MetricTable).

/// The counters, gauges, families and histograms of one core.
@usableFromInline
package final class CoreMetrics: Sendable {
    /// The core's number, as the label `core` shows it.
    package let core: Int

    private let block: MetricBlock
    @usableFromInline internal let counters: MetricTable<Counter>
    @usableFromInline internal let gauges: MetricTable<Gauge>
    @usableFromInline internal let histograms: MetricTable<HistogramKey>
    internal let handshakes: MetricTable<HandshakeResult>
    internal let closes: MetricTable<CloseKey>
    internal let slowConsumers: MetricTable<SlowConsumer>
    internal let acceptPauses: MetricTable<AcceptPause>
    @usableFromInline internal let limits: MetricTable<LimitName>
    @usableFromInline internal let roomFlows: MetricTable<RoomFlow>
    @usableFromInline internal let rearmed: MetricTable<RearmedOperation>

    package init(core: Int) {
        precondition(core >= 0)
        let wordCount =
            Counter.keyCount + Gauge.keyCount + HistogramKey.keyCount + HandshakeResult.keyCount
            + CloseKey.keyCount + SlowConsumer.keyCount + AcceptPause.keyCount
            + LimitName.keyCount + RoomFlow.keyCount + RearmedOperation.keyCount
        var block = MetricBlock(wordCount: wordCount)
        self.core = core
        counters = block.table()
        gauges = block.table()
        roomFlows = block.table()
        rearmed = block.table()
        limits = block.table()
        handshakes = block.table()
        slowConsumers = block.table()
        acceptPauses = block.table()
        histograms = block.table()
        closes = block.table()
        self.block = block
    }

    // MARK: Written by the core

    /// Adds `amount` to a counter.
    @inlinable
    @inline(__always)
    package func add(_ counter: Counter, _ amount: Int = 1) {
        assert(amount >= 0)
        counters.add(UInt64(truncatingIfNeeded: amount), to: counter)
    }

    @inlinable
    @inline(__always)
    package func set(_ gauge: Gauge, to value: Int) {
        gauges.set(gauge, to: UInt64(bitPattern: Int64(value)))
    }

    /// Moves a gauge up or down.
    @inlinable
    @inline(__always)
    package func adjust(_ gauge: Gauge, by difference: Int) {
        gauges.add(UInt64(bitPattern: Int64(difference)), to: gauge)
    }

    /// Records one duration.
    @inlinable
    @inline(__always)
    package func record(_ histogram: Histogram, nanoseconds: UInt64) {
        let bucket = HistogramShape.bucket(of: nanoseconds)
        histograms.add(1, to: HistogramKey(histogram, bucket: bucket))
        histograms.add(nanoseconds, to: HistogramKey(sumOf: histogram))
    }

    /// Counts a message of a room.
    @inlinable
    @inline(__always)
    package func count(_ flow: RoomFlow, _ amount: Int = 1) {
        assert(amount >= 0)
        roomFlows.add(UInt64(truncatingIfNeeded: amount), to: flow)
    }

    /// Counts a limit that was reached.
    @inlinable
    package func count(_ limit: LimitName) { limits.add(1, to: limit) }

    /// Counts a multishot operation armed again.
    @inlinable
    package func count(rearmed operation: RearmedOperation) { rearmed.add(1, to: operation) }

    package func count(handshake result: HandshakeResult) { handshakes.add(1, to: result) }

    /// Counts the end of a WebSocket connection.
    package func countClose(code: UInt16, side: ClosingSide, reason: CloseReason) {
        closes.add(1, to: CloseKey(code: code, side: side, reason: reason))
    }

    package func count(slow action: SlowConsumer) { slowConsumers.add(1, to: action) }

    /// Adds a pause of a listener that is over.
    package func count(pause: AcceptPause, nanoseconds: UInt64) {
        acceptPauses.add(nanoseconds, to: pause)
    }

    // MARK: Read by anyone

    package func value(of counter: Counter) -> UInt64 { counters[counter] }

    package func value(of gauge: Gauge) -> Int { Int(Int64(bitPattern: gauges[gauge])) }

    package func value(of limit: LimitName) -> UInt64 { limits[limit] }

    package func value(of result: HandshakeResult) -> UInt64 { handshakes[result] }

    package func value(of flow: RoomFlow) -> UInt64 { roomFlows[flow] }

    package func value(of close: CloseKey) -> UInt64 { closes[close] }

    package func value(of slow: SlowConsumer) -> UInt64 { slowConsumers[slow] }

    package func value(of operation: RearmedOperation) -> UInt64 { rearmed[operation] }

    package func value(of pause: AcceptPause) -> UInt64 { acceptPauses[pause] }

    package func reading(of histogram: Histogram) -> HistogramReading {
        let buckets = (0..<HistogramShape.bucketCount).map {
            histograms[HistogramKey(histogram, bucket: $0)]
        }
        return HistogramReading(buckets: buckets, sum: histograms[HistogramKey(sumOf: histogram)])
    }
}
