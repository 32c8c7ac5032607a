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

    @Test("a text stands at one place of a run, and never across its end")
    func places() {
        let octets = Array("x-null-true-channel-server_info".utf8)
        for (name, place) in [
            ("null" as StaticString, 2), ("true", 7), ("channel", 12), ("server_info", 20),
        ] {
            let found = (-1...40).filter { offset in
                unsafe octets.span.bytes.holds(name, at: offset)
            }
            #expect(found == [place])
            let end = place + name.utf8CodeUnitCount - 1
            let isHeld = unsafe octets.span.bytes.extracting(first: end).holds(name, at: place)
            #expect(!isHeld)
        }
        let isHeld = unsafe octets.span.bytes.holds("x", at: Int.max)
        #expect(!isHeld)
    }

    @Test("an octet is found at its first place behind a start, whatever stands around it")
    func firstIndex() {
        for seed in UInt64(1)...300 {
            var random = SplitMix64(seed: seed)
            let octet = UInt8.random(in: 0...255, using: &random)
            // Neighbours in value are what the word's borrows could mistake.
            let others = [octet ^ 1, octet &+ 1, octet ^ 0x80, octet ^ 0x81, 0, 0x80, 0xFF]
            let octets = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                Int.random(in: 0..<12, using: &random) == 0
                    ? octet : others.randomElement(using: &random)!
            }
            for start in 0...octets.count + 1 {
                let found = unsafe octets.span.bytes.firstIndex(of: octet, from: start)
                let wanted = octets.indices.first { $0 >= start && octets[$0] == octet }
                #expect(found == wanted, "seed \(seed)")
            }
        }
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
