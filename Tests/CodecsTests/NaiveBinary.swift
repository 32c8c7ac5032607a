// NaiveBinary — MessagePack and CBOR written down as functions that call each other.
//
// Slow, recursive and hard to get wrong: what the readers and the transcoder are compared with.

struct NaiveBinary {
    private let octets: [UInt8]
    private var position = 0

    /// The value that `octets` are, with at most 64 containers inside one another.
    static func value(
        _ octets: [UInt8], _ read: (inout NaiveBinary, Int) -> Value?
    ) -> Value? {
        var parser = NaiveBinary(octets: octets)
        guard let value = read(&parser, 64), parser.position == octets.count else { return nil }
        return value
    }

    private init(octets: [UInt8]) { self.octets = octets }

    private mutating func take(_ size: Int) -> [UInt8]? {
        guard size <= octets.count - position else { return nil }
        defer { position += size }
        return Array(octets[position..<position + size])
    }

    private mutating func number(_ size: Int) -> UInt64? {
        take(size)?.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// A number of things to come; a document cannot have more of them than octets.
    private func count(_ number: UInt64?) -> Int? {
        guard let number, number <= UInt64(octets.count) else { return nil }
        return Int(number)
    }

    private static func text(_ octets: [UInt8]) -> Value? {
        String(validating: octets, as: UTF8.self).map { .string($0) }
    }

    private mutating func list(_ count: Int?, _ depth: Int, _ read: Reading) -> Value? {
        guard let count, depth > 0 else { return nil }
        var items: [Value] = []
        for _ in 0..<count {
            guard let item = read(&self, depth - 1) else { return nil }
            items.append(item)
        }
        return .array(items)
    }

    private mutating func members(_ count: Int?, _ depth: Int, _ read: Reading) -> Value? {
        guard let count, depth > 0 else { return nil }
        var members: [Value.Member] = []
        for _ in 0..<count {
            guard case .string(let key) = read(&self, depth - 1),
                let value = read(&self, depth - 1)
            else { return nil }
            members.append(Value.Member(key: key, value: value))
        }
        return .map(members)
    }

    private typealias Reading = (inout NaiveBinary, Int) -> Value?

    // MARK: - MessagePack

    mutating func messagePack(depth: Int) -> Value? {
        let read: Reading = { $0.messagePack(depth: $1) }
        guard let octet = take(1)?[0] else { return nil }
        switch octet {
        case 0x00...0x7F: return .integer(String(octet))
        case 0x80...0x8F: return members(Int(octet & 15), depth, read)
        case 0x90...0x9F: return list(Int(octet & 15), depth, read)
        case 0xA0...0xBF: return take(Int(octet & 31)).flatMap(Self.text)
        case 0xC0: return .null
        case 0xC2: return .bool(false)
        case 0xC3: return .bool(true)
        case 0xC4: return count(number(1)).flatMap { take($0) }.map { .octets($0) }
        case 0xC5: return count(number(2)).flatMap { take($0) }.map { .octets($0) }
        case 0xC6: return count(number(4)).flatMap { take($0) }.map { .octets($0) }
        case 0xC7: return count(number(1)).flatMap { extended($0) }
        case 0xC8: return count(number(2)).flatMap { extended($0) }
        case 0xC9: return count(number(4)).flatMap { extended($0) }
        case 0xCA:
            return number(4).map { .float(Double(Float(bitPattern: UInt32($0)))) }
        case 0xCB: return number(8).map { .float(Double(bitPattern: $0)) }
        case 0xCC: return number(1).map { .integer(String($0)) }
        case 0xCD: return number(2).map { .integer(String($0)) }
        case 0xCE: return number(4).map { .integer(String($0)) }
        case 0xCF: return number(8).map { .integer(String($0)) }
        case 0xD0: return number(1).map { .integer(String(Int8(truncatingIfNeeded: $0))) }
        case 0xD1: return number(2).map { .integer(String(Int16(truncatingIfNeeded: $0))) }
        case 0xD2: return number(4).map { .integer(String(Int32(truncatingIfNeeded: $0))) }
        case 0xD3: return number(8).map { .integer(String(Int64(truncatingIfNeeded: $0))) }
        case 0xD4: return extended(1)
        case 0xD5: return extended(2)
        case 0xD6: return extended(4)
        case 0xD7: return extended(8)
        case 0xD8: return extended(16)
        case 0xD9: return count(number(1)).flatMap { take($0) }.flatMap(Self.text)
        case 0xDA: return count(number(2)).flatMap { take($0) }.flatMap(Self.text)
        case 0xDB: return count(number(4)).flatMap { take($0) }.flatMap(Self.text)
        case 0xDC: return list(count(number(2)), depth, read)
        case 0xDD: return list(count(number(4)), depth, read)
        case 0xDE: return members(count(number(2)), depth, read)
        case 0xDF: return members(count(number(4)), depth, read)
        case 0xE0...0xFF: return .integer(String(Int8(bitPattern: octet)))
        default: return nil
        }
    }

    private mutating func extended(_ size: Int) -> Value? {
        guard let type = take(1)?[0], let data = take(size) else { return nil }
        let number: (ArraySlice<UInt8>) -> UInt64 = { $0.reduce(0) { $0 << 8 | UInt64($1) } }
        switch (type, size) {
        case (0xFF, 4): return .integer(String(number(data[...])))
        case (0xFF, 8):
            let (nanoseconds, seconds) = (
                number(data[...]) >> 34, number(data[...]) & 0x3_FFFF_FFFF
            )
            if nanoseconds == 0 { return .integer(String(seconds)) }
            guard nanoseconds < 1_000_000_000 else { return .octets(data) }
            return .float(Double(seconds) + Double(nanoseconds) / 1e9)
        case (0xFF, 12):
            let nanoseconds = number(data[..<4])
            let seconds = Int64(bitPattern: number(data[4...]))
            if nanoseconds == 0 { return .integer(String(seconds)) }
            guard nanoseconds < 1_000_000_000 else { return .octets(data) }
            return .float(Double(seconds) + Double(nanoseconds) / 1e9)
        default: return .octets(data)
        }
    }

    // MARK: - CBOR

    mutating func cbor(depth: Int) -> Value? {
        let read: Reading = { $0.cbor(depth: $1) }
        guard let octet = take(1)?[0] else { return nil }
        let (major, information) = (octet >> 5, octet & 31)
        if information == 31 { return cborOpen(major, depth) }
        let argument: UInt64? =
            switch information {
            case 0..<24: UInt64(information)
            case 24: number(1)
            case 25: number(2)
            case 26: number(4)
            case 27: number(8)
            default: nil
            }
        guard let argument else { return nil }
        switch major {
        case 0: return .integer(String(argument))
        case 1: return .integer(Decimal.negative(Decimal(argument)))
        case 2: return count(argument).flatMap { take($0) }.map { .octets($0) }
        case 3: return count(argument).flatMap { take($0) }.flatMap(Self.text)
        case 4: return list(count(argument), depth, read)
        case 5: return members(count(argument), depth, read)
        case 6:
            // The content must be an octet string itself: a tag between makes it something else.
            let isDirect = position < octets.count && octets[position] >> 5 == 2
            guard let content = cbor(depth: depth) else { return nil }
            guard argument == 2 || argument == 3, isDirect, case .octets(let octets) = content
            else { return content }
            let magnitude = octets.reduce(Decimal(0)) { $0.times256(plus: $1) }
            return .integer(argument == 2 ? magnitude.text : Decimal.negative(magnitude))
        default:
            switch information {
            case 20: return .bool(false)
            case 21: return .bool(true)
            case 24: return argument < 32 ? nil : .null
            case 25: return .float(Double(Float16(bitPattern: UInt16(argument))))
            case 26: return .float(Double(Float(bitPattern: UInt32(argument))))
            case 27: return .float(Double(bitPattern: argument))
            default: return .null
            }
        }
    }

    private mutating func cborOpen(_ major: UInt8, _ depth: Int) -> Value? {
        var items: [Value] = []
        guard (2...5).contains(major), major < 4 || depth > 0 else { return nil }
        while position < octets.count, octets[position] != 0xFF {
            // Chunks are untagged, sized, and of the string's own type.
            let isChunk = octets[position] >> 5 == major && octets[position] & 31 != 31
            guard major > 3 || isChunk, let item = cbor(depth: depth - 1) else { return nil }
            items.append(item)
        }
        guard take(1) != nil else { return nil }
        var octets: [UInt8] = []
        var text = ""
        var members: [Value.Member] = []
        for (index, item) in items.enumerated() {
            switch (major, item) {
            case (2, .octets(let chunk)): octets += chunk
            case (3, .string(let chunk)): text += chunk
            case (4, _): break
            case (5, .string(let key)) where index % 2 == 0:
                guard index + 1 < items.count else { return nil }
                members.append(Value.Member(key: key, value: items[index + 1]))
            default: guard major == 5, index % 2 == 1 else { return nil }
            }
        }
        return switch major {
        case 2: .octets(octets)
        case 3: .string(text)
        case 4: .array(items)
        default: .map(members)
        }
    }
}

/// Integers of any width, as school teaches them: digits, the lowest first.
struct Decimal {
    private var digits: [Int]

