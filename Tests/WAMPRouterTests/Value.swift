// Value — a message as a tree, and patterns of messages with places for what a router chooses
// (Tests/EndToEnd/matching.py says the same in Python).
//
//     "$name"           the value bound to the name; binds it where the name is new
//     "$!name"          another value than the bound one
//     "$?id" and so on  any value of that kind
//     "$$name"          the text "$name"
//     "$..."            as the last element: anything may follow; as a key: other members, too

import Bytes
import Codecs

/// A JSON value. For tests: recursive, and it allocates for everything.
indirect enum Value: Equatable, CustomStringConvertible {
    case null
    case bool(Bool)
    case number(String)  // as written
    case text(String)
    case list([Value])
    case map([String: Value])

    init(_ json: String) { self.init(Array(json.utf8)) }

    init(_ json: [UInt8]) {
        let text = unsafe json.span.bytes
        var scanner = JSONScanner(text)
        if scanner.isAtObject() {
            var map: [String: Value] = [:]
            var members = try! scanner.beginObject()
            while let key = try! scanner.nextKey(&members) {
                let value = try! scanner.value()
                map[Self.string(text.extracting(key.contents))] = Value(Array(json[value.range]))
            }
            self = .map(map)
            return
        }
        let item = try! scanner.value()
        switch item.kind {
        case .null: self = .null
        case .false: self = .bool(false)
        case .true: self = .bool(true)
        case .integer, .fraction: self = .number(text.extracting(item.range).text)
        case .string: self = .text(Self.string(text.extracting(item.contents)))
        case .array:
            // Elements are cut off the front one by one until only the bracket is left.
            var elements: [Value] = []
            var rest = Array(json[item.range].dropFirst())
            while true {
                var inner = JSONScanner(unsafe rest.span.bytes)
                guard let element = try? inner.value() else { break }
                elements.append(Value(Array(rest[element.range])))
                rest.removeFirst(element.range.upperBound)
                while let octet = rest.first, octet <= 0x20 { rest.removeFirst() }
                rest.removeFirst()
            }
            self = .list(elements)
        case .object: preconditionFailure("handled above")
        }
    }

    private static func string(_ contents: RawSpan) -> String {
        var plain = OctetBuffer()
        _ = plain.append(unescaping: contents)
        return plain.octets.text
    }

    /// The value as JSON.
    var description: String {
        switch self {
        case .null: return "null"
        case .bool(let value): return "\(value)"
        case .number(let digits): return digits
        case .text(let text):
            var buffer = OctetBuffer()
            buffer.append(jsonString: text)
            return buffer.octets.text
        case .list(let items): return "[" + items.map(\.description).joined(separator: ",") + "]"
        case .map(let members):
            let pairs = members.sorted { $0.key < $1.key }.map {
                "\(Value.text($0.key)):\($0.value)"
            }
            return "{" + pairs.joined(separator: ",") + "}"
        }
    }

    subscript(_ place: Int) -> Value {
        if case .list(let items) = self, items.indices.contains(place) {
            items[place]
        } else {
            .null
        }
    }

    subscript(_ key: String) -> Value {
        if case .map(let members) = self { members[key] ?? .null } else { .null }
    }

    var count: Int { if case .list(let items) = self { items.count } else { 0 } }
    var ids: [UInt64] { if case .list(let items) = self { items.compactMap(\.id) } else { [] } }
    var id: UInt64? { if case .number(let digits) = self { UInt64(digits) } else { nil } }
    var string: String? { if case .text(let text) = self { text } else { nil } }
}

/// The names of a conversation and their values.
struct Bindings {
    private(set) var values: [String: Value] = [:]

    subscript(_ name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// `pattern` with every place filled in, to be sent.
    func filled(_ pattern: Value) -> Value {
        switch pattern {
        case .list(let items): return .list(items.map(filled))
        case .map(let members): return .map(members.mapValues(filled))
        case .text(let text) where text.hasPrefix("$cra("):
            let parts = text.dropFirst(5).dropLast().split(separator: ",", maxSplits: 1)
            let challenge = values[String(parts[0])]?.string ?? ""
            return .text(signature(challenge: challenge, secret: String(parts[1])))
        case .text(let text) where text.hasPrefix("$$"): return .text(String(text.dropFirst()))
        case .text(let text) where text.hasPrefix("$"):
            guard let value = values[String(text.dropFirst())] else {
                preconditionFailure("\(text) is not bound")
            }
            return value
        default: return pattern
        }
    }

    /// Whether `value` is what `pattern` says; binds new names as it goes.
    mutating func match(_ pattern: Value, _ value: Value) -> Bool {
        switch (pattern, value) {
        case (.text(let place), _) where place.hasPrefix("$"):
            return match(place: place.dropFirst(), value)
        case (.list(var expected), .list(let found)):
            let isOpen = expected.last == .text("$...")
            if isOpen { expected.removeLast() }
            guard isOpen ? found.count >= expected.count : found.count == expected.count else {
                return false
            }
            for (expected, found) in zip(expected, found) where !match(expected, found) {
                return false
            }
            return true
        case (.map(var expected), .map(let found)):
            let isOpen = expected.removeValue(forKey: "$...") != nil
            guard isOpen || expected.count == found.count else { return false }
            for (key, expected) in expected {
                guard let found = found[key], match(expected, found) else { return false }
            }
            return true
        default: return pattern == value
        }
    }

    private mutating func match(place: Substring, _ value: Value) -> Bool {
        if place.hasPrefix("$") { return value == .text(String(place)) }
        if place.hasPrefix("?") {
            switch (place.dropFirst(), value) {
            case ("any", _), ("map", .map), ("list", .list): return true
            case ("id", _): return value.id.map { (1...1 << 53).contains($0) } ?? false
            case ("text", .text(let text)): return !text.isEmpty
            case ("time", .text(let text)): return text.utf8.count == 24 && text.hasSuffix("Z")
            default: return false
            }
        }
        if place.hasPrefix("!") { return values[String(place.dropFirst())] != value }
        guard let known = values[String(place)] else {
            values[String(place)] = value
            return true
        }
        return known == value
    }
}
