// Deflater — one message to one run of deflate blocks (RFC 7692 §7.2.1).
//
// One per core and window size, reset before each message, so that a compressed message refers to
// nothing outside itself and can be shared by everyone whose window is at least as large. The other
// kind, with context takeover, belongs to one connection.
//
// zlib takes 2^(windowBits + 2) + 2^(memoryLevel + 9) octets: 256 KiB for 15 and 8.

package import Bytes
internal import CZlib

/// One deflating stream.
///
/// Safety: `stream` points to an initialized `z_stream` that only this value reaches; zlib keeps a
/// pointer back to it. Ended and freed in `deinit`.
@safe
package struct Deflater: ~Copyable {
    private let stream: UnsafeMutableRawPointer
    /// Whether messages may refer to earlier ones.
    package let keepsContext: Bool
    package let windowBits: Int

    /// Makes a stream.
    ///
    /// - Parameters:
    ///   - level: 1 (fast) to 9.
    ///   - windowBits: 9 to 15; `nil` comes back for 8, which zlib's raw deflate does not have.
    ///   - memoryLevel: 1 to 9.
    ///   - keepsContext: Whether messages may refer to earlier ones (context takeover).
    package init?(
        level: Int = 1, windowBits: Int = 15, memoryLevel: Int = 8, keepsContext: Bool = false
    ) {
        guard (1...9).contains(level), (9...15).contains(windowBits), (1...9).contains(memoryLevel)
        else { return nil }
        let fresh = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe fresh.initialize(to: z_stream())
        let status = unsafe carillon_deflate_init(
            fresh, Int32(level), -Int32(windowBits), Int32(memoryLevel))
        guard status == Z_OK else {
            unsafe fresh.deallocate()
            return nil
        }
        unsafe stream = UnsafeMutableRawPointer(fresh)
        self.keepsContext = keepsContext
        self.windowBits = windowBits
    }

    deinit {
        let stream = unsafe self.stream.assumingMemoryBound(to: z_stream.self)
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Appends the compressed form of `message` to `output`.
    ///
    /// - Returns: How many octets were appended; worth sending only if fewer than `message` has.
    /// - Complexity: O(octets); grows `output`, allocates nothing else.
    @discardableResult
    package mutating func compress(_ message: RawSpan, into output: inout OctetBuffer) -> Int {
        let before = output.count
        guard message.byteCount > 0 else {
            // §7.2.3.6: zlib would put out nothing at all for a second empty message in a row.
            output.append(0)
            return 1
        }
        let stream = unsafe self.stream.assumingMemoryBound(to: z_stream.self)
        if !keepsContext { unsafe deflateReset(stream) }
        unsafe message.withUnsafeBytes { message in
            var start = 0
            repeat {
                // zlib counts in 32 bits.
                let size = min(message.count - start, 1 << 30)
                let isLast = start + size == message.count
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: (message.baseAddress! + start).assumingMemoryBound(to: UInt8.self))
                unsafe stream.pointee.avail_in = UInt32(truncatingIfNeeded: size)
                var isFull = true
                while isFull {
                    let room = max(64, min(1 << 16, size + size >> 4))
                    unsafe output.append(atMost: room) { free in
                        unsafe stream.pointee.next_out =
                            free.baseAddress?.assumingMemoryBound(to: UInt8.self)
                        unsafe stream.pointee.avail_out = UInt32(truncatingIfNeeded: room)
                        let status = unsafe deflate(stream, isLast ? Z_SYNC_FLUSH : Z_NO_FLUSH)
                        // Z_BUF_ERROR: the octets before filled the room exactly.
                        precondition(status == Z_OK || status == Z_BUF_ERROR, "deflate failed")
                        isFull = unsafe stream.pointee.avail_out == 0
                        return unsafe room - Int(stream.pointee.avail_out)
                    }
                }
                start += size
            } while start < message.count
            unsafe stream.pointee.next_in = nil
            unsafe stream.pointee.next_out = nil
        }
        precondition(output.count - before >= 5, "a sync flush ends with an empty stored block")
        output.truncate(to: output.count - 4)
        return output.count - before
    }
}
