// VerifiedMessages — messages that were looked at octet by octet and found whole.
//
// A fan-out brings the same octets once per subscriber. The first time they are read and checked:
// UTF-8, stamp, filler; the others are compared with them, which says as much and is one memcmp.

internal import Glibc

/// Safety: `octets` has `count` places of `stride` octets and `known` `count` elements, allocated
/// in `init` and freed in `deinit`; a place is below `count` by its mask, and what is kept there is
/// no longer than `sizeLimit`.
@safe
struct VerifiedMessages: ~Copyable {
    private static let count = 256
    /// Longer messages are read anew each time.
    static let sizeLimit = 576
    /// Nine cache lines: places spread over all sets of a cache.
    private static let stride = 576

    private struct Known: BitwiseCopyable {
        var stamp: Stamp
        /// Octets of the message; 0 is nobody's.
        var size: Int
        /// WAMP: whose subscribers get it.
        var subscription: UInt64
    }

    private let octets: UnsafeMutableRawPointer
    private let known: UnsafeMutablePointer<Known>

    init() {
        unsafe octets = .allocate(byteCount: Self.count * Self.stride, alignment: 64)
        unsafe known = .allocate(capacity: Self.count)
        let nothing = Known(
            stamp: Stamp(stream: 0, number: 0, time: 0, payloadSize: 0), size: 0,
            subscription: 0)
        unsafe known.initialize(repeating: nothing, count: Self.count)
    }

    deinit {
        unsafe octets.deallocate()
        unsafe known.deallocate()
    }

    /// A place by the last two digits of the number, which follow each other in a stream.
    @unsafe
    @inline(__always)
    private static func place(_ stamp: UnsafeRawPointer) -> Int {
        let high = unsafe Int(stamp.load(fromByteOffset: 18, as: UInt8.self))
        let low = unsafe Int(stamp.load(fromByteOffset: 19, as: UInt8.self))
        // Digits differ in bits 0 to 3, and bit 6 tells letters: 9 more.
        return ((high & 15) + (high >> 6) * 9) << 4 & 0xF0 | ((low & 15) + (low >> 6) * 9) & 15
    }

    /// The stamp of a message that is known octet by octet; `nil` when it has to be read.
    ///
    /// - Parameter mark: Where its stamp begins; the stamp lies in the message to its end.
    @unsafe
    @inline(__always)
    func stamp(of message: UnsafeRawBufferPointer, mark: Int) -> Stamp? {
        guard let start = message.baseAddress else { return nil }
        let place = unsafe Self.place(start + mark)
        let entry = unsafe known[place]
        guard entry.size == message.count,
            unsafe memcmp(start, octets + place * Self.stride, entry.size) == 0
        else { return nil }
        return entry.stamp
    }

    /// The event of `subscription` (0 where there are none) that stands at the beginning of
    /// `octets`, with its size; `nil` when it has to be read.
    ///
    /// - Parameter mark: Where its stamp begins; the stamp lies in `octets` to its end.
    @unsafe
    @inline(__always)
    func event(
        beginning octets: UnsafeRawBufferPointer, mark: Int, subscription: UInt64
    ) -> (stamp: Stamp, size: Int)? {
        guard let start = octets.baseAddress else { return nil }
        let place = unsafe Self.place(start + mark)
        let entry = unsafe known[place]
        guard entry.size > 0, entry.size <= octets.count, entry.subscription == subscription,
            unsafe memcmp(start, self.octets + place * Self.stride, entry.size) == 0
        else { return nil }
        return (entry.stamp, entry.size)
    }

    /// Remembers a message that was found whole.
    @unsafe
    mutating func keep(
        _ stamp: Stamp, _ message: UnsafeRawBufferPointer, mark: Int, subscription: UInt64 = 0
    ) {
        guard message.count <= Self.sizeLimit, let start = message.baseAddress else {
            return
        }
        let place = unsafe Self.place(start + mark)
        unsafe (octets + place * Self.stride).copyMemory(from: start, byteCount: message.count)
        unsafe known[place] = Known(
            stamp: stamp, size: message.count, subscription: subscription)
    }
}
