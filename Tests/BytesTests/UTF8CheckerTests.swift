import Bytes
import Testing

/// What may stand at the beginning of a text, made from the list of all characters.
private struct ViablePrefixes {
    var one = [Bool](repeating: false, count: 1 << 8)
    var two = [Bool](repeating: false, count: 1 << 16)
    var three = [Bool](repeating: false, count: 1 << 24)

    init() {
        for value: UInt32 in 0x80...0x10FFFF where !(0xD800...0xDFFF).contains(value) {
            // The last six bits of longer forms take every value, so their first one will do.
            if value > 0xFFFF && value & 0x3F != 0 { continue }
            let low = 0x80 | value & 0x3F
            let middle = 0x80 | value >> 6 & 0x3F
            if value < 0x800 {
                insert(0xC0 | value >> 6, low, nil)
            } else if value < 0x10000 {
                insert(0xE0 | value >> 12, middle, low)
            } else {
                insert(0xF0 | value >> 18, 0x80 | value >> 12 & 0x3F, middle)
            }
        }
    }

    private mutating func insert(_ first: UInt32, _ second: UInt32, _ third: UInt32?) {
        one[Int(first)] = true
        two[Int(first << 8 | second)] = true
        if let third { three[Int(first << 16 | second << 8 | third)] = true }
    }

    /// The first octet of `octets`, at most three, that no text begins with.
    func firstBad(_ octets: [UInt8]) -> Int? {
        var start = 0
        while start < octets.count {
            let first = Int(octets[start])
            if first < 0x80 {
                start += 1
                continue
            }
            guard one[first] else { return start }
            guard start + 1 < octets.count else { return nil }
            let pair = first << 8 | Int(octets[start + 1])
            guard two[pair] else { return start + 1 }
            if first < 0xE0 {
                start += 2
                continue
            }
            guard start + 2 < octets.count else { return nil }
            guard three[pair << 8 | Int(octets[start + 2])] else { return start + 2 }
            start += 3
        }
        return nil
    }
}

private func firstBad(_ octets: [UInt8]) -> Int? {
    var checker = UTF8Checker()
    return unsafe octets.withUnsafeBytes { unsafe checker.firstBad(in: $0) }
}

@Suite("UTF-8 checker")
struct UTF8CheckerTests {
    @Test("agrees with the list of all characters on every sequence of up to three octets")
    func exhaustive() {
        let viable = ViablePrefixes()
        var mismatches = 0
        var octets: [UInt8] = [0]
        for first: UInt8 in 0...255 {
            octets = [first]
            if firstBad(octets) != viable.firstBad(octets) { mismatches += 1 }
        }
        for first: UInt8 in 0...255 {
            for second: UInt8 in 0...255 {
                octets = [first, second]
                let bad = firstBad(octets)
                if bad != viable.firstBad(octets) { mismatches += 1 }
                // What follows a refused octet is never looked at, nor does ASCII leave state.
                if bad != nil || first < 0x80 { continue }
                for third: UInt8 in 0...255 {
                    octets = [first, second, third]
                    if firstBad(octets) != viable.firstBad(octets) { mismatches += 1 }
                }
            }
        }
        #expect(mismatches == 0)
    }

    @Test("agrees with the standard library on samples of four to twelve octets, however cut")
    func samples() {
        var random = SplitMix64(seed: 0xCA11)
        let likely: [UInt8] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
            0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for _ in 0..<30_000 {
            let octets = (0..<Int.random(in: 4...12, using: &random)).map { _ in
                likely.randomElement(using: &random) ?? 0
            }
            var whole = UTF8Checker()
            let bad = unsafe octets.withUnsafeBytes { unsafe whole.firstBad(in: $0) }
            let accepted = bad == nil && whole.isComplete
            #expect(accepted == (String(validating: octets, as: UTF8.self) != nil), "\(octets)")
            var single = UTF8Checker()
            var position: Int?
            for (index, octet) in octets.enumerated() {
                if unsafe [octet].withUnsafeBytes({ unsafe single.firstBad(in: $0) }) != nil {
                    position = index
                    break
                }
            }
            #expect(position == bad, "\(octets)")
            if bad == nil { #expect(single == whole) }
        }
    }

    @Test("finds a bad octet anywhere among ASCII, and none where there is none")
    func longRuns() {
        for size in 0..<140 {
            var octets = [UInt8](repeating: 0x61, count: size)
            #expect(firstBad(octets) == nil)
            for place in stride(from: 0, to: size, by: 7) {
                octets[place] = 0xFF
                #expect(firstBad(octets) == place)
                octets[place] = 0x61
            }
        }
    }

    @Test("refuses each impossible octet as soon as it is seen")
    func failsFast() {
        let refused: [([UInt8], Int)] = [
            ([0xC0], 0), ([0xC1], 0), ([0xF5], 0), ([0xFF], 0), ([0x80], 0), ([0xE0, 0x80], 1),
            ([0xED, 0xA0], 1), ([0xF0, 0x80], 1), ([0xF4, 0x90], 1), ([0xE2, 0x82, 0x41], 2),
        ]
        for (octets, place) in refused { #expect(firstBad(octets) == place, "\(octets)") }
    }

    @Test("an unfinished character is no error, but no end either")
    func unfinished() {
        var checker = UTF8Checker()
        #expect(
            unsafe ([0xE2, 0x82] as [UInt8]).withUnsafeBytes { unsafe checker.firstBad(in: $0) }
                == nil)
        #expect(!checker.isComplete)
        #expect(
            unsafe ([0xAC] as [UInt8]).withUnsafeBytes { unsafe checker.firstBad(in: $0) } == nil)
        #expect(checker.isComplete)
    }
}