    init(_ value: UInt64) { digits = String(value).reversed().map { $0.wholeNumberValue! } }

    var text: String { String(digits.reversed().map(String.init).joined()) }

    /// The digits of -1 - `value`.
    static func negative(_ value: Decimal) -> String { "-" + value.timesPlus(1, 1).text }

    func times256(plus octet: UInt8) -> Decimal { timesPlus(256, Int(octet)) }

    private func timesPlus(_ factor: Int, _ addend: Int) -> Decimal {
        var result = self
        var carry = addend
        for index in result.digits.indices {
            let product = result.digits[index] * factor + carry
            result.digits[index] = product % 10
            carry = product / 10
        }
        while carry > 0 {
            result.digits.append(carry % 10)
            carry /= 10
        }
        return result
    }

    /// The octets of the magnitude in `text`, highest first, and whether it is negative.
    static func octets(of text: String) -> (isNegative: Bool, magnitude: [UInt8]) {
        var digits = text.drop { $0 == "-" }.map { $0.wholeNumberValue! }
        var octets: [UInt8] = []
        while digits.contains(where: { $0 != 0 }) {
            var rest = 0
            for index in digits.indices {
                let value = rest * 10 + digits[index]
                digits[index] = value / 256
                rest = value % 256
            }
            octets.insert(UInt8(rest), at: 0)
        }
        return (text.hasPrefix("-"), octets)
    }
}
