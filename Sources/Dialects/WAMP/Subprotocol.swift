// Subprotocol — the variant of WAMP on a WebSocket (reference §1.1).

package import Codecs
package import DialectKit

package enum Subprotocol: String, CaseIterable, Sendable {
    case json = "wamp.2.json"
    case messagePack = "wamp.2.msgpack"
    case cbor = "wamp.2.cbor"
    case batchedJSON = "wamp.2.json.batched"
    case batchedMessagePack = "wamp.2.msgpack.batched"
    case batchedCBOR = "wamp.2.cbor.batched"

    /// The first offer of a client that we speak, which is its preference; `nil` for none: answer
    /// the upgrade with 400.
    package static func choose(from offers: [String]) -> Subprotocol? {
        for offer in offers {
            if let found = Subprotocol(rawValue: offer) { return found }
        }
        return nil
    }

    package var serialization: Serialization {
        switch self {
        case .json, .batchedJSON: .json
        case .messagePack, .batchedMessagePack: .messagePack
        case .cbor, .batchedCBOR: .cbor
        }
    }

    package var isBatched: Bool {
        switch self {
        case .json, .messagePack, .cbor: false
        case .batchedJSON, .batchedMessagePack, .batchedCBOR: true
        }
    }

    /// The frames it travels in; other frames are a violation, `Fault.wrongFrameType`.
    package var messageKind: MessageKind { serialization == .json ? .text : .binary }
}
