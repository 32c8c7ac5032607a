// Batch — several messages in one WebSocket message (reference §1.1).
//
// JSON messages are each followed by a separator, the others each follow their size in four octets.
// A batch without a message is illegal. The specification's separator is 1E; Autobahn and Crossbar
// use 18, an octal escape read literally. The client speaks first, so a session takes both and
// writes what the client's first message ended with. Neither octet is legal inside JSON.

package import Bytes
package import Codecs

/// How the messages of a batch are held apart.
package struct BatchFraming: Equatable, Sendable {
    package let serialization: Serialization
    /// In JSON the octet behind each message that is written.
    package private(set) var separator: UInt8 = 0x1E
    /// Whether the peer has shown which separator is its own.
    private var isSettled = false

    package init(_ serialization: Serialization) { self.serialization = serialization }

    /// The octets in front of a message in binary batches.
    package static var prefixSize: Int { 4 }

    /// Finds the next message of a batch.
    ///
    /// - Parameter position: Where to look; 0 at first, moved behind the message.
    /// - Returns: Its place, which may be empty and is no message then, or `nil` behind the last.
    /// - Throws: ``MessageError`` (`brokenBatch`) for an empty batch and one that ends too early.
    package mutating func next(
        in batch: RawSpan, at position: inout Int
    ) throws(MessageError) -> Range<Int>? {
        precondition(position >= 0 && position <= batch.byteCount)
        if position == batch.byteCount {
            guard position > 0 else { throw .violation(nil, .brokenBatch) }
            return nil
        }
        let range =
            switch serialization {
            case .json: nextText(batch, from: position)
            case .messagePack, .cbor: nextBinary(batch, from: position)
            }
        guard let range else { throw .violation(nil, .brokenBatch) }
        position = serialization == .json ? range.upperBound + 1 : range.upperBound
        return range
    }

    private mutating func nextText(_ batch: RawSpan, from start: Int) -> Range<Int>? {
        var index = start
        while index < batch.byteCount {
            let octet = batch[octet: index]
            if octet == 0x1E || octet == 0x18 {
                if !isSettled {
                    separator = octet
                    isSettled = true
                }
                return start..<index
            }
            index += 1
        }
        return nil
    }

    private func nextBinary(_ batch: RawSpan, from start: Int) -> Range<Int>? {
        guard batch.byteCount - start >= Self.prefixSize else { return nil }
        let size = batch.bigEndian(at: start, size: Self.prefixSize)
        let begin = start + Self.prefixSize
        guard size <= UInt64(batch.byteCount - begin) else { return nil }
        return begin..<begin + Int(size)
    }
}

// MARK: - Writing

extension BatchFraming {
    /// Begins a message at the end of `buffer`.
    ///
    /// - Returns: Where it begins, for ``end(_:in:)``.
    package func begin(in buffer: inout OctetBuffer) -> Int {
        let start = buffer.count
        if serialization != .json { buffer.append(bigEndian: 0, size: Self.prefixSize) }
        return start
    }

    /// Ends the message that was begun at `start`; it must be below 4 GiB.
    package func end(_ start: Int, in buffer: inout OctetBuffer) {
        guard serialization != .json else { return buffer.append(separator) }
        let size = buffer.count - start - Self.prefixSize
        precondition(size >= 0 && size <= 0xFFFF_FFFF)
        unsafe buffer.withMutableOctets { octets in
            for place in 0..<Self.prefixSize {
                let octet = UInt8(truncatingIfNeeded: size >> (24 - 8 * place))
                unsafe octets[start + place] = octet
            }
        }
    }
}
