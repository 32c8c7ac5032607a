import LinkKit
import Testing

@testable import RabbitMQLink

@Suite("delivery assembly")
struct DeliveryAssemblyTests {
    private let first = Delivery(tag: 1, routingKey: [0x61], isRedelivered: false)

    private func add(
        _ octets: [UInt8], to assembly: inout DeliveryAssembly
    ) throws(LinkFailure) -> Delivery? {
        let span = octets.span
        return try assembly.body(unsafe span.bytes)
    }

    @Test("puts a body together however it is cut")
    func cuts() throws {
        let whole = Array("hello, world".utf8)
        for cut in 1...whole.count {
            var assembly = DeliveryAssembly(messageLimit: 100)
            // Twice, since what is left of one message must not show in the next.
            for _ in 0..<2 {
                try assembly.begin(first)
                #expect(try assembly.header(bodySize: 12, messageID: [9]) == nil)
                var result: Delivery?
                for start in stride(from: 0, to: whole.count, by: cut) {
                    #expect(result == nil)
                    let part = Array(whole[start..<min(start + cut, whole.count)])
                    result = try add(part, to: &assembly)
                }
                #expect(result?.body == whole)
                #expect(result?.messageID == [9])
                #expect(result?.tag == 1)
            }
        }
    }

    @Test("a message without a body is whole with its header")
    func empty() throws {
        var assembly = DeliveryAssembly(messageLimit: 0)
        try assembly.begin(first)
        #expect(try assembly.header(bodySize: 0, messageID: nil)?.body == [])
    }

    @Test("counts through what is larger than the limit and stores nothing")
    func oversized() throws {
        var assembly = DeliveryAssembly(messageLimit: 3)
        for size in [3, 4] as [UInt64] {
            try assembly.begin(first)
            _ = try assembly.header(bodySize: size, messageID: nil)
            var result: Delivery?
            for _ in 0..<size { result = try add([1], to: &assembly) }
            let delivery = try #require(result)
            #expect(assembly.isOversized(delivery) == (size == 4))
            #expect(delivery.body.count == (size == 4 ? 0 : 3))
        }
        try assembly.begin(first)
        #expect(try assembly.header(bodySize: .max, messageID: nil) == nil)
        #expect(try add([1, 2, 3], to: &assembly) == nil)
    }

    @Test("frames out of place are the broker's fault, never ours")
    func misplaced() throws {
        var assembly = DeliveryAssembly(messageLimit: 10)
        #expect(throws: LinkFailure.self) { try add([1, 2], to: &assembly) }
        #expect(throws: LinkFailure.self) { try assembly.header(bodySize: 1, messageID: nil) }
        try assembly.begin(first)
        #expect(throws: LinkFailure.self) { try assembly.begin(first) }
        #expect(throws: LinkFailure.self) { try add([1, 2], to: &assembly) }
        _ = try assembly.header(bodySize: 1, messageID: nil)
        #expect(throws: LinkFailure.self) { try assembly.header(bodySize: 1, messageID: nil) }
        #expect(throws: LinkFailure.self) { try add([1, 2], to: &assembly) }
    }
}
