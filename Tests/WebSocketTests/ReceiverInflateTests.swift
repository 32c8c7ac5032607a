import Bytes
import Testing
import WebSocket

private let agreed = DeflateAgreement()
private let withoutContext = DeflateAgreement(clientNoContextTakeover: true)

private func deflate(_ payload: [UInt8], level: Int = 6) -> [UInt8] {
    var output = OctetBuffer()
    guard var deflater = Deflater(level: level) else { return [] }
    _ = unsafe deflater.compress(payload.span.bytes, into: &output)
    return output.octets.array
}

@Suite("receiving deflated messages")
struct ReceiverInflateTests {
    @Test("reads the examples of RFC 7692 §7.2.3")
    func examples() {
        let hello = octets("Hello")
        // §7.2.3.1: one block, whole and in fragments.
        expect(
            hex("c1 07 f2 48 cd c9 c9 07 00"), gives: [.text(hello)], role: .client,
            deflate: agreed)
        expect(
            hex("41 03 f2 48 cd 80 04 c9 c9 07 00"), gives: [.text(hello)], role: .client,
            deflate: agreed)
        // §7.2.3.2: the second message refers to the first.
        expect(
            hex("c1 07 f2 48 cd c9 c9 07 00  c1 05 f2 00 11 00 00"),
            gives: [.text(hello), .text(hello)], role: .client,
            deflate: DeflateAgreement(serverNoContextTakeover: false))
        // §7.2.3.3: a stored block.
        expect(
            hex("c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00"), gives: [.text(hello)], role: .client,
            deflate: agreed)
        // §7.2.3.4: a final block, and an empty one behind it.
        expect(
            hex("c1 08 f3 48 cd c9 c9 07 00 00"), gives: [.text(hello)], role: .client,
            deflate: agreed)
        // §7.2.3.5: two blocks.
        expect(
            hex("c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), gives: [.text(hello)],
            role: .client, deflate: agreed)
        // §7.2.3.6: an empty message.
        expect(hex("c1 01 00"), gives: [.text([])], role: .client, deflate: agreed)
    }

    @Test("refuses a reference to an earlier message where none may be")
    func noContext() {
        expect(
            hex("c1 07 f2 48 cd c9 c9 07 00  c1 05 f2 00 11 00 00"),
            gives: [.text(octets("Hello")), .failed(.brokenCompression)], role: .client,
            deflate: agreed)
    }

    @Test("takes a final block in the middle, and references across it")
    func finalBlocks() {
        // Two final blocks in a row, then the empty one of the tail.
        let two = hex("f3 48 cd c9 c9 07 00") + hex("f3 48 cd c9 c9 07 00 00")
        for deflate in [agreed, withoutContext] {
            expect(
                frame(.text, two, isCompressed: true), gives: [.text(octets("HelloHello"))],
                deflate: deflate)
        }
        // "Hello" final, then the reference of the second message of §7.2.3.2.
        expect(
            frame(.text, hex("f3 48 cd c9 c9 07 00  f2 00 11 00 00"), isCompressed: true),
            gives: [.text(octets("HelloHello"))], deflate: agreed)
    }

    @Test("takes empty and final messages without anything behind them")
    func lenientEnds() {
        expect(
            frame(.text, [], isCompressed: true) + frame(.text, [], isCompressed: true),
            gives: [.text([]), .text([])], deflate: agreed)
        expect(
            frame(.text, hex("f3 48 cd c9 c9 07 00"), isCompressed: true)
                + frame(.text, hex("f2 48 cd c9 c9 07 00"), isCompressed: true),
            gives: [.text(octets("Hello")), .text(octets("Hello"))], deflate: agreed)
    }

    @Test("refuses broken and cut off compressed data with 1007")
    func broken() {
        let faults = [
            hex("ff ff ff"), hex("06"), hex("f2 48 cd"), hex("f2 48 cd c9 c9"),
            hex("00 05 00 fa fe 48 65"), hex("f3 48 cd c9 c9 07"),
        ]
        for payload in faults {
            for deflate in [agreed, withoutContext] {
                let octets = frame(.binary, payload, isCompressed: true)
                let events = receive(octets, pieces: [octets.count], deflate: deflate)
                #expect(events == [.failed(.brokenCompression)], "\(payload)")
                expect(octets, gives: events, deflate: deflate)
            }
        }
        #expect(FrameError.brokenCompression.closeCode == .invalidPayload)
    }

    @Test("refuses deflated control frames and continuations, and all without the extension")
    func reservedBits() {
        expect([0xC9, 0x80], gives: [.failed(.reservedBit)], deflate: agreed)
        expect(
            frame(.text, hex("f2 48"), isFinal: false, isCompressed: true) + [0xC0],
            gives: [.failed(.reservedBit)], deflate: agreed)
        expect([0xC1], gives: [.failed(.reservedBit)])
    }

    @Test("checks text while it inflates, before the message is over")
    func failsFast() {
        // A stored block: its octets come out as they come in.
        let stored = hex("00 04 00 fb ff 41 f4 90 80 00")
        let whole = frame(.text, stored, isCompressed: true)
        expect(Array(whole[..<(6 + 8)]), gives: [.failed(.notText)], deflate: agreed)
        expect(Array(whole[..<(6 + 7)]), gives: [], deflate: agreed)
        let open = deflate([0x41, 0xE2, 0x82])
        expect(frame(.text, open, isCompressed: true), gives: [.failed(.notText)], deflate: agreed)
        expect(
            frame(.binary, open, isCompressed: true), gives: [.binary([0x41, 0xE2, 0x82])],
            deflate: agreed)
    }

    @Test("stops a bomb at the message limit, having put out no more than that")
    func bomb() {
        let bomb = deflate([UInt8](repeating: 0, count: 8 << 20), level: 9)
        #expect(bomb.count < 10_000)
        let octets = frame(.binary, bomb, isCompressed: true)
        for limit in [1 << 20, 100_000, 1 << 23 - 1] {
            for sizes in [[octets.count], [100]] {
                let events = receive(
                    octets, pieces: sizes, deflate: withoutContext,
                    limits: ReceiverLimits(messageSize: limit))
                #expect(events == [.failed(.oversizedMessage)])
            }
        }
        let whole = receive(
            octets, pieces: [octets.count], deflate: withoutContext,
            limits: ReceiverLimits(messageSize: 8 << 20))
        #expect(whole == [.binary([UInt8](repeating: 0, count: 8 << 20))])
    }

    @Test("holds the limit exactly, inflated as well")
    func exactLimit() {
        let ten = [UInt8](repeating: 0x61, count: 10)
        expect(
            frame(.text, deflate(ten), isCompressed: true), gives: [.text(ten)], deflate: agreed,
            limits: ReceiverLimits(messageSize: 10))
        expect(
            frame(.text, deflate(ten), isCompressed: true), gives: [.failed(.oversizedMessage)],
            deflate: agreed, limits: ReceiverLimits(messageSize: 9))
        expect(
            frame(.text, deflate([]), isCompressed: true), gives: [.text([])], deflate: agreed,
            limits: ReceiverLimits(messageSize: 0))
    }

    @Test("yields when a step has done its work, and goes on with the same input")
    func yields() throws {
        let plain = [UInt8](repeating: 0x20, count: 1 << 20)
        var octets = frame(.text, deflate(plain), isCompressed: true)
        var receiver = Receiver(role: .server, deflate: withoutContext)
        var inflaters = InflaterPool()
        var yields = 0
        unsafe try octets.withUnsafeMutableBytes { input in
            var offset = 0
            while true {
                let event = try unsafe receiver.next(
                    input, offset: &offset, limits: ReceiverLimits(inflatedPerStep: 65536),
                    inflaters: &inflaters)
                if event == .yielded {
                    yields += 1
                    continue
                }
                guard case .message(.text, let place) = event else {
                    Issue.record("\(event)")
                    return
                }
                #expect(unsafe receiver.payload(of: place, input: input).elementsEqual(plain))
                return
            }
        }
        #expect((14...17).contains(yields))
        #expect(inflaters.idleCount == 1)
    }

    @Test("counts empty blocks as work, so that they too come to a yield")
    func emptyBlocks() {
        // Final empty blocks: two octets each, nothing put out, a new stream for every one.
        var blocks: [UInt8] = []
        for _ in 0..<4000 { blocks += [0x03, 0x00] }
        blocks.append(0)
        var octets = frame(.binary, blocks, isCompressed: true)
        var receiver = Receiver(role: .server, deflate: withoutContext)
        var inflaters = InflaterPool()
        var yields = 0
        unsafe octets.withUnsafeMutableBytes { input in
            var offset = 0
            while let event = try? unsafe receiver.next(
                input, offset: &offset, limits: ReceiverLimits(inflatedPerStep: 10000),
                inflaters: &inflaters)
            {
                guard event == .yielded else {
                    guard case .message(.binary, let place) = event else { break }
                    #expect(place.size == 0)
                    return
                }
                yields += 1
            }
            Issue.record("failed")
        }
        #expect(yields > 20)
    }

    /// How often a receiver yields over a message of `payload`, in frames of at most `frameSize`
    /// octets, and how many octets come out of it.
    private func yields(
        _ payload: [UInt8], frameSize: Int = .max, perStep: Int = 262_144
    ) throws -> (count: Int, size: Int) {
        var octets: [UInt8] = []
        var rest = payload[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(frameSize))
            octets += frame(
                rest.count == payload.count ? .binary : .continuation, part,
                isFinal: part.count == rest.count, isCompressed: rest.count == payload.count)
            rest = rest.dropFirst(part.count)
        }
        var receiver = Receiver(role: .server, deflate: withoutContext)
        var inflaters = InflaterPool()
        var count = 0
        return unsafe try octets.withUnsafeMutableBytes { input in
            var offset = 0
            while true {
                let limits = ReceiverLimits(messageSize: 1 << 24, inflatedPerStep: perStep)
                let event = try unsafe receiver.next(
                    input, offset: &offset, limits: limits, inflaters: &inflaters)
                if case .message(_, let place) = event { return (count, place.size) }
                try #require(event == .yielded)
                count += 1
            }
        }
    }

