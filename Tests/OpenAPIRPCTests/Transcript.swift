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
        let statement: Statement
    }

    enum Statement: Sendable {
        case settings([String: String])
        case open(client: String, path: String)
        case sendText(client: String, String)
        case sendBinary(client: String, String)
        case sendClose(client: String, code: UInt16)
        case expectMessage(client: String, String)
        case expectClose(client: String, code: UInt16)
        case plainRequest(path: String)
        case expectRefusal(status: Int, contentType: String, body: String)
        case publish(room: String, json: String)
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
            } else if let statement = statement(line) {
                steps.append(Step(line: index + 1, statement: statement))
            } else {
                throw FormatError(description: "\(name):\(index + 1): \(line)")
            }
        }
        finish()
        return transcripts
    }

    private static func statement(_ line: Substring) -> Statement? {
        let (word, rest) = split(line)
        switch word {
        case "with":
            let pairs = rest.split(separator: " ").map { $0.split(separator: "=", maxSplits: 1) }
            guard pairs.allSatisfy({ $0.count == 2 }) else { return nil }
            return .settings(
                Dictionary(uniqueKeysWithValues: pairs.map { (String($0[0]), String($0[1])) }))
        case "open":
            var words = rest.split(separator: " ")
            let isNamed = words.first?.hasPrefix("/") == false
            let client = isNamed ? String(words.removeFirst()) : ""
            guard let path = words.first else { return nil }
            return .open(client: client, path: String(path))
        case "http": return .plainRequest(path: rest)
        case "<http":
            let (status, tail) = split(rest[...])
            guard let status = Int(status), let brace = tail.firstIndex(of: "{") else { return nil }
            let type = tail[..<brace].trimmingCharacters(in: .whitespaces)
            return .expectRefusal(
                status: status, contentType: type, body: String(tail[brace...]))
        case "api":
            let (room, json) = split(rest[...])
            return .publish(room: room, json: json)
        default: return exchange(word, rest)
        }
    }

    private static func exchange(_ word: String, _ rest: String) -> Statement? {
        var word = word[...]
        let isNamed = word.first?.isUppercase == true
        let client = isNamed ? String(word.removeFirst()) : ""
        switch word {
        case ">": return .sendText(client: client, rest)
        case ">binary": return .sendBinary(client: client, rest)
        case ">close": return UInt16(rest).map { .sendClose(client: client, code: $0) }
        case "<": return .expectMessage(client: client, rest)
        case "<close": return UInt16(rest).map { .expectClose(client: client, code: $0) }
        default: return nil
        }
    }

    private static func split(_ text: Substring) -> (word: String, rest: String) {
        guard let space = text.firstIndex(of: " ") else { return (String(text), "") }
        return (String(text[..<space]), String(text[text.index(after: space)...]))
    }
}
