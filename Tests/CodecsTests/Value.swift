// Value — a tree of values, for tests only: what the three serializations have in common.

import Bytes
import Codecs

/// A value, however it was written. Integers are decimal digits, so they have no width.
indirect enum Value: Equatable {
    case null
    case bool(Bool)
    case integer(String)
    /// The bits; every NaN is the same one.
    case float(UInt64)
    case string(String)
    case octets([UInt8])
    case array([Value])
    /// Keys as often and in the order they came.
    case map([Member])

    struct Member: Equatable {
        var key: String
        var value: Value
    }

    static func float(_ value: Double) -> Value {
        .float(value.isNaN ? Double.nan.bitPattern : value.bitPattern)
    }

    /// Strings are equal when their scalars are: `==` of strings would normalize them.
    static func == (left: Value, right: Value) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.float(let left), .float(let right)): left == right
        case (.string(let left), .string(let right)):
            left.unicodeScalars.elementsEqual(right.unicodeScalars)
        case (.octets(let left), .octets(let right)): left == right
        case (.array(let left), .array(let right)): left == right
        case (.map(let left), .map(let right)):
            left.count == right.count
                && zip(left, right).allSatisfy {
                    Value.string($0.key) == .string($1.key) && $0.value == $1.value
                }
        default: false
        }
    }

    /// The value of a document; `nil` if it is none.
    static func naive(_ octets: [UInt8], _ serialization: Serialization) -> Value? {
        switch serialization {
        case .json: NaiveJSON.value(octets)
        case .messagePack: NaiveBinary.value(octets, { $0.messagePack(depth: $1) })
        case .cbor: NaiveBinary.value(octets, { $0.cbor(depth: $1) })
        }
    }

    /// What is left of the value in another serialization, by the table of the WAMP reference.
    func converted(to target: Serialization) -> Value {
        switch self {
        case .float(let bits) where target == .json:
            return Double(bitPattern: bits).isFinite ? self : .null
        case .integer(let digits) where target == .messagePack:
            if Int64(digits) != nil || UInt64(digits) != nil { return self }
            return .float(Double(digits)!)
        case .string(let text) where target == .json:
            // The convention cannot tell such strings from octets.
            guard text.unicodeScalars.first == "\u{0}" else { return self }
            let rest = Array(text.utf8.dropFirst())
            var octets = OctetBuffer()
            return unsafe Base64.decode(rest.span.bytes, into: &octets)
                ? .octets(octets.octets.array) : self
        case .array(let items): return .array(items.map { $0.converted(to: target) })
        case .map(let members):
            return .map(
                members.map { Member(key: $0.key, value: $0.value.converted(to: target)) })
        default: return self
        }
    }
}

/// A random value with everything in it that a serialization has a branch for.
func randomValue(_ random: inout SplitMix64, depth: Int = 3) -> Value {
    func text(_ size: Int) -> String {
        let letters: [Unicode.Scalar] = [
            "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\u{0}", "é", "€", "😀",
        ]
        var text = ""
        for _ in 0..<size { text.unicodeScalars.append(letters.randomElement(using: &random)!) }
        return text
    }
    let sizes = [0, 1, 2, 3, 15, 16, 23, 24, 31, 32]
    switch Int.random(in: 0..<(depth > 0 ? 11 : 7), using: &random) {
    case 0: return .null
    case 1: return .bool(Bool.random(using: &random))
    case 2, 3:
        var digits = String(random.next() >> UInt64.random(in: 0..<64, using: &random))
        if digits != "0", Int.random(in: 0..<8, using: &random) == 0 {
            digits += "\(random.next())"
        }
        let isNegative = digits != "0" && Bool.random(using: &random)
        return .integer(isNegative ? "-" + digits : digits)
    case 4:
        let some = [0.0, -0.0, 0.5, 1e21, .infinity, -.infinity, .nan, 0.1, 0x1p-1074]
        return .float(
            Bool.random(using: &random)
                ? some.randomElement(using: &random)! : Double(bitPattern: random.next()))
    case 5: return .string(text(sizes.randomElement(using: &random)!))
    case 6:
        let size = sizes.randomElement(using: &random)!
        return .octets((0..<size).map { _ in UInt8.random(in: 0...255, using: &random) })
    case 7, 8:
        let size =
            depth == 1
            ? sizes.randomElement(using: &random)! : Int.random(in: 0..<4, using: &random)
        return .array((0..<size).map { _ in randomValue(&random, depth: depth - 1) })
    default:
        let size =
            depth == 1
            ? sizes.randomElement(using: &random)! : Int.random(in: 0..<4, using: &random)
        return .map(
            (0..<size).map { _ in
                Value.Member(
                    key: text(Int.random(in: 0..<9, using: &random)),
                    value: randomValue(&random, depth: depth - 1))
            })
    }
}
