// Transcript — a golden conversation, read from Tests/Transcripts (high-templar/README.md has what
// is particular to these).

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
        case settings([(key: String, value: String)])
        case answer(String)
        case header(name: String, value: String)
        case open(client: String, target: String)
        case expectRefusal(client: String, status: Int, body: String)
        case expectRequest(method: String, target: String, headers: String)
        case expectNoRequest
        case sendText(client: String, String)
        case sendBinary(client: String, String)
        case sendOctets(client: String, String)
        case sendClose(client: String)
        case expectMessage(client: String, String, anyOrder: Bool)
        case expectClose(client: String, code: UInt16)
        case trigger(String)
        case expectTrigger(status: Int, body: String)
        case publish(room: String, json: String)
        case pass(seconds: Double)
    }

    struct FormatError: Error, CustomStringConvertible {
        let description: String
    }

    /// Every conversation in the files of `Tests/Transcripts/high-templar`.
    static func all() throws -> [Transcript] {
        let folder = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Transcripts/high-templar")
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
            return .settings(pairs.map { (String($0[0]), String($0[1])) })
        case "answer": return .answer(rest)
        case "header":
            guard let colon = rest.firstIndex(of: ":") else { return nil }
            return .header(
                name: String(rest[..<colon]).lowercased(),
                value: rest[rest.index(after: colon)...].trimmingCharacters(in: .whitespaces))
        case "open":
            var words = rest.split(separator: " ")
            let isNamed = words.first?.hasPrefix("/") == false
            let client = isNamed ? String(words.removeFirst()) : ""
            guard let target = words.first else { return nil }
            return .open(client: client, target: String(target))
        case "asked":
            if rest == "nothing" { return .expectNoRequest }
            let (method, tail) = split(rest[...])
            let (target, headers) = split(tail[...])
            return .expectRequest(method: method, target: target, headers: headers)
        case "trigger": return .trigger(rest)
        case "<trigger":
            let (status, body) = split(rest[...])
            return Int(status).map { .expectTrigger(status: $0, body: body) }
        case "api":
            let (room, json) = split(rest[...])
            return .publish(room: room, json: json)
        case "pass": return Double(rest).map { .pass(seconds: $0) }
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
        case ">octets": return .sendOctets(client: client, rest)
        case ">close": return .sendClose(client: client)
        case "<": return .expectMessage(client: client, rest, anyOrder: false)
        case "<~": return .expectMessage(client: client, rest, anyOrder: true)
        case "<close": return UInt16(rest).map { .expectClose(client: client, code: $0) }
        case "<refused":
            let (status, body) = split(rest[...])
            return Int(status).map { .expectRefusal(client: client, status: $0, body: body) }
        default: return nil
        }
    }

    private static func split(_ text: Substring) -> (word: String, rest: String) {
        guard let space = text.firstIndex(of: " ") else { return (String(text), "") }
        return (String(text[..<space]), String(text[text.index(after: space)...]))
    }
}
