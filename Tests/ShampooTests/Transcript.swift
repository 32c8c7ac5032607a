// Transcript — a golden conversation, read from Tests/Transcripts/shampoo (the format is in its
// README and that of the folder above).

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
        case open(client: String, path: String, subprotocols: [String])
        case expectOpen(subprotocol: String)
        case expectRefusal(status: Int, reason: String)
        case plainRequest
        case expectAnswer(status: Int)
        case send(client: String, isText: Bool, String)
        case sendClose(client: String)
        case expectMessage(client: String, String)
        case expectClose(client: String, code: UInt16, reason: String)
        case publish(room: String, json: String)
        case expectEnds(Int)
    }

    struct FormatError: Error, CustomStringConvertible {
        let description: String
    }

    /// Every conversation of the dialect.
    static func all() throws -> [Transcript] {
        let folder = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Transcripts/shampoo")
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
        case "open": return open(rest)
        case "<open": return .expectOpen(subprotocol: rest)
        case "<refused":
            let (status, reason) = split(rest[...])
            return Int(status).map { .expectRefusal(status: $0, reason: reason) }
        case "http": return .plainRequest
        case "<http": return Int(rest).map { .expectAnswer(status: $0) }
        case "ended": return Int(rest).map { .expectEnds($0) }
        case "api":
            let (room, json) = split(rest[...])
            return .publish(room: room, json: json)
        default: return exchange(word, rest)
        }
    }

    private static func open(_ text: String) -> Statement? {
        var words = text.split(separator: " ")
        var subprotocols: [String] = []
        if let offer = words.last, offer.hasPrefix("subprotocol=") {
            subprotocols = offer.dropFirst(12).split(separator: ",").map(String.init)
            words.removeLast()
        }
        let client = words.count == 2 ? String(words.removeFirst()) : ""
        guard words.count == 1 else { return nil }
        return .open(client: client, path: String(words[0]), subprotocols: subprotocols)
    }

    private static func exchange(_ word: String, _ rest: String) -> Statement? {
        var word = word[...]
        let client = word.first?.isUppercase == true ? String(word.removeFirst()) : ""
        switch word {
        case ">": return .send(client: client, isText: true, rest)
        case ">binary": return .send(client: client, isText: false, rest)
        case ">close": return .sendClose(client: client)
        case "<": return .expectMessage(client: client, rest)
        case "<close":
            let (code, reason) = split(rest[...])
            return UInt16(code).map { .expectClose(client: client, code: $0, reason: reason) }
        default: return nil
        }
    }

    private static func split(_ text: Substring) -> (word: String, rest: String) {
        guard let space = text.firstIndex(of: " ") else { return (String(text), "") }
        return (String(text[..<space]), String(text[text.index(after: space)...]))
    }
}
