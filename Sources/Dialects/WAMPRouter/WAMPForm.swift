// WAMPForm — a way to write WAMP: serialization, batches, transport. Subscribers of one form share
// their events; each form is a dialect of its own to the engine.

internal import Bytes
package import Codecs
package import DialectKit
internal import WAMP

package enum WAMPForm: UInt8, CaseIterable, Sendable {
    case json, messagePack, cbor, batchedJSON, batchedMessagePack, batchedCBOR
    /// Batches of JSON with the separator 18, which Autobahn and Crossbar use (reference §1.1).
    case batchedJSON18
    case rawJSON, rawMessagePack, rawCBOR

    /// What the client offers to get it; `nil` where no offer leads.
    package var subprotocol: String? {
        switch self {
        case .json: Subprotocol.json.rawValue
        case .messagePack: Subprotocol.messagePack.rawValue
        case .cbor: Subprotocol.cbor.rawValue
        case .batchedJSON: Subprotocol.batchedJSON.rawValue
        case .batchedMessagePack: Subprotocol.batchedMessagePack.rawValue
        case .batchedCBOR: Subprotocol.batchedCBOR.rawValue
        case .batchedJSON18, .rawJSON, .rawMessagePack, .rawCBOR: nil
        }
    }

    package var serialization: Serialization {
        switch self {
        case .json, .batchedJSON, .batchedJSON18, .rawJSON: .json
        case .messagePack, .batchedMessagePack, .rawMessagePack: .messagePack
        case .cbor, .batchedCBOR, .rawCBOR: .cbor
        }
    }

    package var isBatched: Bool {
        switch self {
        case .batchedJSON, .batchedMessagePack, .batchedCBOR, .batchedJSON18: true
        default: false
        }
    }

    /// Whether it travels in RawSocket frames.
    package var isRaw: Bool {
        switch self {
        case .rawJSON, .rawMessagePack, .rawCBOR: true
        default: false
        }
    }

    /// The frames it travels in.
    package var messageKind: MessageKind { serialization == .json ? .text : .binary }

    /// Appends what one message is made of on this transport, frame header excepted.
    ///
    /// - Returns: Where the payload of an event stands, nothing for others; `nil`, and nothing is
    ///   appended, for payload that cannot be said.
    internal func append(
        _ message: RouterMessage, into buffer: inout OctetBuffer
    ) -> Range<Int>? {
        let before = buffer.count
        do throws(CodecError) {
            guard isBatched else { return try message.append(as: serialization, into: &buffer) }
            let framing = BatchFraming(serialization)
            let start = framing.begin(in: &buffer)
            let payload = try message.append(as: serialization, into: &buffer)
            if self == .batchedJSON18 {
                buffer.append(0x18)
            } else {
                framing.end(start, in: &buffer)
            }
            return payload
        } catch {
            buffer.truncate(to: before)
            return nil
        }
    }
}
