// Reading deflated messages, a bounded step at a time (RFC 7692 §7.2.2).
//
// The size of a compressed frame says nothing about what comes out of it, so octets are put out a
// piece at a time, and each piece is checked before the next: first that it is text, then against
// the limit, then for what broke the stream, which is the order in which a peer's octets go wrong.

internal import Bytes

extension Receiver {
    /// What a step over a deflated payload came to.
    enum InflateProgress { case frameOver, needsMore, yielded }

    /// Octets unmasked at a time. What inflation leaves of them is masked again, so that the input
    /// is as it was when a later call goes on.
    private static var sliceSize: Int { 4096 }
    /// Octets put out at a time, at most.
    private static var outputSize: Int { 16384 }
    /// What a call of zlib costs beside its octets, in octets: empty blocks are not for free.
    private static var stepCost: Int { 64 }
    /// What an octet that goes in may cost, in octets that come out: a block of ten octets can tell
    /// codes that take a microsecond to be built, and have no content (0.13 µs per octet).
    private static var inputCost: Int { 16 }

    /// Inflates the payload of the frame being read, and at the end of the message its tail.
    ///
    /// - Parameter work: Octets that may still be put out before it yields; what frames of one step
    ///   have in common.
    mutating func inflatePayload(
        _ input: UnsafeMutableRawBufferPointer, _ offset: inout Int, _ limits: ReceiverLimits,
        _ inflaters: inout InflaterPool, _ work: inout Int
    ) throws(FrameError) -> InflateProgress {
        try takeInflater(&inflaters)
        let assembly = openAssembly(
            max(256, min(Self.outputSize, 4 * min(remaining, input.count - offset, Self.sliceSize)))
        )
        while true {
            let size = min(remaining, input.count - offset, Self.sliceSize)
            if size == 0 && !isInflaterPending {
                if remaining > 0 { return .needsMore }
                if !isFinal { return .frameOver }
                // Where the tail has not been begun, the message was empty or ended with a final
                // block, and leaves nothing for the tail to complete.
                if isAtBoundary && (tailLeft == 4 || tailLeft == 0) {
                    endMessage(&inflaters)
                    return .frameOver
                }
                if tailLeft == 0 { throw .brokenCompression }
            }
            if work <= 0 { return .yielded }
            let before = assembly.message.count
            // What room there is comes first; new room is as much as has come out already.
            let free = assembly.message.capacity - before
            let step = min(Self.outputSize, free >= 256 ? free : max(512, before))
            // One octet more than the limit is enough to see it passed.
            let room = max(1, min(step - 1, limits.messageSize - before) + 1)
            var consumed = 0
            let outcome: Inflater.Outcome
            if size > 0 {
                let slice = unsafe UnsafeMutableRawBufferPointer(
                    rebasing: input[offset..<offset + size])
                unsafe Masking.apply(mask, to: slice, phase: Int(phase))
                outcome = unsafe inflater!.step(
                    UnsafeRawBufferPointer(slice), consumed: &consumed, into: &assembly.message,
                    room: room)
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: slice[consumed...])
                unsafe Masking.apply(mask, to: rest, phase: Int(phase) + consumed)
                offset += consumed
                remaining -= consumed
                phase = (phase &+ UInt8(truncatingIfNeeded: consumed)) & 3
            } else {
                // Only what is left of the message's end, or nothing: then for pending output.
                let isEnd = remaining == 0 && isFinal && !isInflaterPending
                let tail: InlineArray<4, UInt8> = [0x00, 0x00, 0xFF, 0xFF]
                let fed = isEnd ? Int(tailLeft) : 0
                outcome = unsafe tail.span.bytes.extracting(last: fed).withUnsafeBytes {
                    unsafe inflater!.step(
                        $0, consumed: &consumed, into: &assembly.message, room: room)
                }
                tailLeft &-= UInt8(truncatingIfNeeded: consumed)
            }
            isInflaterPending = outcome == .pending
            work -= Self.inputCost * consumed + assembly.message.count - before + Self.stepCost
            try check(assembly, from: before, limits)
            if case .failed(let error) = outcome { throw error }
        }
    }

    /// Whether the stream stands between two blocks.
    private var isAtBoundary: Bool {
        switch inflater {
        case .some(let inflater): inflater.isAtBoundary
        case .none: true
        }
    }

    /// Makes sure that the open message has a stream.
    private mutating func takeInflater(_ inflaters: inout InflaterPool) throws(FrameError) {
        if inflater != nil { return }
        if !keepsContext {
            inflater = try inflaters.borrow()
        } else if let own = Inflater(windowBits: Int(windowBits)) {
            inflater = consume own
        } else {
            throw .outOfMemory
        }
    }

    /// Gives the stream back, unless later messages may refer to this one.
    private mutating func endMessage(_ inflaters: inout InflaterPool) {
        guard !keepsContext, let borrowed = inflater.take() else { return }
        inflaters.giveBack(borrowed)
    }

    /// Checks the octets put out since `start`.
    private mutating func check(
        _ assembly: Assembly, from start: Int, _ limits: ReceiverLimits
    ) throws(FrameError) {
        let end = assembly.message.count
        if kind == .text, end > start {
            let fresh = start..<max(start, min(end, limits.messageSize))
            guard Self.isText(assembly.message, fresh, &utf8) else { throw .notText }
        }
        if end > limits.messageSize { throw .oversizedMessage }
    }

    private static func isText(
        _ buffer: borrowing OctetBuffer, _ range: Range<Int>, _ utf8: inout UTF8Checker
    ) -> Bool {
        utf8.firstBad(in: buffer.octets.extracting(range)) == nil
    }
}
