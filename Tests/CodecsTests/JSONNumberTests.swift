import Bytes
import Codecs
import Testing

/// The float64 a JSON number is read as.
private func double(_ text: String) throws -> Double? {
    let octets = Array(text.utf8)
    var reader = JSONReader(unsafe octets.span.bytes)
    let item = try reader.item()
    try reader.end()
    return reader.double(item)
}

@Suite("JSON numbers")
struct JSONNumberTests {
    @Test("become the nearest float64, as in the standard library")
    func nearest() throws {
        var texts = [
            "0.0", "-0.0", "0e5", "0.000e-9", "1.5", "1e22", "1e23", "1e-22", "1e-23",
            "9007199254740993.0",
            "9007199254740992e3", "123456789012345678901234567890.0", "0.1",
            "2.2250738585072011e-308",
            "2.2250738585072014e-308", "5e-324", "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e309",
            "1e-400", "0.5e1", "00.5".dropFirst().description, "8.5E+1", "1E-0", "-1.25e-3",
            "18446744073709551615", "18446744073709551616", "-9223372036854775809",
            "1000000000000000000000000000000000000000000e-30",
            "0.00000000000000000000000000000000000000001e40",
        ]
        for seed in UInt64(1)...2000 {
            var random = SplitMix64(seed: seed)
            let value = Double(bitPattern: random.next())
            if value.isFinite { texts.append("\(value)") }
            let digits = String(random.next() >> UInt64.random(in: 0..<64, using: &random))
            let exponent = Int.random(in: -340...320, using: &random)
            texts += ["\(digits)e\(exponent)", "-\(digits).\(random.next())e\(exponent)"]
            texts += [
                "\(digits)e\(exponent % 25)",
                "\(digits).\(digits.reversed().map(String.init).joined())",
            ]
        }
        for text in texts {
            // The library takes leading zeros that JSON has not, and the other way round nothing.
            let expected = Double(text)!
            #expect(try double(text)?.bitPattern == expected.bitPattern, "\(text)")
        }
    }

    @Test("are rounded by all of their digits, however many")
    func longNumbers() throws {
        // The middle between 1 and the next float64 is rounded to even; a digit far behind decides.
        let middle = "1.00000000000000011102230246251565404236316680908203125"
        let zeros = String(repeating: "0", count: 5000)
        #expect(try double(middle) == 1)
        #expect(try double(middle + zeros) == 1)
        #expect(try double(middle + zeros + "1") == 1.0.nextUp)
        #expect(try double("1" + zeros + "e-5000") == 1)
        #expect(try double("0." + zeros + "1e5001") == 1)
        #expect(try double("1" + zeros + ".0") == .infinity)
        #expect(try double("-0." + zeros + "1")?.bitPattern == (-0.0).bitPattern)
    }

    @Test("bear exponents of any length")
    func exponents() throws {
        let nines = String(repeating: "9", count: 400)
        #expect(try double("1e" + nines) == .infinity)
        #expect(try double("-1e+" + nines) == -.infinity)
        #expect(try double("1e-" + nines) == 0)
        #expect(try double("0e" + nines) == 0)
        #expect(try double("1.5e9223372036854775807") == .infinity)
        #expect(try double("1.5e-9223372036854775808") == 0)
    }
}
