// Quantities — durations, sizes and shares, as people write them.
//
// "10s", "250ms", "64KiB", "25%": a number and its unit, without space or with one. A bare number
// is seconds, octets or a fraction. Everything is compared before it is converted: a size of
// 9e99 MiB is a message, not a trap.

extension Format where Value == Duration {
    /// A duration in `range`: `"10s"`, `"250ms"`, or a number of seconds.
    package static func duration(_ range: ClosedRange<Duration>) -> Format {
        let bounds =
            DurationText.text(range.lowerBound) + " to " + DurationText.text(range.upperBound)
        let within = { @Sendable (duration: Duration?) in
            duration.flatMap { range.contains($0) ? $0 : nil }
        }
        return Format(
            "a duration from \(bounds), such as \"10s\", \"250ms\" or a number of seconds",
            read: { raw in
                switch raw {
                case .text(let text): within(DurationText.duration(text))
                case .integer(let number): within(DurationText.seconds(Double(number)))
                case .decimal(let number): within(DurationText.seconds(number))
                default: nil
                }
            },
            parse: { within(DurationText.duration($0)) },
            write: { TOMLText.quoted(DurationText.text($0)) })
    }
}

/// Durations as text.
package enum DurationText {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000),
        ("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1000), ("µs", 1000), ("ns", 1),
    ]

    /// Reads a number with a unit; without one it is seconds.
    package static func duration(_ text: String) -> Duration? {
        guard let (number, unit) = numberAndUnit(text) else { return nil }
        if unit.isEmpty { return seconds(number) }
        guard let unit = units.first(where: { $0.name == unit }) else { return nil }
        return nanoseconds(number * Double(unit.nanoseconds))
    }

    package static func seconds(_ number: Double) -> Duration? { nanoseconds(number * 1e9) }

    private static func nanoseconds(_ number: Double) -> Duration? {
        // A hundred years; also refuses what is not a number.
        guard number >= 0, number <= 3.2e18 else { return nil }
        return .nanoseconds(Int64(number.rounded()))
    }

    /// The shortest exact text.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return "\(seconds)s" }
        let nanoseconds = whole &+ attoseconds / 1_000_000_000
        if nanoseconds == 0 { return "0s" }
        for unit in units where nanoseconds % unit.nanoseconds == 0 {
            // "2m", but "90s" and "0.5s" as "500ms".
            return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
        }
        return "\(nanoseconds)ns"
    }
}

extension Format where Value == Int {
    /// A size in octets: a number, or text with a unit (`KiB`, `MiB`, `GiB`, `KB`, `MB`, `GB`).
    package static func size(_ range: ClosedRange<Int>) -> Format {
        let bounds = SizeText.text(range.lowerBound) + " to " + SizeText.text(range.upperBound)
        let within = { @Sendable (size: Int?) in size.flatMap { range.contains($0) ? $0 : nil } }
        return Format(
            "a size from \(bounds), such as 4096 or \"64KiB\"",
            read: { raw in
                switch raw {
                case .text(let text): within(SizeText.size(text))
                case .integer(let number): within(number)
                default: nil
                }
            },
            parse: { within(SizeText.size($0)) },
            write: { size in
                let text = SizeText.text(size)
                return text == String(size) ? text : TOMLText.quoted(text)
            })
    }
}

extension Format where Value == Int {
    /// A size in octets that must be a power of two.
    package static func sizePowerOfTwo(_ range: ClosedRange<Int>) -> Format {
        let size = size(range)
        let ifPower = { @Sendable (octets: Int) in
            octets > 0 && octets & (octets - 1) == 0 ? octets : nil
        }
        let bounds = SizeText.text(range.lowerBound) + " to " + SizeText.text(range.upperBound)
        return Format(
            "a power of two from \(bounds), such as \"64KiB\"",
            read: { size.read($0).flatMap(ifPower) }, parse: { size.parse($0).flatMap(ifPower) },
            write: size.write)
    }
}

/// Sizes as text.
package enum SizeText {
    private static let units: [(name: String, octets: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
        ("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1000), ("B", 1), ("", 1),
    ]

    package static func size(_ text: String) -> Int? {
        guard let (number, unit) = numberAndUnit(text) else { return nil }
        guard let unit = units.first(where: { $0.name == unit }) else { return nil }
        let octets = number * Double(unit.octets)
        // Whole octets, and no more than a double can count exactly.
        guard octets >= 0, octets <= 9_007_199_254_740_992, octets == octets.rounded() else {
            return nil
        }
        return Int(octets)
    }

    /// The shortest exact text: "64KiB", "1MiB", "1000".
    package static func text(_ size: Int) -> String {
        if size == 0 { return "0" }
        for unit in units.prefix(3) where size % unit.octets == 0 {
            return "\(size / unit.octets)\(unit.name)"
        }
        return String(size)
    }
}

extension Format where Value == Double {
    /// A share of a whole: `"25%"` or 0.25.
    package static func share(_ range: ClosedRange<Double>) -> Format {
        let within = { @Sendable (share: Double?) in share.flatMap { range.contains($0) ? $0 : nil }
        }
        let text = { @Sendable (share: Double) in
            let percent = (share * 1e6).rounded() / 1e4
            let whole = percent == percent.rounded()
            return (whole ? String(Int(percent)) : String(percent)) + "%"
        }
        return Format(
            "a share from \(text(range.lowerBound)) to \(text(range.upperBound)), "
                + "such as \"25%\" or 0.25",
            read: { raw in
                switch raw {
                case .text(let text): within(shareOf(text))
                case .integer(let number): within(Double(number))
                case .decimal(let number): within(number)
                default: nil
                }
            },
            parse: { within(shareOf($0)) },
            write: { TOMLText.quoted(text($0)) })
    }
}

private func shareOf(_ text: String) -> Double? {
    guard let (number, unit) = numberAndUnit(text) else { return nil }
    return unit == "%" ? number / 100 : unit.isEmpty ? number : nil
}

/// Splits "2.5 s" into 2.5 and "s". Digits and at most one dot: no sign, no exponent, no "inf".
private func numberAndUnit(_ text: String) -> (number: Double, unit: String)? {
    let digits = text.prefix { $0.isASCII && $0.isNumber || $0 == "." }
    guard let number = Double(digits), number.isFinite else { return nil }
    var unit = text.dropFirst(digits.count)
    if unit.first == " " { unit.removeFirst() }
    return (number, String(unit))
}