    @Test("fragments are not a step each: what they put out together comes to a yield")
    func fragments() throws {
        let payload = deflate([UInt8](repeating: 0, count: 8 << 20), level: 9)
        // Each of these puts out less than a step may.
        let yields = try yields(payload, frameSize: 150)
        #expect(yields.size == 8 << 20)
        #expect(yields.count >= 31)
    }

    /// Blocks with Huffman codes of their own and nothing in them (RFC 1951 §3.2.7).
    private func emptyDynamicBlocks(atLeast size: Int) -> [UInt8] {
        var octets: [UInt8] = []
        var word: UInt64 = 0
        var bitCount: UInt64 = 0
        func write(_ value: Int, _ count: UInt64) {
            word |= UInt64(value) << bitCount
            bitCount += count
            while bitCount >= 8 {
                octets.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
                bitCount -= 8
            }
        }
        while octets.count < size {
            write(0b100, 3)  // not the last, dynamic
            write(0, 5)  // 257 literals and lengths
            write(0, 5)  // 1 distance
            write(14, 4)  // 18 lengths of the code for lengths: 1 for "zeros" (18) and for 1
            for place in 0..<18 { write(place == 2 || place == 17 ? 1 : 0, 3) }
            for zeros in [138, 118] {  // of all literals
                write(1, 1)
                write(zeros - 11, 7)
            }
            write(0, 1)  // 1 for the end of the block, and for the distance
            write(0, 1)
            write(0, 1)  // the end of the block
        }
        write(0, 3)  // stored, whose length stays at home
        if bitCount > 0 { write(0, 8 - bitCount) }
        return octets
    }

