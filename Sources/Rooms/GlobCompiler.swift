// GlobCompiler — from the text of a glob to its steps.
//
// Sets follow the reference (Python's `re`) where its documentation is silent: a `]` or `-` in
// first place and a `-` in last place are themselves, and an empty set cannot be written.

internal import Bytes

struct GlobCompiler {
    private(set) var steps: [GlobStep] = []
    /// The characters before the first step that is more than itself, as octets.
    private var beginning: [UInt8] = []
    /// Whether `beginning` is UTF-8; only then may it be compared octet by octet.
    private var beginningIsUnicode = true
    private var plainStepCount = 0
    private var wildcardCount = 0

    /// The cheapest way to match what was compiled.
    var form: GlobProgram.Form {
        if plainStepCount == steps.count { return .literal(beginning) }
        guard steps.count == plainStepCount + 1, case .sequence = steps[plainStepCount] else {
            return .machine(GlobMachine(steps))
        }
        if beginning.isEmpty { return .everything }
        return beginningIsUnicode ? .beginning(beginning) : .machine(GlobMachine(steps))
    }

    mutating func compile(_ text: RawSpan) throws(GlobError) {
        var offset = 0
        while offset < text.byteCount {
            let start = offset
            let scalar = text.scalar(at: offset)
            offset += scalar.size
            switch scalar.value {
            case 0x2A:
                wildcardCount += 1
                guard wildcardCount <= Glob.wildcardLimit else {
                    throw .tooManyWildcards(limit: Glob.wildcardLimit)
                }
                // Two stars in a row mean what one means.
                if case .sequence? = steps.last { continue }
                steps.append(.sequence)
            case 0x3F: steps.append(.one)
            case 0x5B: steps.append(.set(try set(in: text, at: &offset)))
            case 0x5C:
                guard offset < text.byteCount else { throw .danglingEscape }
                let escaped = text.scalar(at: offset)
                appendPlain(escaped, text.extracting(offset..<offset + escaped.size))
                offset += escaped.size
            default: appendPlain(scalar, text.extracting(start..<offset))
            }
        }
    }

    private mutating func appendPlain(_ scalar: DecodedScalar, _ octets: RawSpan) {
        if plainStepCount == steps.count {
            plainStepCount += 1
            beginning += octets.array
            if !scalar.isUnicode { beginningIsUnicode = false }
        }
        steps.append(.scalar(scalar.value))
    }

    /// Reads a set; `offset` stands behind its `[` and ends behind its `]`.
    private func set(in text: RawSpan, at offset: inout Int) throws(GlobError) -> ScalarSet {
        var set = ScalarSet(isNegated: false, ranges: [])
        if offset < text.byteCount, text[octet: offset] == 0x5E {
            set.isNegated = true
            offset += 1
        }
        while true {
            guard offset < text.byteCount else { throw .unclosedSet }
            if text[octet: offset] == 0x5D, !set.ranges.isEmpty {
                offset += 1
                return set
            }
            let low = try member(in: text, at: &offset)
            // A `-` makes a range unless it is the last one before the `]`.
            guard text.byteCount - offset >= 2, text[octet: offset] == 0x2D,
                text[octet: offset + 1] != 0x5D
            else {
                set.ranges.append(low...low)
                continue
            }
            offset += 1
            let high = try member(in: text, at: &offset)
            guard low <= high else { throw .reversedRange }
            set.ranges.append(low...high)
        }
    }

    private func member(in text: RawSpan, at offset: inout Int) throws(GlobError) -> UInt32 {
        if text[octet: offset] == 0x5C {
            offset += 1
            guard offset < text.byteCount else { throw .danglingEscape }
        }
        let scalar = text.scalar(at: offset)
        offset += scalar.size
        return scalar.value
    }
}
