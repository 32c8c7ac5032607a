// RawSocketHandshake — the four octets each way that open a RawSocket (reference §14).
//
// Pure: octets in, values out. No HTTP request begins with 7F, so a port can be shared.

package import Bytes
package import Codecs

/// Why a router refuses, as the wire numbers it.
package enum RawSocketRefusal: UInt8, Error, CaseIterable, Sendable {
    case serializerUnsupported = 1
    case lengthUnacceptable = 2
    case reservedBitsSet = 3
    case tooManyConnections = 4
}

/// What went wrong with the octets themselves.
package enum RawSocketError: Error, Equatable, Sendable {
    /// The first octet is not 7F: close, or take it for HTTP.
    case notRawSocket
    /// The peer's answer is no answer to what was asked.
    case badAnswer
    case refused(RawSocketRefusal?)
    /// Reserved bits or a reserved type in a frame.
    case malformedFrame
    /// Octets announced.
    case oversizedFrame(Int)
}

/// What one side says: its serializer and the largest message it takes.
package struct RawSocketHandshake: Equatable, Sendable {
    package static let magic: UInt8 = 0x7F
    /// Octets each way.
    package static let size = 4

    package var serialization: Serialization
    /// The largest message is 2^(9 + exponent) octets; 0 to 15.
    package private(set) var exponent: UInt8

    package init(_ serialization: Serialization, exponent: UInt8 = 15) {
        precondition(exponent <= 15)
        self.serialization = serialization
        self.exponent = exponent
    }

    /// Says the largest exponent whose messages are at most `messageLimit` octets.
    package init(_ serialization: Serialization, messageLimit: Int) {
        var exponent: UInt8 = 0
        while exponent < 15 && 1 << (10 + Int(exponent)) <= messageLimit { exponent += 1 }
        self.init(serialization, exponent: exponent)
    }

    /// Octets of the largest message this side takes.
    package var messageLimit: Int { 1 << (9 + Int(exponent)) }

    /// Reads what a client says first.
    ///
    /// - Returns: `nil` while octets are missing. A refusal is to be written, then close.
    /// - Throws: `notRawSocket`, with the first octet.
    package static func request(
        _ bytes: RawSpan
    ) throws(RawSocketError) -> Result<RawSocketHandshake, RawSocketRefusal>? {
        guard bytes.byteCount > 0 else { return nil }
        guard bytes[octet: 0] == magic else { throw .notRawSocket }
        guard bytes.byteCount >= size else { return nil }
        guard bytes.bigEndian(at: 2, size: 2) == 0 else { return .failure(.reservedBitsSet) }
        let octet = bytes[octet: 1]
        guard let serialization = serialization(octet & 0x0F) else {
            return .failure(.serializerUnsupported)
        }
        return .success(RawSocketHandshake(serialization, exponent: octet >> 4))
    }

    /// Reads a router's answer to `self`.
    ///
    /// - Returns: What the router says, or `nil` while octets are missing.
    /// - Throws: ``RawSocketError``.
    package func answer(_ bytes: RawSpan) throws(RawSocketError) -> RawSocketHandshake? {
        guard bytes.byteCount > 0 else { return nil }
        guard bytes[octet: 0] == Self.magic else { throw .notRawSocket }
        guard bytes.byteCount >= Self.size else { return nil }
        let octet = bytes[octet: 1]
        if octet & 0x0F == 0 { throw .refused(RawSocketRefusal(rawValue: octet >> 4)) }
        guard Self.serialization(octet & 0x0F) == serialization,
            bytes.bigEndian(at: 2, size: 2) == 0
        else { throw .badAnswer }
        return RawSocketHandshake(serialization, exponent: octet >> 4)
    }

    /// Appends what this side says: a client's request or a router's acceptance.
    package func append(to buffer: inout OctetBuffer) {
        buffer.append(Self.magic)
        buffer.append(exponent << 4 | Self.number(serialization))
        buffer.append(bigEndian: 0, size: 2)
    }

    /// Appends a router's refusal.
    package static func append(_ refusal: RawSocketRefusal, to buffer: inout OctetBuffer) {
        buffer.append(magic)
        buffer.append(refusal.rawValue << 4)
        buffer.append(bigEndian: 0, size: 2)
    }

    private static func serialization(_ number: UInt8) -> Serialization? {
        switch number {
        case 1: .json
        case 2: .messagePack
        case 3: .cbor
        default: nil  // 4 and 5 are UBJSON and FlatBuffers, which we do not speak
        }
    }

    private static func number(_ serialization: Serialization) -> UInt8 {
        switch serialization {
        case .json: 1
        case .messagePack: 2
        case .cbor: 3
        }
    }
}
