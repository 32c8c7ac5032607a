// Receiver — the frames of one connection, read into messages (RFC 6455 §5, §6.2).
//
// Pure and incremental: octets may be cut anywhere, and the events and the error are the same. One
// event comes back per call, so frames in front of a faulty one are answered first. A whole frame
// inside the input, the common case, is unmasked and checked where it lies and never copied.
//
// Between messages a receiver is a few words. What a begun message needs lives in one `Assembly`,
// which grows with the octets that came, never with those announced. A deflated message borrows an
// inflating stream while it lasts; with context takeover the stream stays (about 40 KiB for 15
// bits), from the first deflated message to the end of the connection.

internal import Bytes

/// What a receiver holds of a message that is not over.
final class Assembly {
    /// The octets so far: unmasked, inflated, checked.
    var message: OctetBuffer
    /// A control frame that came in pieces; it may come between pieces of the message.
    var control = OctetBuffer(capacity: 16)

    init(capacity: Int) { message = OctetBuffer(capacity: capacity) }
}

/// The reading half of one WebSocket connection.
///
/// After `next` has thrown, or has returned the peer's close frame, it must not be called again.
package struct Receiver: ~Copyable {
    // The frame being read.

    /// Octets of its payload that have not come yet.
    var remaining = 0
    var mask = MaskKey(bits: 0)
    /// How many octets of its payload have come, modulo 4.
    var phase = 0 as UInt8
    var opcode = Opcode.continuation
    var isFinal = false
    /// Whether its header is complete and its payload is not.
    var isInFrame = false
    /// Octets of a header that is not complete.
    var carry = InlineArray<14, UInt8>(repeating: 0)
    var carryCount = 0 as UInt8

    // The message being read.

    /// `nil` between messages.
    var kind: MessageKind?
    var isCompressed = false
    var utf8 = UTF8Checker()
    /// Frames of the message so far.
    var fragmentCount = 0 as UInt32
    /// Octets of the message on the wire, up to the end of the frame being read.
    var announced = 0
    var assembly: Assembly?
    /// Whether an event was returned whose octets may lie in `assembly`.
    private var hasDelivered = false

    // Inflation; `Receiver+Inflate.swift`.

    var inflater: Inflater?
    /// Whether the stream may put out more without taking in more.
    var isInflaterPending = false
    /// How many of the four octets that end a deflated message are still to be fed.
    var tailLeft = 0 as UInt8

    let role: Role
    /// Text that came in one whole plain frame is handed over as it is; whoever says so looks at it
    /// (it may know the same text already).
    package var trustsWholeText = false
    let allowsCompression: Bool
    let keepsContext: Bool
    let windowBits: UInt8

    /// Makes the receiver of a fresh connection.
    ///
    /// - Parameters:
    ///   - role: What we are: a server's receiver reads the frames of a client.
    ///   - deflate: What was agreed on for permessage-deflate, or `nil`.
    package init(role: Role, deflate: DeflateAgreement?) {
        self.role = role
        allowsCompression = deflate != nil
        keepsContext = deflate?.keepsContext(reading: role) ?? false
        windowBits = deflate?.windowBits(reading: role) ?? 15
    }

    /// Whether a message has begun and is not over, or a frame of any kind is cut off.
    package var isInsideMessage: Bool { kind != nil || isInFrame || carryCount > 0 }

    /// Whether octets of a message or a control frame are kept until the rest has come.
    package var isHolding: Bool { assembly != nil }

    /// Octets of memory for what is kept, the room that buffers have beyond it and the stream that
    /// inflates it included. Between messages nothing: a stream kept for context takeover is what
    /// was agreed on with the connection.
    package var heldSize: Int {
        guard let assembly else { return 0 }
        let streamSize =
            switch inflater {
            case .some: Inflater.memorySize(windowBits: keepsContext ? Int(windowBits) : 15)
            case nil: 0
            }
        return assembly.message.capacity + assembly.control.capacity + streamSize
    }

    /// Consumes octets of `input` from `offset` on until one event is complete or all are used.
    ///
    /// The octets of an event are to be had from `payload(of:input:)` until the next call.
    /// - Parameters:
    ///   - input: Received octets; unmasked in place.
    ///   - offset: Where to begin; moved behind what was used.
    ///   - inflaters: Where connections without context takeover borrow their streams.
    /// - Throws: ``FrameError``; fail the connection with its `closeCode` (§7.1.7).
    /// - Complexity: O(octets used), for deflated ones O(octets put out) too, up to
    ///   `limits.inflatedPerStep` over all frames that one call reads.
    package mutating func next(
        _ input: UnsafeMutableRawBufferPointer, offset: inout Int, limits: ReceiverLimits,
        inflaters: inout InflaterPool
    ) throws(FrameError) -> Reception {
        precondition(offset >= 0 && offset <= input.count)
        if hasDelivered { releaseMessage() }
        if !isInsideMessage, let event = try unsafe nextWhole(input, &offset, limits) {
            return event
        }
        var work = limits.inflatedPerStep
        while true {
            if !isInFrame {
                guard try unsafe readHeader(input, &offset, limits) else { return .needsMore }
            }
            if opcode.isControl {
                guard let place = unsafe readControl(input, &offset) else { return .needsMore }
                hasDelivered = true
                return try unsafe controlEvent(place, input)
            }
            let place: Place?
            if isCompressed {
                switch try unsafe inflatePayload(input, &offset, limits, &inflaters, &work) {
                case .frameOver: place = Place(origin: .message, start: 0, size: assembledSize)
                case .needsMore: return .needsMore
                case .yielded: return .yielded
                }
            } else {
                place = try unsafe readData(input, &offset)
            }
            guard let place else { return .needsMore }
            isInFrame = false
            guard isFinal, let kind else { continue }
            guard kind == .binary || utf8.isComplete else { throw .notText }
            self.kind = nil
            hasDelivered = true
            return .message(kind, place)
        }
    }

    /// Lends the octets of the event last returned.
    ///
    /// - Parameter input: The same octets that `next` was given.
    /// - Returns: Octets that stay where they are until the next call of `next` or
    ///   `releaseMessage()`, and as long as `input` does.
    @unsafe
    package func payload(
        of place: Place, input: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        let end = place.start + place.size
        switch place.origin {
        case .input:
            return unsafe UnsafeRawBufferPointer(rebasing: input[place.start..<end])
        case .message:
            guard let assembly else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
            // The assembly is ours and changes only in `next` and `releaseMessage()`.
            return unsafe assembly.message.octets.withUnsafeBytes {
                unsafe UnsafeRawBufferPointer(rebasing: $0[place.start..<end])
            }
        case .control:
            guard let assembly else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
            return unsafe assembly.control.octets.withUnsafeBytes {
                unsafe UnsafeRawBufferPointer(rebasing: $0[place.start..<end])
            }
        }
    }

    /// Frees what the event last returned lay in; call it when the event has been handled.
    package mutating func releaseMessage() {
        hasDelivered = false
        // Usually there is none, and even releasing nothing is a call.
        guard assembly != nil else { return }
        if kind != nil {
            assembly?.control.removeAll()
        } else {
            assembly = nil
        }
    }

    /// How many octets of the open message are here.
    var assembledSize: Int { assembly?.message.count ?? 0 }

    /// The assembly, made if there is none, with room for `size` octets at first.
    mutating func openAssembly(_ size: Int) -> Assembly {
        if let assembly { return assembly }
        let fresh = Assembly(capacity: size)
        assembly = fresh
        return fresh
    }

    /// Unmasks the octets of the payload that are in the input.
    private mutating func takePiece(
        _ input: UnsafeMutableRawBufferPointer, _ offset: inout Int
    ) -> UnsafeRawBufferPointer {
        let size = min(remaining, input.count - offset)
        let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: input[offset..<offset + size])
        unsafe Masking.apply(mask, to: piece, phase: Int(phase))
        offset += size
        remaining -= size
        phase = (phase &+ UInt8(truncatingIfNeeded: size)) & 3
        return UnsafeRawBufferPointer(piece)
    }

    /// Reads a payload that is not compressed.
    ///
    /// - Returns: Where the message lies if it ends with this frame; `nil` if the frame goes on.
    private mutating func readData(
        _ input: UnsafeMutableRawBufferPointer, _ offset: inout Int
    ) throws(FrameError) -> Place? {
        let start = offset
        // Nothing of the message has come before this call exactly if all that was announced is
        // still to come.
        let isUntouched = remaining == announced
        let piece = unsafe takePiece(input, &offset)
        if kind == .text, unsafe utf8.firstBad(in: piece) != nil { throw .notText }
        if isUntouched && remaining == 0 && isFinal {
            return Place(origin: .input, start: start, size: piece.count)
        }
        if piece.count > 0 {
            let assembly = openAssembly(piece.count)
            unsafe assembly.message.append(piece.bytes)
        }
        guard remaining == 0 else { return nil }
        return Place(origin: .message, start: 0, size: assembledSize)
    }

    /// Reads the payload of a control frame; `nil` if it goes on.
    private mutating func readControl(
        _ input: UnsafeMutableRawBufferPointer, _ offset: inout Int
    ) -> Place? {
        let start = offset
        let isWhole = (assembly?.control.count ?? 0) == 0
        let piece = unsafe takePiece(input, &offset)
        if isWhole && remaining == 0 {
            isInFrame = false
            return Place(origin: .input, start: start, size: piece.count)
        }
        let assembly = openAssembly(0)
        unsafe assembly.control.append(piece.bytes)
        guard remaining == 0 else { return nil }
        isInFrame = false
        return Place(origin: .control, start: 0, size: assembly.control.count)
    }

    private func controlEvent(
        _ place: Place, _ input: UnsafeMutableRawBufferPointer
    ) throws(FrameError) -> Reception {
        switch opcode {
        case .ping: return .ping(place)
        case .pong: return .pong(place)
        default: break
        }
        // §5.5.1: nothing, or a code in two octets and a reason in UTF-8.
        guard place.size > 0 else { return .close(nil, reason: place) }
        guard place.size >= 2 else { throw .shortClosePayload }
        let octets = unsafe payload(of: place, input: input).bytes
        let code = CloseCode(rawValue: UInt16(octets.bigEndian(at: 0, size: 2)))
        guard code.isValidOnWire else { throw .invalidCloseCode(code.rawValue) }
        guard UTF8Checker.accepts(octets.extracting(2..<place.size)) else { throw .notText }
        let reason = Place(origin: place.origin, start: place.start + 2, size: place.size - 2)
        return .close(code, reason: reason)
    }
}
