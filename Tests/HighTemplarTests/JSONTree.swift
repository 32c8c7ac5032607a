// JSONTree — JSON compared by structure: members in any order, numbers digit by digit.

import Bytes
import Codecs

/// A parsed JSON value. For tests: recursive, and it allocates for everything.
indirect enum JSONTree: Equatable {
    case null
    case bool(Bool)
    case number(String)  // as written
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    init(_ text: String) throws { try self.init(Array(text.utf8)) }

    init(_ octets: [UInt8]) throws {
        _ = try JSONScanner.document(unsafe octets.span.bytes)
        var reader = unsafe JSONReader(octets.span.bytes)
        self = try Self.tree(&reader)
    }

    private static func tree(_ reader: inout JSONReader) throws -> JSONTree {
        if reader.isAtMap() {
            var tree: [String: JSONTree] = [:]
            var members = try reader.beginMap()
            while let key = try reader.nextKey(&members) {
                tree[text(key, in: reader)] = try Self.tree(&reader)
            }
            return .object(tree)
        }
        if reader.isAtArray() {
            var list: [JSONTree] = []
            var items = try reader.beginArray()
            while try reader.next(&items) { list.append(try Self.tree(&reader)) }
            return .array(list)
        }
        let item = try reader.item()
        switch item.kind {
        case .false: return .bool(false)
        case .true: return .bool(true)
        case .integer, .float: return .number(reader.octets.extracting(item.range).text)
        case .string: return .string(text(item, in: reader))
        default: return .null
        }
    }

    private static func text(_ item: Item, in reader: borrowing JSONReader) -> String {
        var plain = OctetBuffer()
        _ = reader.append(textOf: item, to: &plain)
        return plain.octets.text
    }

    /// Whether it is what `expected` says, whose texts that begin with `$` are places: `$?any` and
    /// `$?text` are filled by any value or text, `$name` by a value that from then on is `$name`.
    func fits(_ expected: JSONTree, _ places: inout [String: JSONTree]) -> Bool {
        switch (self, expected) {
        case (_, .string("$?any")): return true
        case (.string(let text), .string("$?text")): return !text.isEmpty
        case (_, .string(let name)) where name.hasPrefix("$"):
            if let known = places[name] { return self == known }
            places[name] = self
            return true
        case (.array(let items), .array(let others)):
            guard items.count == others.count else { return false }
            for (item, other) in zip(items, others) where !item.fits(other, &places) {
                return false
            }
            return true
        case (.object(let members), .object(let others)):
            guard members.count == others.count else { return false }
            for (key, value) in members {
                guard let other = others[key], value.fits(other, &places) else { return false }
            }
            return true
        default: return self == expected
        }
    }
}
