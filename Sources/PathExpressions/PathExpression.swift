// PathExpression — a regular expression over request paths, and the named parts of what it finds.
//
// The language is that of PCRE2, which takes groups as Python writes them, `(?P<name>…)`, and as
// others do, `(?<name>…)`. Compiled once, at the start; searched by all cores at once. A search is
// limited in steps, depth and memory, because the path is the peer's and some expressions take a
// time that doubles with each octet: reaching a limit is an outcome.

internal import CPCRE2

/// A compiled expression.
///
/// Safety: `expression` is made in `init`, freed in `deinit`, never changed in between and reached
/// nowhere else. What a search writes to is its own.
@safe
package final class PathExpression: @unchecked Sendable {
    /// What the search for a path may cost.
    package struct Limits: Sendable, Equatable {
        /// Steps of matching, a few nanoseconds each; machine code counts fewer of them.
        package var stepCount: UInt32
        /// Backtracking points inside one another, for the interpreter.
        package var depth: UInt32
        /// Of the interpreter, in KiB; machine code has 32 KiB of stack.
        package var memory: UInt32

        package init(stepCount: UInt32 = 100_000, depth: UInt32 = 20_000, memory: UInt32 = 4096) {
            self.stepCount = stepCount
            self.depth = depth
            self.memory = memory
        }
    }

    /// What became of a search.
    package enum Outcome: Equatable, Sendable {
        case found(PathMatch)
        case none
        /// Unknown, for a limit was reached or there was no memory.
        case limited
    }

    /// What was compiled.
    package let text: String
    /// The names of the groups, each once, in octet order.
    package let names: [String]
    /// For each of `names` the numbers of its groups, the lowest first. Only `(?J)` gives one name
    /// to several groups that can all take part.
    private let groups: [[Int]]
    private let groupCount: Int
    private let expression: OpaquePointer

    /// Compiles `text`.
    ///
    /// - Throws: ``PathExpressionError`` with the place where the text stops being an expression.
    package init(_ text: String, limits: Limits = Limits()) throws(PathExpressionError) {
        var error = carillon_expression_error(number: 0, position: 0)
        let octets = Array(text.utf8)
        guard
            let expression = unsafe carillon_expression_compile(
                octets, octets.count,
                carillon_expression_limits(
                    matches: limits.stepCount, depth: limits.depth, heap: limits.memory),
                &error)
        else {
            throw PathExpressionError(
                text: text, position: Self.characters(before: error.position, in: octets),
                problem: Self.message(of: error.number))
        }
        var names: [String] = []
        var groups: [[Int]] = []
        let nameCount = unsafe carillon_expression_name_count(expression)
        for index in 0..<nameCount {
            var group: UInt32 = 0
            // The compiler of the expression ends names by 0.
            guard let name = unsafe carillon_expression_name(expression, index, &group) else {
                continue
            }
            let known = unsafe String(cString: name)
            if names.last == known {
                groups[groups.count - 1].append(Int(group))
            } else {
                names.append(known)
                groups.append([Int(group)])
            }
        }
        self.text = text
        self.names = names
        self.groups = groups.map { $0.sorted() }
        groupCount = Int(unsafe carillon_expression_group_count(expression))
        unsafe self.expression = expression
    }

    deinit { unsafe carillon_expression_free(expression) }

    /// Looks for the first place in `path` that the expression matches; it may be in the middle
    /// unless the expression says otherwise (`^`, `$`).
    ///
    /// - Complexity: bounded by the limits; three allocations, some microseconds as a rule.
    package func search(_ path: String) -> Outcome {
        let octets = Array(path.utf8)
        var places = [Int](repeating: 0, count: 2 * groupCount)
        let outcome = unsafe places.withUnsafeMutableBytes { places in
            unsafe carillon_expression_search(
                expression, octets, octets.count,
                places.baseAddress?.assumingMemoryBound(to: Int.self))
        }
        switch Int(outcome) {
        case carillon_search_found: return .found(match(octets, places))
        case carillon_search_none: return .none
        default: return .limited
        }
    }

    private func match(_ path: [UInt8], _ places: [Int]) -> PathMatch {
        PathMatch(
            groups: zip(names, groups).map { name, groups in
                for group in groups {
                    let start = places[2 * group]
                    let end = places[2 * group + 1]
                    // `\K` in a look-around can make a match that ends before it begins.
                    if start >= 0, start <= end, end <= path.count {
                        return (name, Array(path[start..<end]))
                    }
                }
                return (name, nil)
            })
    }

    private static func message(of number: Int32) -> String {
        var text = [UInt8](repeating: 0, count: 256)
        unsafe text.withUnsafeMutableBytes { text in
            unsafe carillon_expression_message(
                number, text.baseAddress?.assumingMemoryBound(to: CChar.self), text.count)
        }
        return String(decoding: text.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func characters(before octet: Int, in text: [UInt8]) -> Int {
        String(decoding: text.prefix(max(0, octet)), as: UTF8.self).unicodeScalars.count
    }
}
