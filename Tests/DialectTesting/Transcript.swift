// Transcript — a golden conversation, read from Tests/Transcripts (its README has the format).
//
// A line is cut into who, what and the rest. What the words mean is up to the player, and each
// dialect has words of its own.

import Foundation

/// One conversation of a file.
package struct Transcript: Sendable, CustomStringConvertible {
    /// Its title line: name and source.
    package let title: String
    package private(set) var steps: [Step] = []

    package var description: String { title }

    package struct FormatError: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) { self.description = description }
    }

    /// Every conversation in the files of a folder of `Tests/Transcripts`, by the files' names.
    ///
    /// - Parameter verbs: The words that lines may begin with; `nil` for whom that is no matter.
    package static func all(in folder: String, verbs: Set<String>? = nil) throws -> [Transcript] {
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let folder = tests.appending(path: "Transcripts/\(folder)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".txt") }
            .sorted()
            .flatMap { name in
                let path = folder.appending(path: name).path
                return try read(
                    String(contentsOfFile: path, encoding: .utf8), name: name, verbs: verbs)
            }
    }

    private static func read(
        _ text: String, name: String, verbs: Set<String>?
    ) throws -> [Transcript] {
        var transcripts: [Transcript] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("//") {
            if line.hasPrefix("# ") {
                transcripts.append(Transcript(title: String(line.dropFirst(2))))
                continue
            }
            let step = Step(line, at: index + 1)
            guard verbs?.contains(step.verb) != false, !transcripts.isEmpty else {
                throw FormatError(description: "\(name):\(index + 1): \(line)")
            }
            transcripts[transcripts.count - 1].steps.append(step)
        }
        return transcripts
    }

    /// The first word and what is behind the space behind it.
    package static func split(_ text: Substring) -> (word: String, rest: String) {
        guard let space = text.firstIndex(of: " ") else { return (String(text), "") }
        return (String(text[..<space]), String(text[text.index(after: space)...]))
    }
}

extension Transcript {
    /// One line.
    package struct Step: Sendable {
        package let line: Int
        /// Who it is about: an upper-case letter; empty when there is but one.
        package let client: String
        /// `with`, `open`, `>`, `<close` and so on.
        package let verb: String
        /// What is behind the space behind the verb, and behind the client of `open`.
        package let rest: String

        fileprivate init(_ text: Substring, at line: Int) {
            self.line = line
            var (word, rest) = Transcript.split(text)
            var client = ""
            if let letter = word.first, letter.isUppercase {
                client = String(letter)
                word.removeFirst()
            } else if word == "open", rest.first?.isUppercase == true {
                (client, rest) = Transcript.split(rest[...])
            }
            self.client = client
            verb = word
            self.rest = rest
        }

        /// The first word of the rest, and what is behind it.
        package var parts: (word: String, rest: String) { Transcript.split(rest[...]) }

        /// The rest as settings, `name=value` each.
        package var settings: [(key: String, value: String)] {
            get throws {
                try rest.split(separator: " ").map { word in
                    let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
                    guard parts.count == 2 else {
                        throw FormatError(description: "line \(line): \(word) is no setting")
                    }
                    return (parts[0], parts[1])
                }
            }
        }
    }
}
