import Testing

@testable import Rooms

@Suite("octet hash")
struct OctetHashTests {
    @Test("tells all short names apart, their lengths too")
    func shortNames() {
        var hashes: Set<UInt64> = []
        let names = sequences(of: [0, 1, 0x61, 0xFF] as [UInt8], counts: 0...5)
        for name in names { hashes.insert(OctetHash.hash(name.raw)) }
        #expect(hashes.count == names.count)
        hashes = []
        for size in 0..<200 {
            hashes.insert(OctetHash.hash([UInt8](repeating: 0, count: size).raw))
        }
        #expect(hashes.count == 200)
    }

    @Test("spreads numbered names evenly over the tags tables use")
    func spread() {
        var counts = [Int](repeating: 0, count: 256)
        for number in 0..<25_600 {
            let room = room("user", "\(number)")
            counts[
                Int(
                    TagTable.tag(OctetHash.hash(room.fingerprint, for: .exact, in: .standard)) & 255
                )] += 1
        }
        // 100 expected in each; ten standard deviations would be 200.
        #expect(counts.allSatisfy { $0 > 20 && $0 < 200 })
    }

    @Test("depends on purpose, realm and order")
    func purposes() {
        var hashes: Set<UInt64> = []
        for purpose: OctetHash.Purpose in [
            .exact, .globParent, .glob, .prefix, .wildcard, .posting,
        ] {
            for realm in UInt16(0)..<50 {
                hashes.insert(OctetHash.hash(7, for: purpose, in: Realm(rawValue: realm)))
            }
        }
        #expect(hashes.count == 300)
        let ab = OctetHash.appending(2, to: OctetHash.appending(1, to: OctetHash.start))
        let ba = OctetHash.appending(1, to: OctetHash.appending(2, to: OctetHash.start))
        #expect(ab != ba)
    }
}
