import Bytes
import Codecs
import DialectKit
import Testing

@testable import WAMP

@Suite struct BatchTests {
    /// The messages of a batch; `nil` when it is broken.
    private func split(_ batch: [UInt8], _ framing: inout BatchFraming) -> [[UInt8]]? {
        var position = 0
        var messages: [[UInt8]] = []
        let span = unsafe batch.span.bytes
        do {
            while let range = try framing.next(in: span, at: &position) {
                messages.append(Array(batch[range]))
            }
            return messages
        } catch {
            #expect(error == .violation(nil, .brokenBatch))
            return nil
        }
    }

    @Test("messages written into a batch come out of it, and no beginning of it is one")
    func roundTrip() {
        let messages = clientMessages[0..<5]
        for serialization in Serialization.allCases {
            var framing = BatchFraming(serialization)
            var buffer = OctetBuffer()
            var ends = [0]
            for message in messages {
                let start = framing.begin(in: &buffer)
                buffer.append(wire(message, serialization))
                framing.end(start, in: &buffer)
                ends.append(buffer.count)
            }
            let batch = buffer.octets.array
            #expect(split(batch, &framing) == messages.map { wire($0, serialization) })
            for size in 0..<batch.count {
                let found = split(Array(batch[..<size]), &framing)
                let expected = size == 0 ? nil : ends.firstIndex(of: size)
                #expect(found?.count == expected, "\(size) \(serialization)")
            }
        }
    }

    @Test("the samples of the reference")
    func samples() {
        let rows: [(Serialization, [UInt8])] = [
            (.json, Array("[35,85346237]".utf8) + [0x1E]),
            (.messagePack, [0, 0, 0, 7, 0x92, 0x23, 0xCE, 0x05, 0x16, 0x47, 0xBD]),
            (.cbor, [0, 0, 0, 8, 0x82, 0x18, 0x23, 0x1A, 0x05, 0x16, 0x47, 0xBD]),
        ]
        for (serialization, expected) in rows {
            let framing = BatchFraming(serialization)
            var buffer = OctetBuffer()
            let start = framing.begin(in: &buffer)
            buffer.append(wire("[35,85346237]", serialization))
            framing.end(start, in: &buffer)
            #expect(buffer.octets.array == expected)
        }
    }

    @Test("the separator of the first message is used from then on")
    func separators() {
        for (first, expected) in [(UInt8(0x18), UInt8(0x18)), (0x1E, 0x1E)] {
            var framing = BatchFraming(.json)
            #expect(framing.separator == 0x1E)
            #expect(split([0x5B, first, 0x5D, first ^ 0x06], &framing) == [[0x5B], [0x5D]])
            #expect(framing.separator == expected)
            #expect(split([0x5B, 0x1E], &framing) == [[0x5B]])
            #expect(framing.separator == expected)
        }
    }

    @Test("a size beyond the batch is broken, an empty message is none")
    func broken() {
        var framing = BatchFraming(.cbor)
        #expect(split([], &framing) == nil)
        #expect(split([0xFF, 0xFF, 0xFF, 0xFF, 0], &framing) == nil)
        #expect(split([0, 0, 0, 0], &framing) == [[]])
        #expect(failure([], .cbor) == .violation(nil, .undecodable))
    }

    @Test("the first subprotocol of the client that we speak is chosen")
    func subprotocols() {
        let rows: [([String], Subprotocol?)] = [
            ([], nil), (["wamp.2.ubjson", "chat"], nil), (["WAMP.2.JSON"], nil),
            (["wamp.2.json"], .json),
            (["wamp.2.cbor.batched", "wamp.2.cbor", "wamp.2.json"], .batchedCBOR),
            (["wamp.2.flatbuffers", "wamp.2.msgpack", "wamp.2.json"], .messagePack),
        ]
        for (offers, expected) in rows { #expect(Subprotocol.choose(from: offers) == expected) }
        for subprotocol in Subprotocol.allCases {
            let name = subprotocol.rawValue
            #expect(subprotocol.isBatched == name.hasSuffix(".batched"))
            let isText: Bool
            if case .text = subprotocol.messageKind { isText = true } else { isText = false }
            #expect(isText == name.contains("json"))
            #expect((subprotocol.serialization == .cbor) == name.contains("cbor"))
        }
    }
}
