// Serialization — the three ways a value is written, and what a sender can get wrong in them.
//
// JSON is RFC 8259, MessagePack its specification with distinct `str` and `bin`, CBOR RFC 8949.
// Code that has to work with all three is generic over ``ItemReader`` and ``ItemWriter``; this
// enumeration is for tables and configuration, and for `transcode`, which chooses among them.

/// How the octets of a value are to be read.
@frozen
@usableFromInline
package enum Serialization: UInt8, CaseIterable, Sendable {
    case json, messagePack, cbor
}

/// Why octets are not taken as a value.
@frozen
@usableFromInline
package enum CodecError: Error, Equatable {
    /// The octets stop making sense here; their size when they end too early.
    case malformed(at: Int)
    /// A string whose octets are not UTF-8; the place is that of its contents.
    case notText(at: Int)
    /// A key of a map that is not a string.
    case keyIsNoString(at: Int)
    /// The value here is of another kind than its reader asked for.
    case unexpectedKind(at: Int)
    /// More than ``depthLimit`` containers inside one another.
    case tooDeep

    /// Containers that may be inside one another, the outermost included; the same for all three,
    /// so that what can be read in one can be written in another.
    ///
    /// 64 is also how many of them fit the bits of one word, where skipping keeps their kinds.
    @inlinable
    package static var depthLimit: Int { 64 }
}

extension CodecError {
    /// What the JSON scanner found; its two limits are not used here.
    internal init(_ error: JSONError) {
        switch error {
        case .malformed(let place): self = .malformed(at: place)
        case .tooDeep: self = .tooDeep
        case .numberTooLong, .tooManyKeys: preconditionFailure("no limit was set")
        }
    }
}
