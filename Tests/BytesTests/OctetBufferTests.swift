import Bytes
import Testing

@Suite("octet buffer")
struct OctetBufferTests {
    @Test("grows and keeps what it holds")
    func grows() {
        var buffer = OctetBuffer(capacity: 0)
        for value in 0..<1000 { buffer.append(UInt8(truncatingIfNeeded: value)) }
        #expect(buffer.count == 1000)
        #expect(buffer.octets[octet: 999] == UInt8(truncatingIfNeeded: 999))
    }

    @Test("writes decimal numbers", arguments: [0, 7, 10, 1_234_567_890, -5, Int.max, Int.min])
    func decimals(value: Int) {
        var buffer = OctetBuffer()
        buffer.append(decimal: value)
        #expect(buffer.octets.text == String(value))
    }

    @Test("drops from the front")
    func dropsFromTheFront() {
        var buffer = OctetBuffer()
        buffer.append("hello world" as StaticString)
        buffer.removeFirst(6)
        #expect(buffer.octets.text == "world")
    }
}
