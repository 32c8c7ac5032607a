// JSONScanner — walks through a JSON text once and delimits what it meets (RFC 8259).
//
// The caller goes as deep as it wants to know: `beginObject` and `nextKey` step through members,
// `value` validates and skips a whole value. Strict: what §2 to §7 of the RFC do not allow is
// refused, so octets that were scanned may be sent on as they are. Nothing is allocated and nothing
// recurses; a caller may rely on every error being thrown before an octet outside the text is read.
//
// The text is known to be UTF-8 (the framing saw to that), so the scanner does not check it again.

public import Bytes

/// A place in a JSON text, moving forwards.
///
/// `position` is never negative and never behind the end of the text.
@frozen
@usableFromInline
package struct JSONScanner: ~Escapable {
    /// Containers that may be inside one another, the outermost included.
    ///
    /// 64 is also how many of them fit the bit stack of `skipContainer`.
    package static let depthLimit = 64

    @usableFromInline package let text: RawSpan
    /// Where the next octet is read.
    @usableFromInline package internal(set) var position: Int
    /// Containers entered by `beginObject` and not left yet.
    @usableFromInline internal var depth: Int

    /// Begins at the first octet of `text`.
    @_lifetime(copy text)
    package init(_ text: RawSpan) {
        self.text = text
        position = 0
        depth = 0
    }

    /// Validates a text that is one value and nothing else but white space (§2).
    package static func document(_ text: RawSpan) throws(JSONError) -> JSONItem {
        var scanner = JSONScanner(text)
        let item = try scanner.value()
        try scanner.end()
        return item
    }

    /// Whether the next value is an object; decides nothing else about it.
    package mutating func isAtObject() -> Bool { isAt(JSONOctet.openingBrace) }

    /// Whether `octet` is the first that is no white space.
    internal mutating func isAt(_ octet: UInt8) -> Bool {
        skipSpace()
        return position < text.byteCount && self.octet(at: position) == octet
    }

    /// Enters the object that begins here. Its members follow by ``nextKey(_:)``.
    ///
    /// - Parameter keyLimit: Members the caller is willing to look at.
    package mutating func beginObject(keyLimit: Int = .max) throws(JSONError) -> JSONMembers {
        guard try significantOctet() == JSONOctet.openingBrace else {
            throw .malformed(at: position)
        }
        guard depth < Self.depthLimit else { throw .tooDeep }
        depth += 1
        position += 1
        return JSONMembers(keyLimit: keyLimit)
    }

    /// Moves past the next key and its colon; the member's value comes next.
    ///
    /// - Returns: The key, or `nil` behind the object's closing brace.
    package mutating func nextKey(_ members: inout JSONMembers) throws(JSONError) -> JSONItem? {
        var octet = try significantOctet()
        if octet == JSONOctet.closingBrace {
            position += 1
            depth -= 1
            return nil
        }
        if members.keyCount > 0 {
            guard octet == JSONOctet.comma else { throw .malformed(at: position) }
            position += 1
            octet = try significantOctet()
        }
        guard octet == JSONOctet.quote else { throw .malformed(at: position) }
        guard members.keyCount < members.keyLimit else { throw .tooManyKeys }
        members.keyCount += 1
        let start = position
        let hasEscapes = try skipString()
        let key = JSONItem(kind: .string, hasEscapes: hasEscapes, range: start..<position)
        try skipColon()
        return key
    }

    /// Validates and skips one value.
    ///
    /// - Parameter digitLimit: Longest number taken, in octets of its text, when the value itself
    ///   is a number; numbers inside containers are only bounded by the text.
    package mutating func value(digitLimit: Int = .max) throws(JSONError) -> JSONItem {
        let octet = try significantOctet()
        let start = position
        switch octet {
        case JSONOctet.quote:
            let hasEscapes = try skipString()
            return JSONItem(kind: .string, hasEscapes: hasEscapes, range: start..<position)
        case JSONOctet.openingBrace:
            try skipContainer()
            return JSONItem(kind: .object, range: start..<position)
        case JSONOctet.openingBracket:
            try skipContainer()
            return JSONItem(kind: .array, range: start..<position)
        default:
            let kind = try skipPlain(octet)
            if kind == .integer || kind == .fraction {
                guard position - start <= digitLimit else { throw .numberTooLong }
            }
            return JSONItem(kind: kind, range: start..<position)
        }
    }

    /// Makes sure that only white space follows.
    package mutating func end() throws(JSONError) {
        skipSpace()
        guard position == text.byteCount else { throw .malformed(at: position) }
    }

    /// Whether the string `item` says `name`, which is ASCII, however it is escaped.
    ///
    /// A key is compared with one name after the other, so what tells most of them apart comes
    /// first: the size, a constant where this is inlined.
    @inlinable
    @inline(__always)
    package func string(_ item: JSONItem, equals name: StaticString) -> Bool {
        if item.hasEscapes { return escapedString(item, equals: name) }
        return item.range.count == name.utf8CodeUnitCount + 2
            && text.holds(name, at: item.range.lowerBound + 1)
    }

    @usableFromInline
    internal func escapedString(_ item: JSONItem, equals name: StaticString) -> Bool {
        text.extracting(item.contents).says(name)
    }
}

/// How far one object's members have been walked through.
package struct JSONMembers {
    /// Members met so far.
    package internal(set) var keyCount: Int
    package let keyLimit: Int

    internal init(keyLimit: Int, keyCount: Int = 0) {
        self.keyLimit = keyLimit
        self.keyCount = keyCount
    }
}
