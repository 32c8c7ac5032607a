import Testing

@testable import CarillonLoad

@Suite("stamp")
struct StampTests {
    private func octets(_ stamp: Stamp, seed: UInt32) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: Stamp.size)
        unsafe octets.withUnsafeMutableBytes {
            unsafe stamp.write(to: $0.baseAddress!, seed: seed)
        }
        return octets
    }

    private func read(_ octets: [UInt8], seed: UInt32) -> Stamp? {
        unsafe octets.withUnsafeBytes { unsafe Stamp($0.baseAddress!, seed: seed) }
    }

    private static let examples = [
        Stamp(stream: 0, number: 0, time: 0, payloadSize: 52),
        Stamp(stream: 1, number: 0x0012_ABCD, time: 0x0123_4567_89AB_CDEF, payloadSize: 128),
        Stamp(stream: .max, number: .max, time: .max, payloadSize: .max),
    ]

    @Test("is plain ASCII, lower-case hexadecimal behind its mark")
    func form() {
        let stamp = Stamp(
            stream: 0xC0FFEE, number: 7, time: 0x1234_5678_9ABC_DEF0, payloadSize: 0x80)
        let text = String(decoding: octets(stamp, seed: 1), as: UTF8.self)
        #expect(text.hasPrefix("CLd100c0ffee00000007123456789abcdef000000080"))
        #expect(text.utf8.count == 52)
    }

    @Test("is read as it was written", arguments: examples)
    func roundTrip(stamp: Stamp) {
        #expect(read(octets(stamp, seed: 99), seed: 99) == stamp)
    }

    @Test("of another run, or with any octet changed, is none", arguments: examples)
    func damage(stamp: Stamp) {
        let whole = octets(stamp, seed: 5)
        #expect(read(whole, seed: 6) == nil)
        for place in 4..<whole.count {
            for octet in [0x00, 0x2F, 0x3A, 0x40, 0x47, 0x60, 0x67, 0x80, 0xFF] as [UInt8] {
                var damaged = whole
                damaged[place] = octet
                #expect(read(damaged, seed: 5) == nil)
            }
            var other = whole
            other[place] = whole[place] == 0x30 ? 0x31 : 0x30
            #expect(read(other, seed: 5) == nil)
        }
    }

    @Test("digits are what the standard library says, all of them")
    func digits() {
        for value in stride(from: UInt64(0), through: UInt64(UInt32.max), by: 9_999_991) {
            let value = UInt32(value)
            var octets = [UInt8](repeating: 0, count: 8)
            unsafe octets.withUnsafeMutableBytes {
                unsafe HexWord.write(value, to: $0.baseAddress!)
            }
            let digits = String(value, radix: 16)
            let text = String(repeating: "0", count: 8 - digits.count) + digits
            #expect(String(decoding: octets, as: UTF8.self) == text)
            #expect(unsafe octets.withUnsafeBytes { unsafe HexWord.read($0.baseAddress!) } == value)
        }
    }
}

@Suite("payloads")
struct PayloadTests {
    private func payload(_ number: UInt32, size: Int) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: size)
        let stamp = Stamp(stream: 3, number: number, time: 9, payloadSize: UInt32(size))
        unsafe octets.withUnsafeMutableBytes { room in
            unsafe stamp.write(to: room.baseAddress!, seed: 1)
            unsafe (room.baseAddress! + Stamp.size).copyMemory(
                from: Filler.shared.window(number), byteCount: size - Stamp.size)
        }
        return octets
    }

    @Test("the filler follows from the number, and needs no escape in JSON")
    func filler() {
        let one = Array(payload(1, size: 4096)[Stamp.size...])
        unsafe one.withUnsafeBytes {
            #expect(unsafe Filler.shared.matches($0, number: 1))
            #expect(unsafe !Filler.shared.matches($0, number: 2))
        }
        #expect(one.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C })
        var damaged = one
        damaged[4043] ^= 1
        unsafe damaged.withUnsafeBytes {
            #expect(unsafe !Filler.shared.matches($0, number: 1))
        }
    }

    @Test("a message once verified is known again, and only octet by octet")
    func verified() {
        var known = VerifiedMessages()
        for number in 0..<1000 as Range<UInt32> {
            let message = [UInt8](repeating: 0x20, count: 9) + payload(number, size: 128) + [0x7D]
            unsafe message.withUnsafeBytes { room in
                #expect(unsafe known.stamp(of: room, mark: 9) == nil)
                let stamp = unsafe Stamp(room.baseAddress! + 9, seed: 1)!
                unsafe known.keep(stamp, room, mark: 9)
                #expect(unsafe known.stamp(of: room, mark: 9) == stamp)
                let cut = unsafe UnsafeRawBufferPointer(rebasing: room[..<137])
                #expect(unsafe known.stamp(of: cut, mark: 9) == nil)
            }
            for place in [0, 14, 26, 60, 61, 137] {
                var damaged = message
                damaged[place] ^= 0x10
                unsafe damaged.withUnsafeBytes {
                    #expect(unsafe known.stamp(of: $0, mark: 9)?.number != number)
                }
            }
        }
    }
}
