// JSONTree — JSON compared by structure, with places for what a server chooses.
//
// Members in any order, numbers digit by digit. Places are those of Tests/Transcripts/README.md,
// and one more: a text that ends in `$...` is any text that begins so.

import Bytes
import Codecs

/// A parsed JSON value. For tests: recursive, and it allocates for everything.
indirect enum JSONTree: Equatable {
    case plain(String)  // null, a truth value or a number, as written
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    init(_ text: String) throws {
        let octets = Array(text.utf8)
        let bytes = unsafe octets.span.bytes
        _ = try JSONScanner.document(bytes)
        var reader = JSONReader(bytes)
        self = try Self.tree(&reader)
    }

    private static func tree(_ reader: inout JSONReader) throws -> JSONTree {
        if reader.isAtArray() {
            var elements: [JSONTree] = []
            var items = try reader.beginArray()
            while try reader.next(&items) { elements.append(try tree(&reader)) }
            return .array(elements)
        }
        if reader.isAtMap() {
            var tree: [String: JSONTree] = [:]
            var members = try reader.beginMap()
            while let key = try reader.nextKey(&members) {
                tree[text(key, reader)] = try self.tree(&reader)
            }
            return .object(tree)
        }
        let item = try reader.item()
        guard item.kind != .string else { return .string(text(item, reader)) }
        return .plain(reader.octets.extracting(item.range).text)
    }

    private static func text(_ item: Item, _ reader: borrowing JSONReader) -> String {
        var plain = OctetBuffer()
        _ = reader.append(textOf: item, to: &plain)
        return plain.octets.text
    }

    /// Whether this is what `expected` says, with its places.
    func matches(_ expected: JSONTree, _ names: inout [String: JSONTree]) -> Bool {
        switch (self, expected) {
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
