// Transcript — a golden conversation, read from Tests/Transcripts (its README has the format).

import Foundation

/// One conversation of a file.
struct Transcript: Sendable, CustomStringConvertible {
    /// Its title line: name and source.
    let title: String
    let steps: [Step]

    var description: String { title }

    struct Step: Sendable {
        let line: Int
        /// Who it is about; empty when there is but one.
        let client: String
        /// `with`, `open`, `>`, `>binary`, `>close`, `<`, `<close`, `api`, `notify`, `send` or
        /// `procedure`.
        let verb: String
        let rest: String
    }

    struct FormatError: Error, CustomStringConvertible {
        let description: String
    }

    /// Every conversation in the files of `Tests/Transcripts/<directory>`.
    static func all(in directory: String) throws -> [Transcript] {
        let folder = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Transcripts/\(directory)")
        return try FileManager.default.contentsOfDirectory(atPath: folder.path)
            .filter { $0.hasSuffix(".txt") }
            .sorted()
            .flatMap { name in
                let path = folder.appending(path: name).path
                return try read(String(contentsOfFile: path, encoding: .utf8), name: name)
            }
    }

    private static func read(_ text: String, name: String) throws -> [Transcript] {
        var transcripts: [Transcript] = []
        var title: String?
        var steps: [Step] = []
        func finish() {
            if let title { transcripts.append(Transcript(title: title, steps: steps)) }
            steps = []
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("//") {
            if line.hasPrefix("# ") {
                finish()
                title = String(line.dropFirst(2))
            } else if let step = step(line, at: index + 1) {
                steps.append(step)
            } else {
                throw FormatError(description: "\(name):\(index + 1): \(line)")
            }
        }
        finish()
        return transcripts
    }

    private static let verbs: Set<String> = [
        "with", "open", ">", ">binary", ">close", "<", "<close", "api", "notify", "send",
        "procedure",
    ]

    private static func step(_ line: Substring, at number: Int) -> Step? {
        var (word, rest) = split(line)
        var client = ""
        if let letter = word.first, letter.isUppercase {
            client = String(letter)
            word.removeFirst()
        }
        if word == "open", rest.first?.isUppercase == true { (client, rest) = split(rest[...]) }
        guard verbs.contains(word) else { return nil }
        return Step(line: number, client: client, verb: word, rest: rest)
    }

    static func split(_ text: Substring) -> (word: String, rest: String) {
        guard let space = text.firstIndex(of: " ") else { return (String(text), "") }
        return (String(text[..<space]), String(text[text.index(after: space)...]))
    }
}
