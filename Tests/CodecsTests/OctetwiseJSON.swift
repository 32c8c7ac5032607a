// OctetwiseJSON — what JSONScanner answers about a text, found out octet by octet.
//
// RFC 8259 §2 to §7 as functions that call each other and look at one octet at a time: no words, no
// tables, no bits. Beyond whether a text is JSON, which NaiveJSON says, it tells what the scanner
// tells: what an item is, where it lies, and where a text stops being JSON.

import Codecs

struct OctetwiseJSON {
    private let octets: [UInt8]
    private var position = 0

    /// What the scanner delimits in one text.
    struct Member: Equatable {
        let key: JSONItem
        let value: JSONItem
    }

    init(_ octets: [UInt8]) { self.octets = octets }

    /// The one value that the text is.
    mutating func document() throws(JSONError) -> JSONItem {
        let item = try value(depth: 0)
        try end()
        return item
    }

    /// The members of the object that the text is.
    mutating func members() throws(JSONError) -> [Member] {
        var members: [Member] = []
        skipSpace()
        try take("{")
        skipSpace()
        if try next() == UInt8(ascii: "}") {
            position += 1
        } else {
            while true {
                let key = try key()
                members.append(Member(key: key, value: try value(depth: 1)))
                skipSpace()
                if try next() == UInt8(ascii: "}") {
                    position += 1
                    break
                }
                try take(",")
            }
        }
        try end()
        return members
    }

    private func next() throws(JSONError) -> UInt8 {
        guard position < octets.count else { throw .malformed(at: octets.count) }
        return octets[position]
    }

    private mutating func take(_ mark: Unicode.Scalar) throws(JSONError) {
        guard try next() == UInt8(ascii: mark) else { throw .malformed(at: position) }
        position += 1
    }

    private mutating func end() throws(JSONError) {
        skipSpace()
        guard position == octets.count else { throw .malformed(at: position) }
    }

    private mutating func skipSpace() {
        while position < octets.count, [0x20, 0x09, 0x0A, 0x0D].contains(octets[position]) {
            position += 1
        }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONItem {
        skipSpace()
        let start = position
        switch try next() {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "{"):
            try skipList("{", "}", depth)
            return JSONItem(kind: .object, range: start..<position)
        case UInt8(ascii: "["):
            try skipList("[", "]", depth)
            return JSONItem(kind: .array, range: start..<position)
        case UInt8(ascii: "n"): return try name("null", .null)
        case UInt8(ascii: "t"): return try name("true", .true)
        case UInt8(ascii: "f"): return try name("false", .false)
        default: return try number()
        }
    }

    private mutating func skipList(
        _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, _ depth: Int
    ) throws(JSONError) {
        guard depth < 64 else { throw .tooDeep }
        try take(opening)
        skipSpace()
        if try next() == UInt8(ascii: closing) {
            position += 1
            return
        }
        while true {
            if opening == "{" { _ = try key() }
            _ = try value(depth: depth + 1)
            skipSpace()
            if try next() == UInt8(ascii: ",") {
                position += 1
            } else {
                try take(closing)
                return
            }
        }
    }

    private mutating func key() throws(JSONError) -> JSONItem {
        skipSpace()
        let key = try string()
        skipSpace()
        try take(":")
        return key
    }

    private mutating func string() throws(JSONError) -> JSONItem {
        let start = position
        var hasEscapes = false
        try take("\"")
        while true {
            switch try next() {
            case UInt8(ascii: "\""):
                position += 1
                return JSONItem(
                    kind: .string, hasEscapes: hasEscapes, range: start..<position)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                position += 1
                try skipEscape()
            case 0x00..<0x20: throw .malformed(at: position)
            default: position += 1
            }
        }
    }

    /// Skips what follows a backslash.
    private mutating func skipEscape() throws(JSONError) {
        let letter = try next()
        guard "\"\\/bfnrtu".utf8.contains(letter) else { throw .malformed(at: position) }
        position += 1
        guard letter == UInt8(ascii: "u") else { return }
        for _ in 0..<4 {
            guard "0123456789abcdefABCDEF".utf8.contains(try next()) else {
                throw .malformed(at: position)
            }
            position += 1
        }
    }

    private mutating func name(_ name: String, _ kind: JSONKind) throws(JSONError) -> JSONItem {
        let start = position
        guard octets[start...].starts(with: name.utf8) else { throw .malformed(at: start) }
        position += name.utf8.count
        return JSONItem(kind: kind, range: start..<position)
    }

    private mutating func number() throws(JSONError) -> JSONItem {
        let start = position
        var kind = JSONKind.integer
        if try next() == UInt8(ascii: "-") { position += 1 }
        if try next() == UInt8(ascii: "0") { position += 1 } else { try skipDigits() }
        if (try? next()) == UInt8(ascii: ".") {
            kind = .fraction
            position += 1
            try skipDigits()
        }
        if [UInt8(ascii: "e"), UInt8(ascii: "E")].contains(try? next()) {
            kind = .fraction
            position += 1
            if "+-".utf8.contains(try next()) { position += 1 }
            try skipDigits()
        }
        return JSONItem(kind: kind, range: start..<position)
    }

    private mutating func skipDigits() throws(JSONError) {
        guard (0x30...0x39).contains(try next()) else { throw .malformed(at: position) }
        while let octet = try? next(), (0x30...0x39).contains(octet) { position += 1 }
    }
}
