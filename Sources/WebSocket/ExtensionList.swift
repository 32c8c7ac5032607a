// ExtensionList — the grammar of Sec-WebSocket-Extensions (RFC 6455 §9.1).
//
//     extension-list = 1#extension
//     extension      = token *( ";" extension-param )
//     extension-param = token [ "=" ( token | quoted-string ) ]
//
// Read as places in the octets of one header value; nothing is copied. A quoted value must be a
// token once unquoted, which is also what every parameter we know of needs.

internal import Bytes
internal import HTTP1

/// One parameter of an extension.
struct ExtensionParameter: Equatable {
    var name: Range<Int>
    /// The value without its quotes; `nil` if there is no `=`.
    var value: Range<Int>?
}

/// Reads an extension list from left to right.
struct ExtensionReader {
    private var offset = 0
    private(set) var isMalformed = false

    init() {}

    /// The name of the next extension, or `nil` at the end and where the grammar is broken.
    mutating func nextName(_ list: RawSpan) -> Range<Int>? {
        // Empty elements between commas are allowed (RFC 9110 §5.6.1).
        skipBlank(list)
        while !isMalformed, offset < list.byteCount, list[octet: offset] == 0x2C {
            offset += 1
            skipBlank(list)
        }
        guard !isMalformed, offset < list.byteCount else { return nil }
        return token(list)
    }

    /// The next parameter of the extension last named, or `nil` behind its last one.
    mutating func nextParameter(_ list: RawSpan) -> ExtensionParameter? {
        skipBlank(list)
        guard !isMalformed, offset < list.byteCount else { return nil }
        if list[octet: offset] == 0x2C { return nil }
        guard list[octet: offset] == 0x3B else {
            isMalformed = true
            return nil
        }
        offset += 1
        skipBlank(list)
        guard let name = token(list) else { return nil }
        skipBlank(list)
        guard offset < list.byteCount, list[octet: offset] == 0x3D else {
            return ExtensionParameter(name: name, value: nil)
        }
        offset += 1
        skipBlank(list)
        guard offset < list.byteCount, list[octet: offset] == 0x22 else {
            guard let value = token(list) else { return nil }
            return ExtensionParameter(name: name, value: value)
        }
        offset += 1
        guard let value = token(list) else { return nil }
        guard offset < list.byteCount, list[octet: offset] == 0x22 else {
            isMalformed = true
            return nil
        }
        offset += 1
        return ExtensionParameter(name: name, value: value)
    }

    private mutating func token(_ list: RawSpan) -> Range<Int>? {
        let start = offset
        while offset < list.byteCount, Grammar.isTokenOctet(list[octet: offset]) { offset += 1 }
        if offset == start {
            isMalformed = true
            return nil
        }
        return start..<offset
    }

    private mutating func skipBlank(_ list: RawSpan) {
        while offset < list.byteCount, Grammar.isBlank(list[octet: offset]) { offset += 1 }
    }
}
