import Bytes
import Testing
import WebSocket

@Suite("short header")
struct ShortHeaderTests {
    @Test("it is the header that any frame of its size has")
    func identity() {
        for isCompressed in [false, true] {
            for size in 0...65_535 {
                let header = FrameHeader(
                    isCompressed: isCompressed, opcode: .binary, payloadSize: size)
                var buffer = OctetBuffer()
                header.encode(into: &buffer)
                let expected = buffer.octets.array
                let short = ShortHeader(firstOctet: expected[0], payloadSize: size)
                var octets: [UInt8] = [1, 1, 1, 1]
                unsafe octets.withUnsafeMutableBytes {
                    unsafe short.write(to: $0.baseAddress.unsafelyUnwrapped)
                }
                let isSame = Array(octets[..<short.size]) == expected
                guard isSame else {
                    Issue.record("\(size) octets: \(octets), not \(expected)")
                    return
                }
            }
        }
    }
}