    @Test("what goes in is work, whatever comes out: codes are built for blocks without content")
    func dynamicBlocks() throws {
        let yields = try yields(emptyDynamicBlocks(atLeast: 200_000))
        #expect(yields.size == 0)
        // Each octet of them costs as much as twenty that are put out.
        #expect(yields.count >= 12)
    }

    @Test("reads what the writer wrote, for every window, level, context and cut")
    func roundTrips() {
        for seed: UInt64 in 0..<48 {
            var random = SplitMix64(seed: seed)
            let bits = 9 + Int(seed % 7)
            let keepsContext = seed % 2 == 0
            let agreement = DeflateAgreement(
                clientNoContextTakeover: !keepsContext, clientWindowBits: UInt8(bits))
            guard
                var deflater = Deflater(
                    level: 1 + Int(seed % 9), windowBits: bits,
                    memoryLevel: 1 + Int(seed % 9), keepsContext: keepsContext)
            else {
                Issue.record("no deflater")
                return
            }
            var stream = OctetBuffer()
            var events: [Event] = []
            var compressed = OctetBuffer()
            for _ in 0..<6 {
                let size = [0, 1, 50, 700, 40_000].randomElement(using: &random) ?? 0
                let spread = [1, 4, 255].randomElement(using: &random) ?? 1
                let payload = (0..<size).map { _ in
                    UInt8.random(in: 0...UInt8(spread), using: &random)
                }
                compressed.removeAll()
                unsafe deflater.compress(payload.span.bytes, into: &compressed)
                FrameWriter.writeFragments(
                    .binary, compressed.octets, isCompressed: true,
                    fragmentSize: Int.random(in: 1...compressed.count, using: &random) / 9 + 50,
                    masks: { MaskKey(bits: UInt32.random(in: 0...UInt32.max, using: &random)) },
                    into: &stream)
                events.append(.binary(payload))
            }
            for _ in 0..<4 {
                let sizes = (0..<5).map { _ in Int.random(in: 1...6000, using: &random) }
                let received = receive(
                    stream.octets.array, pieces: sizes, deflate: agreement,
                    limits: ReceiverLimits(inflatedPerStep: 5000))
                #expect(received == events, "seed \(seed), pieces \(sizes)")
            }
        }
    }

    @Test("borrows one stream at a time where no context is kept, and gives it back")
    func pool() {
        let message = frame(.text, deflate(octets("Hello")), isCompressed: true)
        expect(
            message + message + frame(.text, octets("plain")) + message,
            gives: [
                .text(octets("Hello")), .text(octets("Hello")), .text(octets("plain")),
                .text(octets("Hello")),
            ], deflate: withoutContext)
    }
}
