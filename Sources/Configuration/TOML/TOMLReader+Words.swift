// Words — values without quotes: `true`, numbers in four bases, decimals, and dates.

extension TOMLReader {
    mutating func word() throws(Failure) -> RawValue {
        let start = position
        while let octet = current, Self.isWord(octet) { position += 1 }
        var word = octets[start..<position]
        guard !word.isEmpty else { throw failure("a value") }
        // A date may be parted from its time by one space.
        if Self.isDate(word), current == 0x20, let octet = next, Self.digit(octet, base: 10) != nil
        {
            position += 1
            while let octet = current, Self.isWord(octet) { position += 1 }
            word = octets[start..<position]
        }
        if let value = Self.value(of: word) { return value }
        let text = TOMLText.quoted(String(decoding: word.prefix(60), as: UTF8.self))
        let isNumber = Self.digits(Self.unsigned(word), base: 10).map(Self.isPlain) ?? false
        let reason = isNumber ? "does not fit into 64 bits" : "is no value; text stands in quotes"
        throw Failure(line: line, message: "\(text) \(reason)")
    }

    private static func isWord(_ octet: UInt8) -> Bool {
        (0x61...0x7A).contains(octet) || (0x41...0x5A).contains(octet)
            || (0x30...0x39).contains(octet) || octet == 0x2D || octet == 0x5F
            || octet == 0x2B || octet == 0x2E || octet == 0x3A
    }

    private static func value(of word: ArraySlice<UInt8>) -> RawValue? {
        switch String(decoding: word, as: UTF8.self) {
        case "true": return .flag(true)
        case "false": return .flag(false)
        case "inf", "+inf": return .decimal(.infinity)
        case "-inf": return .decimal(-.infinity)
        case "nan", "+nan", "-nan": return .decimal(.nan)
        default: break
        }
        if let integer = integer(word) { return .integer(integer) }
        if let decimal = decimal(word) { return .decimal(decimal) }
        return isMoment(word) ? .moment : nil
    }

    /// A date, a time, or both with `T` or a space between. What follows the seconds is not looked
    /// at, nor is the calendar: no setting takes either.
    private static func isMoment(_ word: ArraySlice<UInt8>) -> Bool {
        guard isDate(word.prefix(10)) else { return isTime(word) }
        let rest = word.dropFirst(10)
        guard let separator = rest.first else { return true }
        return (separator | 0x20 == 0x74 || separator == 0x20) && isTime(rest.dropFirst())
    }

    /// A number in base 10, or after `0x`, `0o`, `0b` in another; `nil` when it does not fit.
    private static func integer(_ word: ArraySlice<UInt8>) -> Int? {
        for (letter, base) in [(UInt8(0x78), 16), (0x6F, 8), (0x62, 2)] {
            guard word.starts(with: [0x30, letter]) else { continue }
            let digits = digits(word.dropFirst(2), base: base)
            return digits.flatMap { Int(String(decoding: $0, as: UTF8.self), radix: base) }
        }
        let isNegative = word.first == 0x2D
        guard let digits = digits(unsigned(word), base: 10), isPlain(digits) else { return nil }
        return Int((isNegative ? "-" : "") + String(decoding: digits, as: UTF8.self))
    }

    /// A number with a fraction, an exponent, or both.
    private static func decimal(_ word: ArraySlice<UInt8>) -> Double? {
        var rest = unsigned(word)
        let exponentPlace = rest.firstIndex { $0 | 0x20 == 0x65 }
        if let place = exponentPlace {
            let exponent = rest[(place + 1)...]
            guard digits(unsigned(exponent), base: 10) != nil else { return nil }
            rest = rest[..<place]
        }
        let dot = rest.firstIndex(of: 0x2E)
        if let dot {
            guard digits(rest[(dot + 1)...], base: 10) != nil else { return nil }
            rest = rest[..<dot]
        }
        guard dot != nil || exponentPlace != nil else { return nil }
        guard let whole = digits(rest, base: 10), isPlain(whole) else { return nil }
        return Double(String(decoding: word.filter { $0 != 0x5F }, as: UTF8.self))
    }

    private static func unsigned(_ word: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        word.first == 0x2B || word.first == 0x2D ? word.dropFirst() : word
    }

    /// No zero stands in front of other digits.
    private static func isPlain(_ digits: [UInt8]) -> Bool {
        digits.count == 1 || digits.first != 0x30
    }

    /// The digits of `word` without underscores, each of which stands between two digits.
    private static func digits(_ word: ArraySlice<UInt8>, base: Int) -> [UInt8]? {
        var digits: [UInt8] = []
        var isAfterDigit = false
        for octet in word {
            if octet == 0x5F {
                guard isAfterDigit else { return nil }
                isAfterDigit = false
            } else {
                guard digit(octet, base: base) != nil else { return nil }
                digits.append(octet)
                isAfterDigit = true
            }
        }
        return isAfterDigit ? digits : nil
    }

    /// `1979-05-27`
    private static func isDate(_ word: ArraySlice<UInt8>) -> Bool {
        let form: [UInt8?] = [nil, nil, nil, nil, 0x2D, nil, nil, 0x2D, nil, nil]
        return word.count == form.count && matches(word, form)
    }

    /// Begins like `07:32:00`
    private static func isTime(_ word: ArraySlice<UInt8>) -> Bool {
        let form: [UInt8?] = [nil, nil, 0x3A, nil, nil, 0x3A, nil, nil]
        return word.count >= form.count && matches(word.prefix(form.count), form)
    }

    /// Whether `word` has digits where `form` has nothing, and else the same octets.
    private static func matches(_ word: ArraySlice<UInt8>, _ form: [UInt8?]) -> Bool {
        zip(word, form).allSatisfy { octet, expected in
            expected.map { $0 == octet } ?? (digit(octet, base: 10) != nil)
        }
    }
}
