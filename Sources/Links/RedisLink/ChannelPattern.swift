// ChannelPattern — what the wildcards of a `PSUBSCRIBE` pattern stand for in a channel.
//
// Redis says which pattern brought a message and leaves the rest to us. Its globs work on octets:
// `*` any run, `?` one octet, `[abc]`, `[^a-z]` one octet of a set, `\` takes the next octet as it
// is (Redis, "PSUBSCRIBE", and stringmatchlen in its util.c, whose treatment of unfinished sets and
// escapes this follows).

internal import LinkKit

struct ChannelPattern: Sendable, Equatable {
    private enum Token: Sendable, Equatable {
        case octet(UInt8)
        case any
        case run
        case set(OctetSet)
    }

    /// How many wildcards it has, each of which captures something.
    let wildcardCount: Int
    private let tokens: [Token]

    init(_ pattern: [UInt8]) {
        var tokens: [Token] = []
        var rest = pattern[...]
        while let octet = rest.popFirst() {
            switch octet {
            case 0x2A: tokens.append(.run)
            case 0x3F: tokens.append(.any)
            case 0x5B: tokens.append(.set(OctetSet(taking: &rest)))
            // A backslash at the end is itself.
            case 0x5C: tokens.append(.octet(rest.popFirst() ?? octet))
            default: tokens.append(.octet(octet))
            }
        }
        self.tokens = tokens
        wildcardCount = tokens.count { if case .octet = $0 { false } else { true } }
    }

    /// What each wildcard stands for in `channel`; `nil` when the pattern does not match.
    func captures(in channel: [UInt8]) -> [[UInt8]]? {
        let ranges = WildcardMatch.ranges(
            tokenCount: tokens.count, elementCount: channel.count,
            isRun: { tokens[$0] == .run },
            accepts: { token, element in
                switch tokens[token] {
                case .octet(let octet): channel[element] == octet
                case .any: true
                case .set(let set): set.contains(channel[element])
                case .run: false
                }
            })
        guard let ranges else { return nil }
        var captures: [[UInt8]] = []
        for (token, range) in zip(tokens, ranges) {
            if case .octet = token { continue }
            captures.append(Array(channel[range]))
        }
        return captures
    }
}

/// What stands between brackets.
private struct OctetSet: Sendable, Equatable {
    private var ranges: [ClosedRange<UInt8>] = []
    private var isNegated = false

    /// Takes octets up to and including the closing bracket, or to the end.
    init(taking rest: inout ArraySlice<UInt8>) {
        if rest.first == 0x5E {
            isNegated = true
            rest.removeFirst()
        }
        while let octet = rest.popFirst() {
            if octet == 0x5D { return }
            if octet == 0x5C, let escaped = rest.popFirst() {
                ranges.append(escaped...escaped)
            } else if rest.count >= 2, rest.first == 0x2D {
                rest.removeFirst()
                let end = rest.removeFirst()
                ranges.append(min(octet, end)...max(octet, end))
            } else {
                ranges.append(octet...octet)
            }
        }
    }

    func contains(_ octet: UInt8) -> Bool {
        ranges.contains { $0.contains(octet) } != isNegated
    }
}
