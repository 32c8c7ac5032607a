import Testing

@testable import Rooms

@Suite("characters of UTF-8")
struct ScalarsTests {
    @Test("are read as the standard library reads them, all of Unicode")
    func unicode() {
        for value in UInt32(0)...0x10_FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let octets = Array(UTF8.encode(scalar)!)
            let decoded = octets.raw.scalar(at: 0)
            if decoded.value != value || decoded.size != octets.count {
                Issue.record("U+\(String(value, radix: 16)) became \(decoded)")
            }
        }
    }

    @Test("are single octets wherever UTF-8 is broken")
    func broken() {
        let table: [[UInt8]] = [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x80, 0x80],
            [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xE2, 0x82],
            [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x94], [0xFF],
        ]
        for octets in table {
            let decoded = octets.raw.scalar(at: 0)
            #expect(decoded.value == 0x11_0000 + UInt32(octets[0]), "\(octets)")
            #expect(decoded.size == 1)
        }
    }
}
