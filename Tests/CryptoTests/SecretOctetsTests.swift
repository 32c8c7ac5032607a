import Bytes
import Crypto
import Testing

private struct Refusal: Error {}

private func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    unsafe left.span.bytes.equalsInConstantTime(right.span.bytes)
}

@Suite("secret octets")
struct SecretOctetsTests {
    @Test("hold what was written, and an error of the writer comes through")
    func filling() throws {
        let secret = unsafe SecretOctets(count: 3) { unsafe $0[1] = 7 }
        #expect(secret.octets.array == [0, 7, 0])
        #expect(throws: Refusal.self) {
            _ = try unsafe SecretOctets(count: 3) { _ throws(Refusal) in throw Refusal() }
        }
        let empty: [UInt8] = []
        let nothing = unsafe SecretOctets(copying: empty.span.bytes)
        #expect(nothing.count == 0)
        #expect(nothing.octets.byteCount == 0)
    }

    @Test("exclusive or twice gives back what was there")
    func exclusiveOr() {
        let other: [UInt8] = [0xF0, 0x0F, 0xFF]
        let start: [UInt8] = [1, 2, 3]
        var secret = unsafe SecretOctets(copying: start.span.bytes)
        unsafe secret.formXOR(other.span.bytes)
        #expect(secret.octets.array == [0xF1, 0x0D, 0xFC])
        unsafe secret.formXOR(other.span.bytes)
        #expect(secret.octets.array == [1, 2, 3])
    }

    @Test("arrays and buffers are overwritten")
    func wiping() {
        var array: [UInt8] = [1, 2, 3]
        array.wipe()
        #expect(array == [0, 0, 0])
        var nothing: [UInt8] = []
        nothing.wipe()
        var buffer = OctetBuffer()
        buffer.append("secret")
        buffer.wipe()
        #expect(buffer.count == 0)
        unsafe buffer.append(atMost: 6) { room in
            // What the buffer held is gone from its memory, not only from its count.
            #expect(unsafe room.allSatisfy { $0 == 0 })
            return 0
        }
    }

    @Test("comparison in constant time says what comparison says")
    func comparison() {
        let octets = [UInt8](0..<33)
        for size in 0...33 {
            let left = Array(octets[..<size])
            #expect(areEqual(left, left))
            for place in 0..<size {
                var right = left
                right[place] ^= 0x80
                #expect(!areEqual(left, right))
            }
            #expect(!areEqual(left, left + [0]))
        }
    }

    @Test("random octets are as many as asked for, and others each time")
    func random() throws {
        for count in [0, 1, 16, 1000] { #expect(try RandomOctets.make(count).count == count) }
        #expect(try RandomOctets.make(16) != RandomOctets.make(16))
    }
}
