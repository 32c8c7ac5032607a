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
        let item = try JSONScanner.document(unsafe octets.span.bytes)
        self = try Self.tree(Array(octets[item.range]))
    }

    private static func tree(_ octets: [UInt8]) throws -> JSONTree {
        let text = unsafe octets.span.bytes
        var scanner = JSONScanner(text)
        if scanner.isAtObject() {
            var tree: [String: JSONTree] = [:]
            var members = try scanner.beginObject()
            while let key = try scanner.nextKey(&members) {
                let value = try scanner.value()
                tree[string(text.extracting(key.contents))] = try Self.tree(
                    Array(octets[value.range]))
            }
            return .object(tree)
        }
        let item = try scanner.value()
        switch item.kind {
        case .null: return .null
        case .false: return .bool(false)
        case .true: return .bool(true)
        case .integer, .fraction: return .number(text.extracting(item.range).text)
        case .string: return .string(string(text.extracting(item.contents)))
        case .array:
            // Elements are cut off the front one by one until only the bracket is left.
            var elements: [JSONTree] = []
            var rest = Array(octets.dropFirst())
            while true {
                var inner = JSONScanner(unsafe rest.span.bytes)
                guard let element = try? inner.value() else { return .array(elements) }
                elements.append(try Self.tree(Array(rest[element.range])))
                rest.removeFirst(element.range.upperBound)
                while let octet = rest.first, octet <= 0x20 { rest.removeFirst() }
                rest.removeFirst()
            }
        case .object: preconditionFailure("handled above")
        }
    }

    private static func string(_ contents: RawSpan) -> String {
        var plain = OctetBuffer()
        _ = plain.append(unescaping: contents)
        return plain.octets.text
    }
}
