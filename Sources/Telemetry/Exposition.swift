// Exposition — Prometheus' text format, version 0.0.4.
//
// https://prometheus.io/docs/instrumenting/exposition_formats/: one HELP and one TYPE line per
// family, then its samples, together; `\`, `"` and line feed are escaped in label values, `\` and
// line feed in help texts; every line ends with a line feed. Runs off the cores, so it may use
// strings.

internal import Bytes

/// What kind of number a family holds, as its TYPE line says.
internal enum MetricType: String, Sendable { case counter, gauge, histogram }

/// A label with its value, which may be any text.
internal typealias MetricLabel = (name: String, value: String)

/// Writes families and samples into a buffer.
internal struct ExpositionWriter: ~Copyable {
    /// What was written so far.
    internal var page = OctetBuffer(capacity: 16_384)

    internal init() {}

    internal mutating func family(_ name: String, _ type: MetricType, help: String) {
        page.append("# HELP " as StaticString)
        page.append(name)
        page.append(0x20)
        escape(help, quotes: false)
        page.append("\n# TYPE " as StaticString)
        page.append(name)
        page.append(0x20)
        page.append(type.rawValue)
        page.append(0x0A)
    }

    internal mutating func sample(_ name: String, _ labels: [MetricLabel], _ value: String) {
        page.append(name)
        if !labels.isEmpty {
            page.append(0x7B)
            for (place, label) in labels.enumerated() {
                if place > 0 { page.append(0x2C) }
                page.append(label.name)
                page.append("=\"" as StaticString)
                escape(label.value, quotes: true)
                page.append(0x22)
            }
            page.append(0x7D)
        }
        page.append(0x20)
        page.append(value)
        page.append(0x0A)
    }

    /// Writes the samples of one histogram, with a bucket line per power of two of ``bounds``.
    internal mutating func histogram(
        _ name: String, _ labels: [MetricLabel], _ reading: HistogramReading
    ) {
        var seen: UInt64 = 0
        var bucket = 0
        for bound in Self.bounds {
            while let upper = HistogramShape.upperBound(of: bucket), upper <= bound {
                seen &+= reading.buckets[bucket]
                bucket += 1
            }
            sample(name + "_bucket", labels + [("le", Self.seconds(bound))], String(seen))
        }
        let count = reading.count
        sample(name + "_bucket", labels + [("le", "+Inf")], String(count))
        sample(name + "_sum", labels, Self.seconds(reading.sum))
        sample(name + "_count", labels, String(count))
    }

    /// The bounds shown: 1.024 µs to 17 s in powers of two. A page with every inner bucket would
    /// be four times as long and tell an operator little more.
    internal static let bounds: [UInt64] = (10...34).map { 1 << $0 }

    /// `nanoseconds` in seconds, exactly, in decimal digits.
    internal static func seconds(_ nanoseconds: UInt64) -> String {
        let whole = String(nanoseconds / 1_000_000_000)
        let rest = nanoseconds % 1_000_000_000
        if rest == 0 { return whole }
        var digits = String(rest)
        digits = String(repeating: "0", count: 9 - digits.utf8.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return whole + "." + digits
    }

    private mutating func escape(_ text: String, quotes: Bool) {
        for octet in text.utf8 {
            switch octet {
            case 0x5C: page.append("\\\\" as StaticString)
            case 0x0A: page.append("\\n" as StaticString)
            case 0x22 where quotes: page.append("\\\"" as StaticString)
            default: page.append(octet)
            }
        }
    }
}
