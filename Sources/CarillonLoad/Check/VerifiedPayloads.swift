// VerifiedPayloads — payloads that were looked at octet by octet and found whole.
//
// A fan-out brings every payload once per subscriber. The first one is read and checked; the others
// are compared with it, which says as much and is one call of memcmp.

internal import Glibc

/// Safety: `octets` has `count` places of `stride` octets and `stamps` `count` elements, allocated
/// in `init` and freed in `deinit`; a place is below `count` by its mask, and what is kept there is
/// no longer than `sizeLimit`.
@safe
struct VerifiedPayloads: ~Copyable {
    private static let count = 256
    /// Longer payloads are read anew each time.
    static let sizeLimit = 512
    /// Nine cache lines: places spread over all sets of a cache.
    private static let stride = 576

    private let octets: UnsafeMutableRawPointer
    private let stamps: UnsafeMutablePointer<Stamp>

    init() {
        unsafe octets = .allocate(byteCount: Self.count * Self.stride, alignment: 64)
        unsafe stamps = .allocate(capacity: Self.count)
        // A size of 0 is nobody's.
        unsafe stamps.initialize(
            repeating: Stamp(stream: 0, number: 0, time: 0, payloadSize: 0), count: Self.count)
    }

    deinit {
        unsafe octets.deallocate()
        unsafe stamps.deallocate()
    }

    /// A place by the last two digits of the number, which follow each other in a stream.
    @unsafe
    @inline(__always)
    private static func place(_ payload: UnsafeRawPointer) -> Int {
        let high = unsafe Int(payload.load(fromByteOffset: 18, as: UInt8.self))
        let low = unsafe Int(payload.load(fromByteOffset: 19, as: UInt8.self))
        // Digits differ in bits 0 to 3, and bit 6 tells letters: 9 more.
        return ((high & 15) + (high >> 6) * 9) << 4 & 0xF0 | ((low & 15) + (low >> 6) * 9) & 15
    }

    /// The stamp of a payload that is known octet by octet; `nil` when it has to be read.
    ///
    /// - Parameters:
    ///   - payload: Where a stamp begins.
    ///   - available: Octets from there on, at least those of a stamp.
    @unsafe
    @inline(__always)
    func stamp(of payload: UnsafeRawPointer, available: Int) -> Stamp? {
        let place = unsafe Self.place(payload)
        let stamp = unsafe stamps[place]
        let size = Int(stamp.payloadSize)
        guard size > 0, size <= available,
            unsafe memcmp(payload, octets + place * Self.stride, size) == 0
        else { return nil }
        return stamp
    }

    /// Remembers a payload that was found whole.
    @unsafe
    mutating func keep(_ stamp: Stamp, _ payload: UnsafeRawPointer) {
        guard stamp.payloadSize <= Self.sizeLimit else { return }
        let place = unsafe Self.place(payload)
        unsafe (octets + place * Self.stride).copyMemory(
            from: payload, byteCount: Int(stamp.payloadSize))
        unsafe stamps[place] = stamp
    }
}
