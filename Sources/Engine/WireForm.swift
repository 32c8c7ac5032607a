// WireForm — what tells apart the octets that connections of one dialect are sent.

/// How frames leave for a connection: those of WebSocket plain, or deflated for a window of 2^n
/// octets; or those of a stream's framing.
@frozen
@usableFromInline
struct WireForm: RawRepresentable, Hashable, BitwiseCopyable, Sendable {
    /// 0, or the window bits, 9 to 15; between them streams.
    @usableFromInline let rawValue: UInt8

    @inlinable
    init(rawValue: UInt8) { self.rawValue = rawValue }

    static let plain = WireForm(rawValue: 0)
    static let count = 16
    /// How many framings there can be.
    static let streamLimit = 8

    /// The frames of the framing at `place`.
    static func stream(_ place: Int) -> WireForm {
        precondition(place >= 0 && place < streamLimit)
        return WireForm(rawValue: UInt8(1 + place))
    }

    var isDeflated: Bool { rawValue >= 9 }

    /// Bits of the smallest window that holds `size` octets; 15 where none does. A run without
    /// references outside itself has none longer than itself, so what fits a window can be read
    /// with it, whichever made it (RFC 7692 §7.1.2).
    static func windowBits(holding size: Int) -> Int {
        var bits = 9
        while bits < 15, size > 1 << bits { bits += 1 }
        return bits
    }

    var isStream: Bool { rawValue &- 1 < Self.streamLimit }

    /// The place of a stream's framing; `nil` for WebSockets.
    var framing: Int? { isStream ? Int(rawValue) - 1 : nil }
}
