// Inflater — raw inflate of permessage-deflate messages in bounded steps (RFC 7692 §7.2.2).
//
// A message is a run of deflate blocks whose last four octets, `00 00 FF FF`, stayed at home. Any
// blocks are welcome: empty, stored, several, and final ones (BFINAL), after which another stream
// begins at the next octet with the same window (§7.2.3.4, §7.2.3.5).
//
// zlib takes about 7 KiB, and a window of 2^bits octets from the first octet it puts out: about
// 40 KiB for 15 bits.

internal import Bytes
internal import CZlib

/// One inflating stream.
///
/// Safety: `stream` points to an initialized `z_stream` that only this value reaches; zlib keeps a
/// pointer back to it, which is why it has an allocation of its own. Ended and freed in `deinit`
/// unless `surrender()` has given it away.
@safe
struct Inflater: ~Copyable {
    // Raw, so that this type does not show zlib's in the layout other modules compute.
    private let stream: UnsafeMutableRawPointer
    /// Whether the stream has taken nothing since it began.
    private var isFresh = true
    /// Whether the stream stands between two blocks, at the edge of an octet.
    private(set) var isAtBoundary = true

    private init(adopting stream: UnsafeMutableRawPointer) { unsafe self.stream = unsafe stream }

    /// Makes a stream that reads windows of up to 2^`windowBits` octets; `nil` without memory.
    init?(windowBits: Int) {
        let fresh = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe fresh.initialize(to: z_stream())
        // zlib 1.2 deflates with 9 bits where 8 were agreed on; reading with 9 costs nothing.
        let bits = Int32(max(9, min(15, windowBits)))
        guard unsafe carillon_inflate_init(fresh, -bits) == Z_OK else {
            unsafe fresh.deallocate()
            return nil
        }
        unsafe stream = UnsafeMutableRawPointer(fresh)
    }

    /// Takes up a stream another `surrender()` gave away, as fresh as a new one.
    init(reusing stream: UnsafeMutableRawPointer) {
        unsafe self.init(adopting: stream)
        unsafe inflateReset(stream.assumingMemoryBound(to: z_stream.self))
    }

    deinit { unsafe Self.free(stream) }

    /// Octets of memory that a stream takes: its state, and a window of its own.
    static func memorySize(windowBits: Int) -> Int {
        (7 << 10) + (1 << max(9, min(15, windowBits)))
    }

    /// Gives the stream away; whoever has it calls `init(reusing:)` or `free(_:)`.
    @unsafe
    consuming func surrender() -> UnsafeMutableRawPointer {
        let stream = unsafe self.stream
        discard self
        return unsafe stream
    }

    static func free(_ stream: UnsafeMutableRawPointer) {
        let stream = unsafe stream.assumingMemoryBound(to: z_stream.self)
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// What one step came to.
    enum Outcome: Equatable {
        /// All that could be said of the input has been said.
        case idle
        /// There may be more to come out without more going in.
        case pending
        /// `brokenCompression` or `outOfMemory`, behind the octets put out so far.
        case failed(FrameError)
    }

    /// Inflates octets of `input` into `output`, once.
    ///
    /// - Parameters:
    ///   - room: Largest number of octets to append, at least 1.
    ///   - consumed: Is set to how many octets of `input` were used.
    mutating func step(
        _ input: UnsafeRawBufferPointer, consumed: inout Int, into output: inout OctetBuffer,
        room: Int
    ) -> Outcome {
        precondition(room > 0)
        let stream = unsafe self.stream.assumingMemoryBound(to: z_stream.self)
        // zlib counts in 32 bits.
        let offered = min(input.count, 1 << 30)
        let space = min(room, 1 << 30)
        var status = Z_OK
        var written = 0
        unsafe output.append(atMost: space) { free in
            // zlib never writes to its input; the field lacks a `const`.
            unsafe stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
            unsafe stream.pointee.avail_in = UInt32(truncatingIfNeeded: offered)
            unsafe stream.pointee.next_out = free.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.pointee.avail_out = UInt32(truncatingIfNeeded: free.count)
            status = unsafe inflate(stream, Z_SYNC_FLUSH)
            written = unsafe free.count - Int(stream.pointee.avail_out)
            return written
        }
        consumed = unsafe offered - Int(stream.pointee.avail_in)
        unsafe stream.pointee.next_in = nil
        unsafe stream.pointee.next_out = nil
        switch status {
        case Z_OK, Z_BUF_ERROR:
            // 128: between two blocks; the low six bits count the bits not yet used (zlib.h).
            let place = unsafe stream.pointee.data_type
            if consumed > 0 { isFresh = false }
            isAtBoundary = isFresh || (place & 128 != 0 && place & 63 == 0)
            return written == space ? .pending : .idle
        case Z_STREAM_END:
            // A final block; the window stays, for what follows may refer to it.
            unsafe inflateResetKeep(stream)
            isFresh = true
            isAtBoundary = true
            return .idle
        case Z_MEM_ERROR: return .failed(.outOfMemory)
        default: return .failed(.brokenCompression)
        }
    }
}

/// The inflating streams of one core that no connection holds just now.
///
/// A connection without context takeover borrows one while a deflated message is coming in.
///
/// Safety: every pointer in `idle` came from `Inflater.surrender()` and is given out or freed once.
@safe
package struct InflaterPool: ~Copyable {
    private var idle: [UnsafeMutableRawPointer]
    /// How many idle streams are kept; further ones are freed.
    private let idleLimit: Int

    /// Makes an empty pool that keeps up to `idleLimit` streams of about 40 KiB each.
    package init(idleLimit: Int = 16) {
        precondition(idleLimit >= 0)
        self.idleLimit = idleLimit
        unsafe idle = []
        unsafe idle.reserveCapacity(idleLimit)
    }

    deinit {
        for index in unsafe idle.indices { unsafe Inflater.free(idle[index]) }
    }

    /// How many streams wait to be used.
    package var idleCount: Int { unsafe idle.count }

    mutating func borrow() throws(FrameError) -> Inflater {
        if let stream = unsafe idle.popLast() { return unsafe Inflater(reusing: stream) }
        guard let fresh = Inflater(windowBits: 15) else { throw .outOfMemory }
        return fresh
    }

    mutating func giveBack(_ inflater: consuming Inflater) {
        guard unsafe idle.count < idleLimit else { return }
        unsafe idle.append(inflater.surrender())
    }
}
