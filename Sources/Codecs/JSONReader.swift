// JSONReader — the JSON scanner in the words all serializations share.
//
// The grammar is JSONScanner's; this adds stepping through arrays and the values of numbers. Octet
// strings follow WAMP's convention: a string whose first character is U+0000, then base 64
// (RFC 4648 §4). They are `string` items, since only the words inside tell.

public import Bytes

/// A place in a JSON text, moving forwards. The text is known to be UTF-8.
@usableFromInline
package struct JSONReader: ItemReader, ~Escapable {
    @inlinable
    package static var serialization: Serialization { .json }

    internal var scanner: JSONScanner

    @usableFromInline
    @_lifetime(copy octets)
    package init(_ octets: RawSpan) { scanner = JSONScanner(octets) }

    @usableFromInline
    package var octets: RawSpan {
        @_lifetime(copy self) get { scanner.text }
    }

    @usableFromInline
    package var position: Int { scanner.position }

    @usableFromInline
    package mutating func isAtArray() -> Bool { scanner.isAt(JSONOctet.openingBracket) }

    @usableFromInline
    package mutating func isAtMap() -> Bool { scanner.isAt(JSONOctet.openingBrace) }

    @usableFromInline
    package mutating func beginArray() throws(CodecError) -> Container {
        try begin(JSONOctet.openingBracket)
        return Container(isMap: false, announcedCount: nil)
    }

    @usableFromInline
    package mutating func next(_ array: inout Container) throws(CodecError) -> Bool {
        do throws(JSONError) {
            let octet = try scanner.significantOctet()
            if octet == JSONOctet.closingBracket {
                scanner.position += 1
                scanner.depth -= 1
                return false
            }
            if array.count > 0 {
                guard octet == JSONOctet.comma else { throw .malformed(at: scanner.position) }
                scanner.position += 1
            }
            array.count += 1
            return true
        } catch {
            throw CodecError(error)
        }
    }

    @usableFromInline
    package mutating func beginMap() throws(CodecError) -> Container {
        try begin(JSONOctet.openingBrace)
        return Container(isMap: true, announcedCount: nil)
    }

    @usableFromInline
    package mutating func nextKey(_ map: inout Container) throws(CodecError) -> Item? {
        do throws(JSONError) {
            var members = JSONMembers(keyLimit: .max, keyCount: map.count)
            guard let key = try scanner.nextKey(&members) else { return nil }
            map.count = members.keyCount
            return Item(key)
        } catch {
            throw CodecError(error)
        }
    }

    @usableFromInline
    package mutating func item() throws(CodecError) -> Item {
        do throws(JSONError) { return Item(try scanner.value()) } catch { throw CodecError(error) }
    }

    @usableFromInline
    package mutating func end() throws(CodecError) {
        do throws(JSONError) { try scanner.end() } catch { throw CodecError(error) }
    }

    private mutating func begin(_ opening: UInt8) throws(CodecError) {
        guard scanner.isAt(opening) else { throw .unexpectedKind(at: scanner.position) }
        guard scanner.depth < CodecError.depthLimit else { throw .tooDeep }
        scanner.depth += 1
        scanner.position += 1
    }
}

// MARK: - What an item says

extension JSONReader {
    @usableFromInline
    package func unsigned(_ item: Item) -> UInt64? { whole(item)?.unsigned }

    @usableFromInline
    package func integer(_ item: Item) -> Int64? { whole(item)?.signed }

    @usableFromInline
    package func double(_ item: Item) -> Double? {
        guard item.kind == .integer || item.kind == .float else { return nil }
        return JSONNumber.double(octets.extracting(item.contents))
    }

    @usableFromInline
    package func string(_ item: Item, equals text: StaticString) -> Bool {
        guard item.kind == .string else { return false }
        let contents = octets.extracting(item.contents)
        return item.isPlain ? contents.equals(text) : contents.says(text)
    }

    @usableFromInline
    package func isOctetString(_ item: Item) -> Bool {
        guard item.kind == .string, let text = base64(in: item) else { return false }
        if text.firstIndex(of: JSONOctet.backslash) == nil {
            return Base64.decodedSize(text) != nil
        }
        var plain = OctetBuffer(capacity: text.byteCount)
        return plain.append(unescaping: text) && Base64.decodedSize(plain.octets) != nil
    }

    @usableFromInline
    package func append(textOf item: Item, to text: inout OctetBuffer) -> Bool {
        precondition(item.kind == .string)
        let contents = octets.extracting(item.contents)
        guard !item.isPlain else {
            text.append(contents)
            return true
        }
        return text.append(unescaping: contents)
    }

    /// The integer an item is, if a sign and 64 bits are enough for it.
    internal func whole(_ item: Item) -> WholeNumber? {
        guard item.kind == .integer else { return nil }
        return JSONNumber.whole(octets.extracting(item.contents))
    }

    /// What follows U+0000 at the beginning of a string, still escaped; `nil` if it begins
    /// otherwise. U+0000 itself can only be written as an escape (RFC 8259 §7).
    @_lifetime(copy self)
    internal func base64(in item: Item) -> RawSpan? {
        guard !item.isPlain else { return nil }
        let contents = octets.extracting(item.contents)
        guard contents.byteCount >= 6, contents.extracting(0..<6).equals("\\u0000") else {
            return nil
        }
        return contents.extracting(6..<contents.byteCount)
    }
}

extension Item {
    internal init(_ item: JSONItem) {
        let kind: ItemKind =
            switch item.kind {
            case .null: .null
            case .false: .false
            case .true: .true
            case .integer: .integer
            case .fraction: .float
            case .string: .string
            case .array: .array
            case .object: .map
            }
        self.init(
            kind: kind, isPlain: !item.hasEscapes, range: item.range,
            contents: kind == .string ? item.contents : item.range)
    }
}
