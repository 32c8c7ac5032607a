// JSONTree — JSON as a tree, compared by structure: strings octet by octet, whole numbers digit by
// digit, others by the float64 they name.

import Bytes
import Codecs

indirect enum JSONTree: CustomStringConvertible {
    case null
    case bool(Bool)
    /// As written.
    case number(String)
    /// UTF-8.
    case string([UInt8])
    case array([JSONTree])
    case object([(key: [UInt8], value: JSONTree)])

    static func text(_ text: String) -> JSONTree { .string(Array(text.utf8)) }

    /// What is no JSON becomes a text that nothing else is equal to.
    init(_ text: String) {
        let octets = Array(text.utf8)
        let bytes = unsafe octets.span.bytes
        guard (try? JSONScanner.document(bytes)) != nil else {
            self = .text("no JSON: \(text)")
            return
        }
        var reader = JSONReader(bytes)
        self = try! Self.tree(&reader)
    }

    private static func tree(_ reader: inout JSONReader) throws -> JSONTree {
        if reader.isAtArray() {
            var elements: [JSONTree] = []
            var items = try reader.beginArray()
            while try reader.next(&items) { elements.append(try tree(&reader)) }
            return .array(elements)
        }
        if reader.isAtMap() {
            var tree: [(key: [UInt8], value: JSONTree)] = []
            var members = try reader.beginMap()
            while let key = try reader.nextKey(&members) {
                let name = text(key, reader)
                tree.append((name, try self.tree(&reader)))
            }
            return .object(tree)
        }
        let item = try reader.item()
        switch item.kind {
        case .null: return .null
        case .true: return .bool(true)
        case .false: return .bool(false)
        case .string: return .string(text(item, reader))
        default: return .number(reader.octets.extracting(item.range).text)
        }
    }

    private static func text(_ item: Item, _ reader: borrowing JSONReader) -> [UInt8] {
        var plain = OctetBuffer()
        _ = reader.append(textOf: item, to: &plain)
        return plain.octets.array
    }

    // MARK: parts

    subscript(key: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == Array(key.utf8) }?.value
    }

    var items: [JSONTree]? {
        guard case .array(let items) = self else { return nil }
        return items
    }

    var isObject: Bool {
        guard case .object = self else { return false }
        return true
    }

    /// Whether it is an object or a list with nothing in it.
    var isEmptyContainer: Bool {
        switch self {
        case .array(let items): items.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    // MARK: other forms

    /// As JSON without space.
    var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .number(let digits): digits
        case .string(let octets): quoted(String(decoding: octets, as: UTF8.self))
        case .array(let items): "[\(items.map(\.description).joined(separator: ","))]"
        case .object(let members):
            "{"
                + members.map {
                    quoted(String(decoding: $0.key, as: UTF8.self)) + ":\($0.value)"
                }.joined(separator: ",") + "}"
        }
    }

    /// What becomes of it in a serialization: MessagePack has no whole numbers beyond 64 bits, so
    /// those are the float64 next to them.
    func said(in serialization: Serialization) -> JSONTree {
        switch self {
        case .number(let digits) where serialization == .messagePack && !digits.isFraction:
            Int64(digits) == nil && UInt64(digits) == nil
                ? .number("\(Double(digits)!)") : self
        case .array(let items): .array(items.map { $0.said(in: serialization) })
        case .object(let members):
            .object(members.map { ($0.key, $0.value.said(in: serialization)) })
        default: self
        }
    }
}

extension JSONTree: Equatable {
    static func == (left: JSONTree, right: JSONTree) -> Bool {
        switch (left, right) {
        case (.null, .null): return true
        case (.bool(let left), .bool(let right)): return left == right
        case (.string(let left), .string(let right)): return left == right
        case (.array(let left), .array(let right)): return left == right
        case (.number(let left), .number(let right)):
            guard left.isFraction, right.isFraction else { return left == right }
            return Double(left) == Double(right)
        case (.object(let left), .object(let right)):
            guard left.count == right.count else { return false }
            return left.allSatisfy { member in
                right.contains { $0.key == member.key && $0.value == member.value }
            }
        default: return false
        }
    }
}

extension String {
    /// Whether digits have a point or an exponent.
    fileprivate var isFraction: Bool { contains { ".eE".contains($0) } }
}
