// BodyDecoder — the octets of a body, out of whatever frames them (RFC 9112 §6, §7.1).
//
// Incremental: a body may be cut anywhere, and the result is the same. The limit holds for what is
// announced as well as for what comes, and chunk extensions and trailers, which we do not use, have
// limits of their own because they cost nothing to send.

package import Bytes

/// Takes one body off a connection.
package struct BodyDecoder: Sendable {
    private enum State: UInt8 {
        case sized, size, sizeTail, sizeEnd, data, dataReturn, dataEnd, trailer, trailerText,
            trailerEnd, complete
    }

    private var state: State
    /// Octets of the body, or of the open chunk, that are still to come.
    private var remaining: Int
    /// Octets of the body so far, announced chunks included.
    private var total = 0
    private let limit: Int
    /// Digits of the chunk size so far.
    private var digits = 0
    /// Octets spent on chunk extensions and trailers.
    private var overhead = 0
    private static let overheadLimit = 16384

    /// Prepares for a body of `length`, of at most `limit` octets.
    ///
    /// - Throws: `bodyTooLarge`, before any of it is read.
    package init(_ length: BodyLength, limit: Int) throws(HeadError) {
        precondition(limit >= 0 && limit < 1 << 58)
        var remaining = 0
        var state = State.complete
        switch length {
        case .none: break
        case .sized(let size):
            guard size <= limit else { throw .bodyTooLarge }
            remaining = size
            state = size == 0 ? .complete : .sized
        case .chunked: state = .size
        }
        self.limit = limit
        self.remaining = remaining
        self.state = state
    }

    /// Whether the body has ended; what follows is the next request.
    package var isComplete: Bool { state == .complete }

    /// Takes octets of `input` from `offset` on and appends those of the body to `body`.
    ///
    /// - Returns: Whether the body is complete; otherwise all of `input` is used up.
    package mutating func decode(
        _ input: RawSpan, offset: inout Int, into body: inout OctetBuffer
    ) throws(HeadError) -> Bool {
        while state != .complete && offset < input.byteCount {
            if state == .sized || state == .data {
                let size = min(remaining, input.byteCount - offset)
                body.append(input.extracting(offset..<offset + size))
                offset += size
                remaining -= size
                if remaining == 0 { state = state == .sized ? .complete : .dataReturn }
            } else {
                try take(input[octet: offset])
                offset += 1
            }
        }
        return state == .complete
    }

    /// Takes one octet of what lies around the chunks.
    private mutating func take(_ octet: UInt8) throws(HeadError) {
        switch state {
        case .size:
            if let digit = Hex.value(of: octet) {
                // `remaining` is at most `limit` here, so the shift cannot overflow.
                remaining = remaining << 4 | Int(digit)
                digits += 1
                guard digits <= 16 else { throw .badChunk }
                guard remaining <= limit - total else { throw .bodyTooLarge }
            } else {
                guard digits > 0 else { throw .badChunk }
                state = .sizeTail
                try takeSizeTail(octet, first: true)
            }
        case .sizeTail: try takeSizeTail(octet, first: false)
        case .sizeEnd:
            guard octet == 0x0A else { throw .badChunk }
            total += remaining
            digits = 0
            state = remaining == 0 ? .trailer : .data
        case .dataReturn:
            guard octet == 0x0D else { throw .badChunk }
            state = .dataEnd
        case .dataEnd:
            guard octet == 0x0A else { throw .badChunk }
            state = .size
        case .trailer:
            if octet == 0x0D {
                state = .trailerEnd
            } else {
                guard Grammar.isTokenOctet(octet) else { throw .badChunk }
                try spend()
                state = .trailerText
                digits = 1
            }
        case .trailerText:
            try spend()
            if octet == 0x0D {
                state = .trailerEnd
            } else if octet < 0x20 && octet != 0x09 || octet == 0x7F {
                throw .badChunk
            }
        case .trailerEnd:
            guard octet == 0x0A else { throw .badChunk }
            // `digits` says whether the line held something; only an empty one ends the body.
            state = digits == 0 ? .complete : .trailer
            digits = 0
        case .sized, .data, .complete: break
        }
    }

    /// §7.1.1: chunk extensions begin with a semicolon and are read past.
    private mutating func takeSizeTail(_ octet: UInt8, first: Bool) throws(HeadError) {
        if octet == 0x0D {
            state = .sizeEnd
            return
        }
        guard !first || octet == 0x3B || Grammar.isBlank(octet) else { throw .badChunk }
        guard octet >= 0x20 || octet == 0x09, octet != 0x7F else { throw .badChunk }
        try spend()
    }

    private mutating func spend() throws(HeadError) {
        overhead += 1
        guard overhead <= Self.overheadLimit else { throw .badChunk }
    }
}
