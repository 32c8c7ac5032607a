// BindingPattern — which binding brought a message, and what its wildcards stood for.
//
// The broker does not say by which binding a message came to a queue, so the routing key is matched
// again here: words between dots, `*` for one word, `#` for any number of them (RabbitMQ,
// "Topic exchange").

internal import LinkKit

struct BindingPattern: Sendable, Equatable {
    private enum Token: Sendable, Equatable {
        case word([UInt8])
        case one
        case many
    }

    let text: String
    /// How many wildcards it has, each of which captures something.
    let wildcardCount: Int
    private let tokens: [Token]

    /// - Parameter hasWildcards: Whether the exchange gives `*` and `#` a meaning.
    init(_ text: String, hasWildcards: Bool) {
        self.text = text
        tokens = Self.words(Array(text.utf8)).map { word in
            guard hasWildcards else { return .word(Array(word)) }
            return switch word {
            case [0x2A]: .one
            case [0x23]: .many
            default: .word(Array(word))
            }
        }
        wildcardCount = tokens.count { $0 == .one || $0 == .many }
    }

    /// The bindings of `source`, in order. Keys say nothing on a fanout or headers exchange.
    static func patterns(of source: RabbitMQSource) -> [BindingPattern] {
        guard let exchange = source.exchange else { return [] }
        switch exchange.kind {
        case .topic, nil: return source.bindings.map { BindingPattern($0, hasWildcards: true) }
        case .direct: return source.bindings.map { BindingPattern($0, hasWildcards: false) }
        case .fanout, .headers: return []
        }
    }

    /// What each wildcard stands for in `key`; `nil` when the binding does not match.
    func captures(in key: [UInt8]) -> [[UInt8]]? {
        let words = Self.words(key)
        let ranges = WildcardMatch.ranges(
            tokenCount: tokens.count, elementCount: words.count,
            isRun: { tokens[$0] == .many },
            accepts: { token, element in
                switch tokens[token] {
                case .word(let word): words[element].elementsEqual(word)
                case .one: true
                case .many: false
                }
            })
        guard let ranges else { return nil }
        var captures: [[UInt8]] = []
        for (token, range) in zip(tokens, ranges) {
            if case .word = token { continue }
            captures.append(Array(words[range].joined(separator: [0x2E])))
        }
        return captures
    }

    /// The words of a key; an empty key is one empty word.
    private static func words(_ key: [UInt8]) -> [ArraySlice<UInt8>] {
        key.split(separator: 0x2E, omittingEmptySubsequences: false)
    }
}
