import Bytes
import Testing
import WebSocket

@Suite("receiver")
struct ReceiverTests {
    @Test("is small between messages")
    func size() { #expect(MemoryLayout<Receiver>.size <= 96) }

    @Test("reads the examples of RFC 6455 §5.7")
    func examples() {
        let hello = octets("Hello")
        expect(hex("81 05 48 65 6c 6c 6f"), gives: [.text(hello)], role: .client)
        expect(hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), gives: [.text(hello)])
        expect(hex("01 03 48 65 6c 80 02 6c 6f"), gives: [.text(hello)], role: .client)
        expect(hex("89 05 48 65 6c 6c 6f"), gives: [.ping(hello)], role: .client)
        expect(hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"), gives: [.pong(hello)])
        let short = [UInt8](repeating: 0x2A, count: 256)
        expect(hex("82 7e 01 00") + short, gives: [.binary(short)], role: .client)
        let long = [UInt8](repeating: 0x2A, count: 65536)
        let octets = hex("82 7f 00 00 00 00 00 01 00 00") + long
        for sizes in [[octets.count], [7], [1], [4096], [10, 65536]] {
            #expect(receive(octets, pieces: sizes, role: .client) == [.binary(long)])
        }
    }

    @Test("returns every event of one input, and an empty message as a message")
    func several() {
        expect(
            frame(.text, []) + frame(.binary, [1, 2, 3]) + frame(.ping, []) + frame(.text, [0x41]),
            gives: [.text([]), .binary([1, 2, 3]), .ping([]), .text([0x41])])
    }

    @Test("lets control frames through between fragments, each whole")
    func interleaved() {
        expect(
            frame(.text, octets("frag"), isFinal: false) + frame(.ping, octets("one"))
                + frame(.continuation, [], isFinal: false) + frame(.pong, octets("two"))
                + frame(.continuation, octets("ment")) + frame(.ping, [])
                + frame(.binary, [7]),
            gives: [
                .ping(octets("one")), .pong(octets("two")), .text(octets("fragment")), .ping([]),
                .binary([7]),
            ])
    }

    @Test("takes fragments without octets, first, last or all")
    func emptyFragments() {
        expect(
            frame(.text, [], isFinal: false) + frame(.continuation, octets("ab"))
                + frame(.binary, octets("cd"), isFinal: false) + frame(.continuation, [])
                + frame(.text, [], isFinal: false) + frame(.continuation, [], isFinal: false)
                + frame(.continuation, []),
            gives: [.text(octets("ab")), .binary(octets("cd")), .text([])])
    }

    @Test("answers the frames in front of a faulty one first")
    func strict() {
        let before = frame(.text, octets("ok")) + frame(.ping, [1])
        let faults: [([UInt8], FrameError)] = [
            ([0xC1], .reservedBit), ([0x83], .reservedOpcode(3)),
            (frame(.text, [1], mask: nil), .unmasked),
            (frame(.continuation, [1]), .unexpectedContinuation),
            (frame(.continuation, [1], isFinal: false), .unexpectedContinuation),
            (frame(.text, [1], isFinal: false) + frame(.text, [2]), .unfinishedMessage),
            (frame(.text, [1], isFinal: false) + frame(.binary, [2]), .unfinishedMessage),
            (frame(.close, [3]), .shortClosePayload),
            ([0x89, 0xFE, 0, 126], .oversizedControl),
            (frame(.text, [0x41, 0xFF]), .notText),
        ]
        for (octets, error) in faults {
            expect(
                before + octets + frame(.text, [0x42]),
                gives: [.text(Array("ok".utf8)), .ping([1]), .failed(error)])
        }
    }

    @Test("checks text as it arrives: one bad octet in an unfinished frame is enough")
    func failsFast() {
        let octets: [UInt8] = [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xF4, 0x90, 0x80, 0x80, 0x65]
        let whole = frame(.text, octets)
        expect(Array(whole[..<(6 + 6)]), gives: [])
        expect(Array(whole[..<(6 + 7)]), gives: [.failed(.notText)])
        let cut =
            frame(.text, [0xCE], isFinal: false)
            + frame(.continuation, [0xBA, 0xF4], isFinal: false)
        expect(cut, gives: [])
        expect(cut + frame(.continuation, [0x90])[..<7], gives: [.failed(.notText)])
    }

    @Test("joins a character cut between fragments, and refuses one left open at the end")
    func cutCharacters() {
        expect(
            frame(.text, [0xE2], isFinal: false) + frame(.ping, [0xFF])
                + frame(.continuation, [0x82], isFinal: false) + frame(.continuation, [0xAC]),
            gives: [.ping([0xFF]), .text([0xE2, 0x82, 0xAC])])
        expect(frame(.text, [0x41, 0xE2, 0x82]), gives: [.failed(.notText)])
        expect(
            frame(.text, [0xE2], isFinal: false) + frame(.continuation, []),
            gives: [.failed(.notText)])
        expect(frame(.binary, [0xE2, 0xFF]), gives: [.binary([0xE2, 0xFF])])
    }

    @Test("reads close frames: none, a code, a reason")
    func closes() {
        expect(frame(.close, []), gives: [.close(nil, [])])
        expect(frame(.close, [0x03, 0xE8]), gives: [.close(1000, [])])
        expect(
            frame(.close, [0x0B, 0xB8] + octets("Grüße")), gives: [.close(3000, octets("Grüße"))])
        expect(frame(.close, [0x03, 0xE8, 0xFF]), gives: [.failed(.notText)])
        expect(frame(.close, [0x03, 0xE8, 0xE2, 0x82]), gives: [.failed(.notText)])
        expect(frame(.close, [0x03]), gives: [.failed(.shortClosePayload)])
    }

    @Test("accepts the close codes that may be sent and refuses all others")
    func closeCodes() {
        for code: UInt16 in 0...5100 {
            let isValid =
                (1000...1003).contains(code) || (1007...1014).contains(code)
                || (3000...4999).contains(code)
            let octets = frame(.close, [UInt8(code >> 8), UInt8(code & 0xFF)])
            let event = receive(octets, pieces: [octets.count])
            #expect(event == [isValid ? .close(code, []) : .failed(.invalidCloseCode(code))])
            #expect(CloseCode(rawValue: code).isValidOnWire == isValid)
        }
    }

    @Test("refuses a message over the limit from what is announced, also over several frames")
    func messageLimit() {
        let limits = ReceiverLimits(messageSize: 10)
        let ten = [UInt8](repeating: 0x61, count: 10)
        expect(frame(.text, ten), gives: [.text(ten)], limits: limits)
        expect([0x81, 0x80 | 11], gives: [.failed(.oversizedMessage)], limits: limits)
        expect(
            frame(.text, Array(ten[..<6]), isFinal: false) + frame(.continuation, Array(ten[..<4])),
            gives: [.text(ten)], limits: limits)
        expect(
            frame(.text, Array(ten[..<6]), isFinal: false) + [0x80, 0x85],
            gives: [.failed(.oversizedMessage)], limits: limits)
        expect(
            frame(.ping, Array(repeating: 1, count: 125)),
            gives: [.ping(Array(repeating: 1, count: 125))], limits: limits)
        #expect(FrameError.oversizedMessage.closeCode == .messageTooBig)
    }

    @Test("refuses one fragment more than the limit")
    func fragmentLimit() {
        let limits = ReceiverLimits(fragmentCount: 3)
        let two = frame(.binary, [1], isFinal: false) + frame(.continuation, [2], isFinal: false)
        expect(two + frame(.continuation, [3]), gives: [.binary([1, 2, 3])], limits: limits)
        expect(
            two + frame(.continuation, [3], isFinal: false) + frame(.continuation, [4]),
            gives: [.failed(.tooManyFragments)], limits: limits)
        #expect(FrameError.tooManyFragments.closeCode == .policyViolation)
    }

    @Test("uses a whole frame where it lies, without a copy")
    func inPlace() throws {
        var octets = frame(.text, Array("Hello".utf8))
        var receiver = Receiver(role: .server, deflate: nil)
        var inflaters = InflaterPool()
        unsafe try octets.withUnsafeMutableBytes { input in
            var offset = 0
            let event = try unsafe receiver.next(
                input, offset: &offset, limits: ReceiverLimits(), inflaters: &inflaters)
            guard case .message(.text, let place) = event else {
                Issue.record("no message")
                return
            }
            let payload = unsafe receiver.payload(of: place, input: input)
            #expect(unsafe payload.baseAddress == UnsafeRawPointer(input.baseAddress! + 6))
            #expect(place.size == 5)
        }
    }

    @Test("says what it holds of a message that goes on, and holds nothing of one that is over")
    func holding() throws {
        func heldSize(after pieces: [UInt8]...) throws -> Int {
            var receiver = Receiver(role: .server, deflate: nil)
            var inflaters = InflaterPool()
            for piece in pieces {
                var piece = piece
                var offset = 0
                let size = piece.count
                try unsafe piece.withUnsafeMutableBytes {
                    while offset < size {
                        let event = try unsafe receiver.next(
                            $0, offset: &offset, limits: ReceiverLimits(), inflaters: &inflaters)
                        if event != .needsMore { receiver.releaseMessage() }
                    }
                }
            }
            let (isHolding, heldSize) = (receiver.isHolding, receiver.heldSize)
            #expect(isHolding == (heldSize > 0))
            return heldSize
        }
        let kilobyte = Array(repeating: 7 as UInt8, count: 1_000)
        #expect(try heldSize(after: frame(.binary, [], isFinal: false)) == 0)
        #expect(try heldSize(after: frame(.binary, kilobyte)) == 0)
        let begun = frame(.binary, kilobyte, isFinal: false)
        #expect(try (1_000..<2_000).contains(heldSize(after: begun)))
        let cutPing = Array(frame(.ping, octets("cut")).dropLast())
        #expect(try (1_000..<2_200).contains(heldSize(after: begun, cutPing)))
        #expect(try (2..<200).contains(heldSize(after: cutPing)))
        let end = frame(.continuation, kilobyte)
        #expect(try heldSize(after: begun, end) == 0)
        #expect(try (1_000..<4_200).contains(heldSize(after: begun, Array(end.dropLast()))))
    }

    @Test("gives the events of random conversations whatever the fragments, keys and cuts")
    func randomConversations() {
        for seed: UInt64 in 0..<60 {
            var random = SplitMix64(seed: seed)
            let role: Role = seed % 2 == 0 ? .server : .client
            var stream = OctetBuffer()
            var events: [Event] = []
            for _ in 0..<8 {
                let kind: MessageKind = Bool.random(using: &random) ? .text : .binary
                let size = [0, 1, 60, 125, 126, 300, 5000].randomElement(using: &random) ?? 0
                var payload = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
                if kind == .text {
                    payload = octets(
                        String(payload.map { Character(Unicode.Scalar(UInt32($0) * 37) ?? "a") }))
                }
                events.append(kind == .text ? .text(payload) : .binary(payload))
                let fragmentSize = Int.random(in: 1...max(1, payload.count), using: &random)
                unsafe FrameWriter.writeFragments(
                    kind, payload.span.bytes,
                    fragmentSize: max(payload.count / 20 + 1, fragmentSize),
                    masks: {
                        role == .client
                            ? nil : MaskKey(bits: UInt32.random(in: 0...UInt32.max, using: &random))
                    }, into: &stream)
            }
            for _ in 0..<6 {
                let sizes = (0..<7).map { _ in
                    Int.random(
                        in: 1...([3, 40, 9000].randomElement(using: &random) ?? 1), using: &random)
                }
                let received = receive(stream.octets.array, pieces: sizes, role: role)
                #expect(received == events, "seed \(seed), pieces \(sizes)")
            }
        }
    }
}
