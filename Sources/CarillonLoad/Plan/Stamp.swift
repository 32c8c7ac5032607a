// Stamp — what every payload begins with: which message this is, and when it was due.
//
// 52 octets of plain ASCII, so that they pass unchanged through JSON, text protocols and logs:
//
//     CLd1 ssssssss nnnnnnnn tttttttttttttttt zzzzzzzz cccccccc      (without the spaces)
//
// stream, number in the stream, due time (ns of the monotonic clock), size of the whole payload and
// a check over all four with the run's own seed, in lower-case hexadecimal. Behind it comes the
// filler, which follows from the number, so a receiver knows every octet that must be there.

internal import Bytes

/// Names one message of a run.
struct Stamp: Equatable, BitwiseCopyable {
    /// Octets of a stamp; the smallest payload.
    static let size = 52
    /// "CLd1", as it lies in memory.
    static let mark: UInt32 = 0x3164_4C43

    /// Who sends it to which room; see ``StreamMap``.
    var stream: UInt32
    /// Counts from 0 in each stream.
    var number: UInt32
    /// When it was due, ns of the monotonic clock; in a closed loop, when it was sent.
    var time: UInt64
    /// Octets of the payload, stamp and filler.
    var payloadSize: UInt32

    /// Mixes the fields and the run's seed: a changed octet of the stamp changes it, and a message
    /// of another run does not pass.
    @inline(__always)
    func check(seed: UInt32) -> UInt32 {
        var mixed = time ^ (UInt64(stream) << 32 | UInt64(number))
        mixed = (mixed ^ UInt64(payloadSize) << 17 ^ UInt64(seed)) &* 0x9E37_79B9_7F4A_7C15
        mixed ^= mixed >> 29
        mixed = mixed &* 0xBF58_476D_1CE4_E5B9
        return UInt32(truncatingIfNeeded: mixed >> 32)
    }

    /// Writes the stamp at the start of `octets`, which has room for it.
    @unsafe
    func write(to octets: UnsafeMutableRawPointer, seed: UInt32) {
        unsafe octets.storeBytes(of: Self.mark, as: UInt32.self)
        unsafe HexWord.write(stream, to: octets + 4)
        unsafe HexWord.write(number, to: octets + 12)
        unsafe HexWord.write(UInt32(truncatingIfNeeded: time >> 32), to: octets + 20)
        unsafe HexWord.write(UInt32(truncatingIfNeeded: time), to: octets + 28)
        unsafe HexWord.write(payloadSize, to: octets + 36)
        unsafe HexWord.write(check(seed: seed), to: octets + 44)
    }

    /// Appends the whole payload: the stamp and the filler behind it.
    func writePayload(into buffer: inout OctetBuffer, seed: UInt32) {
        let size = Int(payloadSize)
        precondition(size >= Self.size && size <= Filler.sizeLimit)
        unsafe buffer.append(atMost: size) { room in
            guard let start = room.baseAddress else { return 0 }
            unsafe write(to: start, seed: seed)
            let window = unsafe Filler.shared.window(number)
            unsafe (start + Self.size).copyMemory(from: window, byteCount: size - Self.size)
            return size
        }
    }

    /// Reads a stamp; `nil` when it is damaged or of another run.
    ///
    /// - Parameter octets: 52 octets that begin with the mark.
    @unsafe
    @inline(__always)
    init?(_ octets: UnsafeRawPointer, seed: UInt32) {
        guard let stream = unsafe HexWord.read(octets + 4),
            let number = unsafe HexWord.read(octets + 12),
            let high = unsafe HexWord.read(octets + 20),
            let low = unsafe HexWord.read(octets + 28),
            let size = unsafe HexWord.read(octets + 36),
            let check = unsafe HexWord.read(octets + 44)
        else { return nil }
        self.init(
            stream: stream, number: number, time: UInt64(high) << 32 | UInt64(low),
            payloadSize: size)
        guard check == self.check(seed: seed) else { return nil }
    }

    init(stream: UInt32, number: UInt32, time: UInt64, payloadSize: UInt32) {
        self.stream = stream
        self.number = number
        self.time = time
        self.payloadSize = payloadSize
    }
}

/// Eight lower-case hexadecimal digits, all at once in a machine word.
enum HexWord {
    private static let ones: UInt64 = 0x0101_0101_0101_0101

    /// Writes the eight digits of `value`, highest first.
    @unsafe
    @inline(__always)
    static func write(_ value: UInt32, to octets: UnsafeMutableRawPointer) {
        // One digit per octet, the first in the lowest.
        var digits = UInt64(value.byteSwapped)
        digits = (digits | digits << 16) & 0x0000_FFFF_0000_FFFF
        digits = (digits | digits << 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits >> 4 | digits << 8) & 0x0F0F_0F0F_0F0F_0F0F
        // Digits from 10 on: 'a' - '0' - 10 more.
        let letters = (digits &+ ones &* 6) >> 4 & ones
        unsafe octets.storeBytes(of: digits &+ ones &* 0x30 &+ letters &* 39, as: UInt64.self)
    }

    /// Reads eight digits; `nil` when one of them is none (capitals are none).
    @unsafe
    @inline(__always)
    static func read(_ octets: UnsafeRawPointer) -> UInt32? {
        let word = unsafe octets.loadUnaligned(as: UInt64.self)
        guard word & 0x8080_8080_8080_8080 == 0 else { return nil }
        // Bit 6 is set in letters alone.
        let letters = word >> 6 & ones
        let values = (word & 0x0F0F_0F0F_0F0F_0F0F) &+ letters &* 9
        // Written again they must be what was read, or it was no digit.
        guard values & ~(ones &* 0x0F) == 0 else { return nil }
        let again = (values &+ ones &* 6) >> 4 & ones
        guard values &+ ones &* 0x30 &+ again &* 39 == word else { return nil }
        var digits = values
        digits = (digits << 4 | digits >> 8) & 0x00FF_00FF_00FF_00FF
        digits = (digits | digits >> 8) & 0x0000_FFFF_0000_FFFF
        digits = digits | digits >> 16
        return UInt32(truncatingIfNeeded: digits).byteSwapped
    }
}
