// LatencyDistribution+Coding — a distribution in a report, and on its way between processes.
//
// In JSON: `[[nanoseconds, count], …]`, ascending, the first and the last value exact. In octets:
// the number of pairs, then for each the step from the value before and the count, all as
// little-endian base 128 numbers (LEB128): about four octets per bucket. Both are read with
// suspicion, because a report can be edited and a process can die in the middle of a write.

import Bytes

extension LatencyDistribution: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        var reader = PairReader()
        for pair in try container.decode([[UInt64]].self) {
            guard pair.count == 2 else {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: "a latency is [nanoseconds, count]")
            }
            do {
                try reader.append(value: pair[0], count: pair[1])
            } catch {
                throw DecodingError.dataCorruptedError(
                    in: container, debugDescription: error.reason)
            }
        }
        self = reader.distribution
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(entries.map { [$0.value, $0.count] })
    }
}

extension LatencyDistribution {
    /// The distribution for another process; ``init(octets:)`` reads it.
    package var octets: [UInt8] {
        var octets: [UInt8] = []
        octets.append(base128: UInt64(entries.count))
        var last: UInt64 = 0
        for entry in entries {
            octets.append(base128: entry.value - last)
            octets.append(base128: entry.count)
            last = entry.value
        }
        return octets
    }

    /// Reads what ``octets`` wrote; `octets` must be that and nothing more.
    ///
    /// - Throws: ``MeasurementError/damaged(_:)``.
    package init(octets: RawSpan) throws(MeasurementError) {
        var position = 0
        let pairCount = try octets.base128(at: &position)
        var reader = PairReader()
        var value: UInt64 = 0
        // A pair takes two octets, so a false number ends at the end of the octets.
        for _ in 0..<pairCount {
            value = value.addingWithCeiling(try octets.base128(at: &position))
            try reader.append(value: value, count: try octets.base128(at: &position))
        }
        guard position == octets.byteCount else {
            throw .damaged("octets after the last latency")
        }
        self = reader.distribution
    }
}

extension LatencyDistribution {
    package init(octets: [UInt8]) throws(MeasurementError) {
        try self.init(octets: unsafe octets.span.bytes)
    }
}

/// Collects pairs from outside and refuses what no histogram can have written.
private struct PairReader {
    private var entries: [LatencyDistribution.Entry] = []
    private var last: UInt64?
    private var total: UInt64 = 0
    private var first: UInt64 = 0

    mutating func append(value: UInt64, count: UInt64) throws(MeasurementError) {
        guard value <= LatencyHistogram.ceiling else {
            throw .damaged("a latency above one hour: \(value) ns")
        }
        if let last, value <= last { throw .damaged("latencies out of order at \(value) ns") }
        guard count > 0 else { throw .damaged("a latency that was never measured: \(value) ns") }
        total = total.addingWithCeiling(count)
        guard total <= LatencyDistribution.countLimit else {
            throw .damaged("more latencies than can be measured")
        }
        if last == nil { first = value }
        last = value
        entries.append(
            counting: .init(value: value, count: count),
            in: LatencyDistribution.upperBound(of: value))
    }

    var distribution: LatencyDistribution {
        LatencyDistribution(buckets: entries, min: first, max: last ?? 0)
    }
}

extension [UInt8] {
    fileprivate mutating func append(base128 number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(truncatingIfNeeded: rest))
    }
}

extension RawSpan {
    /// Reads the number at `position` and moves behind it.
    fileprivate func base128(at position: inout Int) throws(MeasurementError) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < byteCount else { throw .damaged("latencies end too early") }
            let octet = self[octet: position]
            position += 1
            let bits = UInt64(octet & 0x7F)
            guard (bits << shift) >> shift == bits else { break }
            number |= bits << shift
            if octet < 0x80 { return number }
        }
        throw .damaged("a number beyond 64 bits")
    }
}
