// Quantity — numbers as people read them: three digits and a unit that suits.
//
// Written by hand because the whole of Foundation is a large thing to link for `%.2f`. Every
// function takes any number at all; what is no number is a dash.

package enum Quantity {
    /// For what is unknown.
    package static let unknown = "–"

    /// A time with the unit that leaves one to three digits before the point: `412 ns`,
    /// `38.1 µs`, `1.24 ms`, `2.10 s`.
    package static func nanoseconds(_ nanoseconds: Double) -> String {
        scaled(nanoseconds, units: ["ns", "µs", "ms", "s"], step: 1000, wholeUnits: 1)
    }

    package static func nanoseconds(_ nanoseconds: UInt64) -> String {
        Self.nanoseconds(Double(nanoseconds))
    }

    /// A time in seconds: `12 s`, `0.500 s`, `1.25 ms`.
    package static func seconds(_ seconds: Double) -> String {
        guard seconds.isFinite else { return unknown }
        if seconds == seconds.rounded(), abs(seconds) >= 1 {
            return "\(fixed(seconds, decimals: 0)) s"
        }
        return nanoseconds(seconds * 1e9)
    }

    /// Memory: `512 B`, `1.94 KiB`, `10.0 MiB`.
    package static func octets(_ octets: Double) -> String {
        scaled(octets, units: ["B", "KiB", "MiB", "GiB", "TiB"], step: 1024, wholeUnits: 1)
    }

    /// Octets on the wire per second: `104 MB/s`.
    package static func octetRate(_ octetsPerSecond: Double) -> String {
        scaled(
            octetsPerSecond, units: ["B/s", "kB/s", "MB/s", "GB/s", "TB/s"], step: 1000,
            wholeUnits: 1)
    }

    /// A round time on an axis: `50 µs`, `1.5 s`.
    internal static func tick(nanoseconds: Double) -> String {
        nanoseconds == 0 ? "0" : trimmed(Self.nanoseconds(nanoseconds))
    }

    /// A round number on an axis: `500`, `20 k`, `1.5 M`.
    internal static func tick(_ value: Double) -> String {
        if abs(value) >= 0.9995e6 { return trimmed("\(digits(value / 1e6)) M") }
        if abs(value) >= 9999.5 { return trimmed("\(digits(value / 1000)) k") }
        return trimmed(digits(value))
    }

    /// `text` without zeros at the end of its fraction.
    private static func trimmed(_ text: String) -> String {
        guard let point = text.firstIndex(of: ".") else { return text }
        let end = text[point...].dropFirst().firstIndex { !$0.isNumber } ?? text.endIndex
        var fraction = text[point..<end]
        while fraction.last == "0" || fraction.last == "." { fraction.removeLast() }
        return String(text[..<point] + fraction + text[end...])
    }

    /// A number of things in full, digits in groups of three: `1 234 567`.
    package static func count(_ count: UInt64) -> String { grouped("\(count)") }

    package static func count(_ count: Int) -> String {
        (count < 0 ? "-" : "") + grouped("\(count.magnitude)")
    }

    /// Things per second, without the unit: whole above 100 (`812 340`), else three digits
    /// (`12.5`).
    package static func rate(_ perSecond: Double) -> String {
        guard perSecond.isFinite else { return unknown }
        return abs(perSecond) >= 99.95
            ? fixed(perSecond, decimals: 0) : digits(perSecond)
    }

    /// A share of one as a percentage: `0.52 %`, `12.5 %`, `< 0.01 %`.
    package static func share(_ share: Double) -> String {
        guard share.isFinite else { return unknown }
        let percent = share * 100
        if percent > 0, percent < 0.01 { return "< 0.01 %" }
        if percent == 0 { return "0 %" }
        return "\(fixed(percent, decimals: abs(percent) < 9.995 ? 2 : 1)) %"
    }

    /// A ratio of two figures: `1.032`, `21.4`, `0.00081`.
    package static func ratio(_ ratio: Double) -> String {
        guard ratio.isFinite else { return unknown }
        // Three digits after the point, or three digits at all where that would be next to nothing.
        if abs(ratio) < 0.0995 || abs(ratio) >= 9.9995, ratio != 0 { return digits(ratio) }
        return fixed(ratio, decimals: 3)
    }

    /// `value` with three significant digits: `1.24`, `38.1`, `412`, `0.0312`.
    package static func digits(_ value: Double) -> String {
        guard value.isFinite else { return unknown }
        var decimals = 2
        var bound = 9.995
        while abs(value) >= bound, decimals > 0 {
            decimals -= 1
            bound = decimals == 1 ? 99.95 : 999.5
        }
        bound = 0.9995
        while decimals >= 2, decimals < 6, value != 0, abs(value) < bound {
            decimals += 1
            bound /= 10
        }
        return fixed(value, decimals: decimals)
    }

    /// `value` with `decimals` digits after the point, digits before it in groups of three.
    package static func fixed(_ value: Double, decimals: Int) -> String {
        guard value.isFinite else { return unknown }
        let decimals = Swift.min(Swift.max(decimals, 0), 9)
        var factor: UInt64 = 1
        for _ in 0..<decimals { factor *= 10 }
        let scaled = (abs(value) * Double(factor)).rounded(.toNearestOrEven)
        // Beyond 2^63 no digit after the first sixteen means anything; such a number is a mistake.
        guard scaled < 9e18 else { return value < 0 ? "-∞" : "∞" }
        let whole = UInt64(scaled) / factor
        let rest = UInt64(scaled) % factor
        var text = value < 0 && scaled > 0 ? "-" : ""
        text += grouped("\(whole)")
        if decimals > 0 {
            let digits = "\(rest)"
            text += "." + String(repeating: "0", count: decimals - digits.count) + digits
        }
        return text
    }

    /// - Parameter wholeUnits: How many of the first units cannot be divided.
    private static func scaled(
        _ value: Double, units: [String], step: Double, wholeUnits: Int
    ) -> String {
        guard value.isFinite else { return unknown }
        var (value, index) = (value, 0)
        // 999.6 would be printed as 1 000.
        while abs(value) >= (step == 1000 ? 999.5 : 1023.5), index < units.count - 1 {
            value /= step
            index += 1
        }
        let isWhole = index < wholeUnits && value == value.rounded()
        return "\(isWhole ? fixed(value, decimals: 0) : digits(value)) \(units[index])"
    }

    private static func grouped(_ digits: String) -> String {
        guard digits.utf8.count > 3 else { return digits }
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.utf8.count - index).isMultiple(of: 3) { text.append(" ") }
            text.append(digit)
        }
        return text
    }
}
