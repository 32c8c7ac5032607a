// RawSocketReceiver — frames of a RawSocket, however their octets arrive (reference §14).
//
// A frame that lies whole in what was received is lent from there; only one that is cut is copied
// together. The events are the same wherever the input is cut.

package import Bytes

/// What a frame carries.
package enum RawSocketKind: UInt8, Sendable {
    case message = 0
    case ping = 1
    case pong = 2
}

/// The four octets in front of a payload.
package struct RawSocketHeader: Equatable, Sendable {
    package static let size = 4
    /// The largest payload a header can say: 2^24 octets.
    package static let payloadLimit = 1 << 24

    package let kind: RawSocketKind
    /// Octets.
    package let payloadSize: Int

    package init(_ kind: RawSocketKind, payloadSize: Int) {
        precondition(payloadSize >= 0 && payloadSize <= Self.payloadLimit)
        self.kind = kind
        self.payloadSize = payloadSize
    }

    /// Decodes the header at the start of `bytes`.
    ///
    /// - Returns: `nil` while octets are missing.
    /// - Throws: ``RawSocketError``; drop the connection.
    package static func decode(
        _ bytes: RawSpan, payloadLimit: Int
    ) throws(RawSocketError) -> RawSocketHeader? {
        guard bytes.byteCount >= 1 else { return nil }
        let first = bytes[octet: 0]
        guard first & 0xF0 == 0, let kind = RawSocketKind(rawValue: first & 0x07) else {
            throw .malformedFrame
        }
        guard bytes.byteCount >= size else { return nil }
        var payloadSize = Int(bytes.bigEndian(at: 1, size: 3))
        if first & 0x08 != 0 {
            // One more bit, so that exactly 2^24 can be said and nothing above it.
            guard payloadSize == 0 else { throw .malformedFrame }
            payloadSize = Self.payloadLimit
        }
        guard payloadSize <= payloadLimit else { throw .oversizedFrame(payloadSize) }
        return RawSocketHeader(kind, payloadSize: payloadSize)
    }

    /// The header as one big-endian number. A payload of 2^24 octets says itself: its length is the
    /// bit X and nothing else.
    package var word: UInt32 {
        let kindBits = UInt32(kind.rawValue) << 24
        return kindBits | (payloadSize == Self.payloadLimit ? 0x0800_0000 : UInt32(payloadSize))
    }

    /// Appends the header; the payload follows.
    package func append(to buffer: inout OctetBuffer) {
        buffer.append(bigEndian: UInt64(word), size: Self.size)
    }
}

/// Takes a stream of octets apart into frames.
package struct RawSocketReceiver: ~Copyable {
    /// One frame, and where its payload is.
    package struct Frame: Equatable {
        package let kind: RawSocketKind
        package let payload: Place
    }

    package enum Place: Equatable {
        /// In the octets that were given to ``RawSocketReceiver/next(in:at:)``.
        case input(Range<Int>)
        /// In ``RawSocketReceiver/held``, until the next call.
        case held
    }

    /// The largest payload taken, in octets.
    package let payloadLimit: Int
    /// Header and payload of a frame that began in earlier input.
    private var parts = OctetBuffer(capacity: 0)
    /// Whether `parts` was handed out and is to be forgotten.
    private var isHandedOut = false

    package init(payloadLimit: Int) {
        precondition(payloadLimit >= 0)
        self.payloadLimit = payloadLimit
    }

    /// The payload of a frame whose place is `held`.
    package var held: RawSpan {
        @_lifetime(borrow self) get {
            precondition(isHandedOut)
            return parts.octets.extracting(RawSocketHeader.size..<parts.count)
        }
    }

    /// Octets of a frame that is not complete yet.
    package var pendingSize: Int { isHandedOut ? 0 : parts.count }

    /// Octets of memory for what came in pieces, until the next call after it was handed out.
    package var memorySize: Int { parts.capacity }

    /// Takes the next frame out of `input`.
    ///
    /// - Parameter position: Where to go on; moved behind what was taken.
    /// - Returns: `nil` when all input is taken and no frame is complete.
    /// - Throws: ``RawSocketError``; drop the connection, the receiver is of no more use.
    package mutating func next(
        in input: RawSpan, at position: inout Int
    ) throws(RawSocketError) -> Frame? {
        precondition(position >= 0 && position <= input.byteCount)
        if isHandedOut {
            parts = OctetBuffer(capacity: 0)  // large frames are rare; their room is not kept
            isHandedOut = false
        }
        if parts.isEmpty {
            let rest = input.extracting(position..<input.byteCount)
            guard let header = try RawSocketHeader.decode(rest, payloadLimit: payloadLimit),
                rest.byteCount - RawSocketHeader.size >= header.payloadSize
            else {
                parts.append(rest)
                position = input.byteCount
                return nil
            }
            let start = position + RawSocketHeader.size
            position = start + header.payloadSize
            return Frame(kind: header.kind, payload: .input(start..<position))
        }
        take(upTo: RawSocketHeader.size, of: input, at: &position)
        guard let header = try RawSocketHeader.decode(parts.octets, payloadLimit: payloadLimit)
        else { return nil }
        take(upTo: RawSocketHeader.size + header.payloadSize, of: input, at: &position)
        guard parts.count == RawSocketHeader.size + header.payloadSize else { return nil }
        isHandedOut = true
        return Frame(kind: header.kind, payload: .held)
    }

    /// Copies input until `parts` has `size` octets, or as much as there is.
    private mutating func take(upTo size: Int, of input: RawSpan, at position: inout Int) {
        let taken = min(max(0, size - parts.count), input.byteCount - position)
        parts.append(input.extracting(position..<position + taken))
        position += taken
    }
}
