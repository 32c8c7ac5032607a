// JSONTree — JSON compared by structure, with places for what a server chooses.
//
// Members in any order, numbers digit by digit. Places are those of Tests/Transcripts/README.md
// that dialects other than WAMP need, and one more: a text that ends in `$...` is any text that
// begins so.

import Bytes
import Codecs

/// A parsed JSON value. For tests: recursive, and it allocates for everything.
package indirect enum JSONTree: Equatable {
    case null
    case bool(Bool)
    case number(String)  // as written
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    package init(_ text: String) throws { try self.init(Array(text.utf8)) }

    package init(_ octets: [UInt8]) throws {
        let bytes = unsafe octets.span.bytes
        _ = try JSONScanner.document(bytes)
        var reader = JSONReader(bytes)
        self = try Self.tree(&reader)
    }

    private static func tree(_ reader: inout JSONReader) throws -> JSONTree {
        if reader.isAtMap() {
            var tree: [String: JSONTree] = [:]
            var members = try reader.beginMap()
            while let key = try reader.nextKey(&members) {
                tree[text(key, reader)] = try Self.tree(&reader)
            }
            return .object(tree)
        }
        if reader.isAtArray() {
            var elements: [JSONTree] = []
            var items = try reader.beginArray()
            while try reader.next(&items) { elements.append(try tree(&reader)) }
            return .array(elements)
        }
        let item = try reader.item()
        return switch item.kind {
        case .false: .bool(false)
        case .true: .bool(true)
        case .integer, .float: .number(reader.octets.extracting(item.range).text)
        case .string: .string(text(item, reader))
        default: .null
        }
    }

    private static func text(_ item: Item, _ reader: borrowing JSONReader) -> String {
        var plain = OctetBuffer()
        _ = reader.append(textOf: item, to: &plain)
        return plain.octets.text
    }

    /// Whether this is what `expected` says, with its places: `$?any` and `$?text` are filled by any
    /// value or text, `$name` by a value that from then on is `$name`.
    package func matches(_ expected: JSONTree, _ names: inout [String: JSONTree]) -> Bool {
        switch (self, expected) {
        case (_, .string("$?any")): return true
        case (.string(let text), .string("$?text")): return !text.isEmpty
        case (.string(let text), .string(let pattern)) where pattern.hasSuffix("$..."):
            return text.hasPrefix(pattern.dropLast(4))
        case (_, .string(let name)) where name.hasPrefix("$"):
            if let known = names[name] { return self == known }
            names[name] = self
            return true
        case (.array(let own), .array(let other)):
            guard own.count == other.count else { return false }
            return zip(own, other).allSatisfy { $0.matches($1, &names) }
        case (.object(let own), .object(let other)):
            guard own.count == other.count else { return false }
            return other.allSatisfy { own[$0.key]?.matches($0.value, &names) == true }
        default: return self == expected
        }
    }
}
