// Strings — basic ("), literal ('), and both in three quotes, over several lines.

extension TOMLReader {
    /// Reads the string whose first quote is the current octet.
    mutating func string(allowsLines: Bool) throws(Failure) -> String {
        guard let quote = current, quote == 0x22 || quote == 0x27 else { throw failure("a string") }
        let start = line
        position += 1
        guard current == quote, next == quote else { return try shortString(quote) }
        guard allowsLines else { throw failure("a name") }
        position += 2
        return try longString(quote, start: start)
    }

    /// Reads up to the closing quote on the same line.
    private mutating func shortString(_ quote: UInt8) throws(Failure) -> String {
        var text: [UInt8] = []
        while let octet = current {
            if octet == quote {
                position += 1
                return String(decoding: text, as: UTF8.self)
            }
            if octet == 0x0A || octet == 0x0D { break }
            try refuseControl(octet)
            if octet == 0x5C, quote == 0x22 {
                try escape(into: &text)
            } else {
                text.append(octet)
                position += 1
            }
        }
        throw failure("the closing quote")
    }

    /// Reads up to three closing quotes; `start` is the line for a message if there are none.
    private mutating func longString(_ quote: UInt8, start: Int) throws(Failure) -> String {
        var text: [UInt8] = []
        _ = try skipLineFeed()  // one right after the quotes is no part of the text
        while let octet = current {
            if octet == quote {
                var count = 0
                while current == quote, count < 5 {
                    count += 1
                    position += 1
                }
                // Up to two quotes may stand right before the closing three.
                if count < 3 {
                    text.append(contentsOf: repeatElement(quote, count: count))
                    continue
                }
                text.append(contentsOf: repeatElement(quote, count: count - 3))
                return String(decoding: text, as: UTF8.self)
            }
            if try skipLineFeed() {
                text.append(0x0A)
                continue
            }
            try refuseControl(octet)
            if octet != 0x5C || quote == 0x27 {
                text.append(octet)
                position += 1
            } else if try !skipLineContinuation() {
                try escape(into: &text)
            }
        }
        throw Failure(
            line: start, message: "a text that never ends: the closing quotes are missing")
    }

    /// Goes past a backslash at the end of a line and all white space that follows.
    private mutating func skipLineContinuation() throws(Failure) -> Bool {
        let start = position
        position += 1
        skipSpaces()
        guard try skipLineFeed() else {
            position = start
            return false
        }
        repeat { skipSpaces() } while try skipLineFeed()
        return true
    }

    /// Reads an escape, whose backslash is the current octet.
    private mutating func escape(into text: inout [UInt8]) throws(Failure) {
        position += 1
        let octet = current
        position += 1
        switch octet {
        case 0x62: text.append(0x08)
        case 0x74: text.append(0x09)
        case 0x6E: text.append(0x0A)
        case 0x66: text.append(0x0C)
        case 0x72: text.append(0x0D)
        case 0x22: text.append(0x22)
        case 0x5C: text.append(0x5C)
        case 0x75: try scalar(digitCount: 4, into: &text)
        case 0x55: try scalar(digitCount: 8, into: &text)
        default:
            position -= 1
            throw failure("one of b t n f r \" \\ u U after a backslash")
        }
    }

    private mutating func scalar(digitCount: Int, into text: inout [UInt8]) throws(Failure) {
        var value: UInt32 = 0
        for _ in 0..<digitCount {
            guard let octet = current, let digit = Self.digit(octet, base: 16) else {
                throw failure("\(digitCount) hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)  // eight digits fill it exactly
            position += 1
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw Failure(line: line, message: "an escape that is no character")
        }
        text.append(contentsOf: Character(scalar).utf8)
    }

    /// The value of a digit in `base` (at most 16).
    static func digit(_ octet: UInt8, base: Int) -> Int? {
        let value: Int
        switch octet {
        case 0x30...0x39: value = Int(octet) - 0x30
        case 0x61...0x66: value = Int(octet) - 0x61 + 10
        case 0x41...0x46: value = Int(octet) - 0x41 + 10
        default: return nil
        }
        return value < base ? value : nil
    }
}
