// Octet reads: comparing runs of every size that takes another way through the words.

import Testing

@testable import Bytes

@Suite("Octet reads")
struct RawSpanOctetsTests {
    @Test("runs are equal exactly if all their octets are, whatever their size and alignment")
    func equality() {
        for size in 0...40 {
            for shift in 0..<3 {
                let left = (0..<size + shift).map { UInt8(truncatingIfNeeded: $0 &* 37) }
                let run = Array(left[shift...])
                #expect(areEqual(left, from: shift, run))
                for changed in 0..<size {
                    for bit in [UInt8(1), 0x80] {
                        var other = run
                        other[changed] ^= bit
                        #expect(!areEqual(left, from: shift, other), "\(size), \(changed)")
                    }
                }
            }
        }
    }

    @Test("a run equals no shorter and no longer one")
    func sizes() {
        let octets = [UInt8](repeating: 7, count: 40)
        for size in 0...40 {
            for other in 0...40 {
                let isEqual = areEqual(octets[..<size].map { $0 }, from: 0, Array(octets[..<other]))
                #expect(isEqual == (size == other))
            }
        }
    }

    @Test("a run equals the text with its octets and no other")
    func texts() {
        #expect(equals("", ""))
        #expect(equals("id", "id"))
        #expect(equals("data", "data"))
        #expect(equals("channel", "channel"))
        #expect(equals("server_info", "server_info"))
        #expect(!equals("server_inf0", "server_info"))
        #expect(!equals("channe1", "channel"))
        #expect(!equals("chann", "channel"))
        #expect(!equals("Id", "id"))
    }

    // Expectations cannot hold a span.

    private func areEqual(_ left: [UInt8], from start: Int, _ right: [UInt8]) -> Bool {
        unsafe left.span.bytes.extracting(start..<left.count).equals(right.span.bytes)
    }

    private func equals(_ text: String, _ name: StaticString) -> Bool {
        let octets = Array(text.utf8)
        return unsafe octets.span.bytes.equals(name)
    }

    @Test(
        "names are compared without case exactly as octet by octet",
        arguments: [
            "te" as StaticString, "host", "upgrade", "websocket", "content_md5-x",
            "sec-websocket-version",
        ])
    func namesWithoutCase(name: StaticString) {
        let wanted = Array(name.description.utf8)
        for place in wanted.indices {
            for octet in UInt8.min...UInt8.max {
                var other = wanted
                other[place] = octet
                let folded = octet >= 0x41 && octet <= 0x5A ? octet | 0x20 : octet
                let isSame = unsafe other.span.bytes.equalsIgnoringCase(name)
                #expect(isSame == (folded == wanted[place]))
            }
        }
        let capitals = Array(name.description.uppercased().utf8)
        let isSame = unsafe capitals.span.bytes.equalsIgnoringCase(name)
        #expect(isSame)
        let isLonger = unsafe (wanted + [0x61]).span.bytes.equalsIgnoringCase(name)
        #expect(!isLonger)
    }
}
