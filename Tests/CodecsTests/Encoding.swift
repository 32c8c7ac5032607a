// Encoding — a value written down, in the shortest form or in any other that is allowed.

import Bytes
import Codecs

/// Writes values naively. With a generator it chooses among everything a reader must take: wider
/// integers and sizes, indefinite lengths, tags, white space, escapes.
struct Encoding {
    var random: SplitMix64?

    static func shortest(_ value: Value, _ serialization: Serialization) -> [UInt8] {
        var encoding = Encoding(random: nil)
        return encoding.encode(value, serialization)
    }

    mutating func encode(_ value: Value, _ serialization: Serialization) -> [UInt8] {
        switch serialization {
        case .json: json(value)
        case .messagePack: messagePack(value)
        case .cbor: cbor(value)
        }
    }

    /// Whether to be unusual in one way; never without a generator.
    private mutating func chance(_ denominator: Int = 4) -> Bool {
        guard random != nil else { return false }
        return Int.random(in: 0..<denominator, using: &random!) == 0
    }

    private static func bigEndian(_ value: UInt64, _ size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64((size - 1 - $0) * 8)) }
    }

    /// The place in a list of sizes that fits, or a later one.
    private mutating func width(_ value: UInt64, _ sizes: [Int]) -> Int {
        var place = sizes.firstIndex { $0 == 8 || value >> UInt64($0 * 8) == 0 }!
        while place + 1 < sizes.count && chance() { place += 1 }
        return place
    }

    // MARK: - MessagePack

    private mutating func head(_ first: UInt8, _ size: Int, _ sizes: [Int]) -> [UInt8] {
        let place = width(UInt64(size), sizes)
        return [first + UInt8(place)] + Self.bigEndian(UInt64(size), sizes[place])
    }

    private mutating func messagePackText(_ text: String) -> [UInt8] {
        let octets = Array(text.utf8)
        if octets.count < 32 && !chance() { return [0xA0 | UInt8(octets.count)] + octets }
        return head(0xD9, octets.count, [1, 2, 4]) + octets
    }

    private mutating func messagePack(_ value: Value) -> [UInt8] {
        switch value {
        case .null: return [0xC0]
        case .bool(let value): return [value ? 0xC3 : 0xC2]
        case .integer(let digits):
            if let value = UInt64(digits) {
                if value < 128 && !chance() { return [UInt8(value)] }
                let place = width(value, [1, 2, 4, 8])
                return [0xCC + UInt8(place)] + Self.bigEndian(value, 1 << place)
            }
            guard let value = Int64(digits) else { return messagePack(.float(Double(digits)!)) }
            if value >= -32 && !chance() { return [UInt8(truncatingIfNeeded: value)] }
            var place = (0..<4).first { value >= -1 << ((8 << $0) - 1) }!
            while place < 3 && chance() { place += 1 }
            return [0xD0 + UInt8(place)]
                + Self.bigEndian(UInt64(truncatingIfNeeded: value), 1 << place)
        case .float(let bits):
            let single = Float(Double(bitPattern: bits))
            if Double(single) == Double(bitPattern: bits), chance() {
                return [0xCA] + Self.bigEndian(UInt64(single.bitPattern), 4)
            }
            return [0xCB] + Self.bigEndian(bits, 8)
        case .string(let text): return messagePackText(text)
        case .octets(let octets): return head(0xC4, octets.count, [1, 2, 4]) + octets
        case .array(let items):
            var octets =
                items.count < 16 && !chance()
                ? [0x90 | UInt8(items.count)] : head(0xDC, items.count, [2, 4])
            for item in items { octets += messagePack(item) }
            return octets
        case .map(let members):
            var octets =
                members.count < 16 && !chance()
                ? [0x80 | UInt8(members.count)] : head(0xDE, members.count, [2, 4])
            for member in members {
                octets += messagePackText(member.key) + messagePack(member.value)
            }
            return octets
        }
    }

    // MARK: - CBOR

    private mutating func head(_ major: UInt8, _ argument: UInt64) -> [UInt8] {
        if argument < 24 && !chance() { return [major << 5 | UInt8(argument)] }
        let place = width(argument, [1, 2, 4, 8])
        return [major << 5 | UInt8(24 + place)] + Self.bigEndian(argument, 1 << place)
    }

    private mutating func cbor(_ value: Value) -> [UInt8] {
        // Tag 55799 says "this is CBOR" of anything; behind 2 or 3 it would make a difference.
        let tag: [UInt8] = chance(8) ? [0xD9, 0xD9, 0xF7] : []
        return tag + cborUntagged(value)
    }

    private mutating func cborUntagged(_ value: Value) -> [UInt8] {
        switch value {
        case .null: return [chance() ? 0xF7 : 0xF6]
        case .bool(let value): return [value ? 0xF5 : 0xF4]
        case .integer(let digits):
            if let value = UInt64(digits) { return head(0, value) }
            if let value = Int64(digits) { return head(1, UInt64(~value)) }
            // -1 - argument: subtracting one from the magnitude's octets.
            var (isNegative, octets) = Decimal.octets(of: digits)
            if isNegative {
                let place = octets.lastIndex { $0 != 0 }!
                octets[place] -= 1
                for index in octets.index(after: place)..<octets.endIndex { octets[index] = 255 }
                octets = Array(octets.drop { $0 == 0 })
            }
            if octets.count <= 8 {
                return head(isNegative ? 1 : 0, octets.reduce(0) { $0 << 8 | UInt64($1) })
            }
            if chance() { octets.insert(0, at: 0) }
            return [isNegative ? 0xC3 : 0xC2] + cborString(2, octets)
        case .float(let bits):
            let value = Double(bitPattern: bits)
            if Double(Float16(value)) == value, chance() {
                return [0xF9] + Self.bigEndian(UInt64(Float16(value).bitPattern), 2)
            }
            if Double(Float(value)) == value, chance() {
                return [0xFA] + Self.bigEndian(UInt64(Float(value).bitPattern), 4)
            }
            return [0xFB] + Self.bigEndian(bits, 8)
        case .string(let text): return cborText(text)
        case .octets(let octets): return cborString(2, octets)
        case .array(let items):
            let isOpen = chance()
            var octets = isOpen ? [0x9F] : head(4, UInt64(items.count))
            for item in items { octets += cbor(item) }
            return octets + (isOpen ? [0xFF] : [])
        case .map(let members):
            let isOpen = chance()
            var octets = isOpen ? [0xBF] : head(5, UInt64(members.count))
            for member in members { octets += cborText(member.key) + cbor(member.value) }
            return octets + (isOpen ? [0xFF] : [])
        }
    }

    private mutating func cborText(_ text: String) -> [UInt8] {
        guard chance() else { return head(3, UInt64(text.utf8.count)) + Array(text.utf8) }
        // A chunk per character: chunks must not cut one.
        return [0x7F]
            + text.unicodeScalars.flatMap { [0x60 | UInt8(UTF8.width($0))] + UTF8.encode($0)! }
            + [0xFF]
    }

    private mutating func cborString(_ major: UInt8, _ octets: [UInt8]) -> [UInt8] {
        guard chance() else { return head(major, UInt64(octets.count)) + octets }
        let middle = octets.count / 2
        return [0x5F] + head(2, UInt64(middle)) + octets[..<middle] + head(2, 0)
            + head(2, UInt64(octets.count - middle)) + octets[middle...] + [0xFF]
    }

    // MARK: - JSON

    private mutating func json(_ value: Value) -> [UInt8] {
        let space: [UInt8] = chance(8) ? [0x20, 0x0A] : []
        return space + jsonTight(value) + space
    }

    private mutating func jsonTight(_ value: Value) -> [UInt8] {
        switch value {
        case .null: return Array("null".utf8)
        case .bool(let value): return Array((value ? "true" : "false").utf8)
        case .integer(let digits): return Array(digits.utf8)
        case .float(let bits):
            let value = Double(bitPattern: bits)
            return value.isFinite ? Array("\(value)".utf8) : Array("null".utf8)
        case .string(let text): return jsonText(text)
        case .octets(let octets): return jsonText("\u{0}" + Self.base64(octets))
        case .array(let items):
            return [0x5B] + items.map { json($0) }.joined(separator: [0x2C]) + [0x5D]
        case .map(let members):
            let pairs = members.map { jsonText($0.key) + [0x3A] + json($0.value) }
            return [0x7B] + pairs.joined(separator: [0x2C]) + [0x7D]
        }
    }

    private mutating func jsonText(_ text: String) -> [UInt8] {
        let names: [Unicode.Scalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\u{8}": "\\b", "\u{C}": "\\f",
            "\r": "\\r",
        ]
        var escaped = "\""
        for scalar in text.unicodeScalars {
            if chance(8) {
                for unit in UTF16.encode(scalar)! {
                    let digits = String(unit, radix: 16, uppercase: chance())
                    escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else if scalar == "/", chance() {
                escaped += "\\/"
            } else if let name = names[scalar] {
                escaped += name
            } else if scalar.value < 0x20 {
                escaped +=
                    "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return Array((escaped + "\"").utf8)
    }

    private static func base64(_ octets: [UInt8]) -> String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: octets.count, by: 3) {
            let group = octets[start..<min(start + 3, octets.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << ((3 - group.count) * 8)
            for place in 0..<4 {
                text.append(place <= group.count ? letters[bits >> (18 - 6 * place) & 63] : "=")
            }
        }
        return text
    }
}
