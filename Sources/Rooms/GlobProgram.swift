// GlobProgram — a glob after compilation.
//
// Nearly all globs are `*`, a plain name or a plain beginning with `*`; those are decided at
// compile time and matched by comparing octets. The rest is given to a GlobMachine.

internal import Bytes

/// Immutable, shared by every copy of a glob.
final class GlobProgram: Sendable {
    enum Form {
        case everything  // `*`
        case literal([UInt8])
        case beginning([UInt8])  // a plain text, then `*`
        case machine(GlobMachine)
    }

    let form: Form
    let matchesEmpty: Bool

    init(compiling text: [UInt8]) throws(GlobError) {
        guard text.count <= Glob.sizeLimit else { throw .tooLong(limit: Glob.sizeLimit) }
        var compiler = GlobCompiler()
        try compiler.compile(text.raw)
        form = compiler.form
        matchesEmpty = compiler.steps.allSatisfy {
            if case .sequence = $0 { true } else { false }
        }
    }

    func matches(_ text: RawSpan) -> Bool {
        switch form {
        case .everything: return text.firstIndex(of: 0x0A) == nil
        case .literal(let literal): return text.equals(literal.raw)
        case .beginning(let beginning):
            return text.byteCount >= beginning.count
                && text.extracting(first: beginning.count).equals(beginning.raw)
                && text.firstIndex(of: 0x0A, from: beginning.count) == nil
        case .machine(let machine): return machine.matches(text)
        }
    }
}

/// One step of a pattern.
enum GlobStep {
    case sequence  // `*`
    case one  // `?`
    case scalar(UInt32)
    case set(ScalarSet)
}

/// A set of characters: `[…]` or `[^…]`.
struct ScalarSet: Sendable {
    var isNegated: Bool
    var ranges: [ClosedRange<UInt32>]

    func contains(_ value: UInt32) -> Bool {
        for range in ranges where range.contains(value) { return !isNegated }
        return isNegated
    }
}
