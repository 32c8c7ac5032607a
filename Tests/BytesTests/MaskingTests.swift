import Bytes
import Testing

@Suite("masking")
struct MaskingTests {
    @Test("equals the definition at every size, phase and alignment")
    func definition() {
        let key = MaskKey(0x37, 0xFA, 0x21, 0x3D)
        let source = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        for size in 0...130 {
            for phase in 0..<8 {
                let start = (size + phase) % 9
                var octets = source
                unsafe octets.withUnsafeMutableBytes {
                    unsafe Masking.apply(
                        key, to: UnsafeMutableRawBufferPointer(rebasing: $0[start..<start + size]),
                        phase: phase)
                }
                var expected = source
                for index in 0..<size {
                    expected[start + index] ^= [0x37, 0xFA, 0x21, 0x3D][(phase + index) % 4]
                }
                #expect(octets == expected)
            }
        }
    }

    @Test("masks a span, and the same again undoes it")
    func spans() {
        let key = MaskKey(bits: 0xDEAD_BEEF)
        let octets = (0..<75).map { UInt8($0) }
        var buffer = OctetBuffer()
        buffer.append(octets)
        for phase in [0, 3] {
            for isUndone in [false, true] {
                var span = buffer.mutableOctets
                Masking.apply(key, to: &span, phase: phase)
                #expect((buffer.octets.array == octets) == isUndone)
            }
        }
    }

    @Test("a payload in pieces is the payload whole")
    func pieces() {
        let key = MaskKey(1, 2, 3, 4)
        for cut in 0...40 {
            var whole = [UInt8](repeating: 0x55, count: 40)
            var cutUp = whole
            unsafe whole.withUnsafeMutableBytes { unsafe Masking.apply(key, to: $0) }
            unsafe cutUp.withUnsafeMutableBytes {
                unsafe Masking.apply(key, to: UnsafeMutableRawBufferPointer(rebasing: $0[..<cut]))
                unsafe Masking.apply(
                    key, to: UnsafeMutableRawBufferPointer(rebasing: $0[cut...]), phase: cut)
            }
            #expect(whole == cutUp)
        }
    }

    @Test("an empty buffer without an address is no trouble")
    func empty() {
        unsafe Masking.apply(
            MaskKey(1, 2, 3, 4), to: UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }
}
