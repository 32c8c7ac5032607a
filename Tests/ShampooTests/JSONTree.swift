// JSONTree — JSON compared by structure: members in any order, numbers digit by digit.

import Bytes
import Codecs

/// A parsed JSON value. For tests: recursive, and it allocates for everything.
indirect enum JSONTree: Equatable {
    case plain(String)  // as written
    case string(String)
    case array([JSONTree])
    case object([String: JSONTree])

    init(_ text: String) throws { try self.init(Array(text.utf8)) }

    init(_ octets: [UInt8]) throws {
        _ = try JSONScanner.document(unsafe octets.span.bytes)
        var reader = JSONReader(unsafe octets.span.bytes)
        self = try Self.read(&reader)
    }

    private static func read(_ reader: inout JSONReader) throws -> JSONTree {
        if reader.isAtArray() {
            var elements: [JSONTree] = []
            var items = try reader.beginArray()
            while try reader.next(&items) { elements.append(try read(&reader)) }
            return .array(elements)
        }
        if reader.isAtMap() {
            var members: [String: JSONTree] = [:]
            var keys = try reader.beginMap()
            while let key = try reader.nextKey(&keys) {
                members[text(key, reader)] = try read(&reader)
            }
            return .object(members)
        }
        let item = try reader.item()
        guard item.kind != .string else { return .string(text(item, reader)) }
        return .plain(reader.octets.extracting(item.range).text)
    }

    private static func text(_ item: Item, _ reader: borrowing JSONReader) -> String {
        var text = OctetBuffer()
        _ = reader.append(textOf: item, to: &text)
        return text.octets.text
    }
}
