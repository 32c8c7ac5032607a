// Filler — what a payload holds behind its stamp: text that compresses about as JSON does.
//
// The same for every process of every run, and a window into it for every number: a receiver
// compares all of it with one call of memcmp.

internal import Glibc

/// Text to fill payloads with.
///
/// Safety: `text` is allocated once, never freed and never written again; every window begins in
/// the first half, and no window is longer than the second.
@safe
struct Filler: Sendable {
    /// The largest payload.
    static let sizeLimit = 1 << 20
    private static let period = 1 << 16

    nonisolated(unsafe) private let text: UnsafeMutableRawPointer

    static let shared = Filler()

    private init() {
        let size = Self.period + Self.sizeLimit
        unsafe text = .allocate(byteCount: size, alignment: 64)
        let words = [
            "price", "volume", "symbol", "bid", "ask", "user", "room", "online", "status",
            "update", "message", "typing", "presence", "score", "team", "event", "time", "value",
        ]
        var state: UInt32 = 2_463_534_242
        var piece: [UInt8] = []
        var used = 0
        for place in 0..<size {
            if used == piece.count {
                state ^= state << 13
                state ^= state >> 17
                state ^= state << 5
                let number = (state >> 8) % 100_000
                piece = Array("\(words[Int(state) % words.count]):\(number),".utf8)
                used = 0
            }
            unsafe text.storeBytes(of: piece[used], toByteOffset: place, as: UInt8.self)
            used += 1
        }
    }

    /// Where the filler of message `number` begins; `size` octets from there on are its.
    @unsafe
    @inline(__always)
    func window(_ number: UInt32) -> UnsafeRawPointer {
        unsafe UnsafeRawPointer(text + Int(number &* 251) & (Self.period - 1))
    }

    /// Whether `octets` are the filler of message `number`.
    @unsafe
    @inline(__always)
    func matches(_ octets: UnsafeRawBufferPointer, number: UInt32) -> Bool {
        guard let start = octets.baseAddress, octets.count <= Self.sizeLimit else {
            return unsafe octets.isEmpty
        }
        return unsafe memcmp(start, window(number), octets.count) == 0
    }
}
