// The golden conversations of WAMP (Tests/Transcripts/wamp), played with the model hub in every
// form. The same files are played over real sockets; what differs there is only the waiting.

import DialectKit
import Foundation
import Testing

@testable import WAMPRouter

/// One conversation of a file.
private struct Conversation {
    let name: String
    var lines: [(place: Int, text: String)] = []

    /// Says octets of its own, which only the text form has.
    var isTextOnly: Bool {
        lines.contains { $0.text.dropFirst().hasPrefix(">octets") || isBinary($0.text) }
    }

    private func isBinary(_ text: String) -> Bool { text.dropFirst().hasPrefix(">binary") }

    static func all() throws -> [Conversation] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Transcripts/wamp")
        var found: [Conversation] = []
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path())
        for file in files.sorted() where file.hasSuffix(".txt") {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            for (place, line) in lines.enumerated() where !line.isEmpty && !line.hasPrefix("//") {
                if line.hasPrefix("# ") {
                    let name = line.dropFirst(2).prefix { $0 != " " }
                    found.append(Conversation(name: String(name)))
                } else {
                    found[found.count - 1].lines.append((place + 1, String(line)))
                }
            }
        }
        return found
    }
}

private struct Misheard: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Plays one conversation in one form.
private final class Play {
    let hub = ModelHub()
    let form: WAMPForm
    private var clients: [Character: Client] = [:]
    private var names = Bindings()
    /// Lines `<~` of one client that follow each other: these messages, in any order.
    private var group: (letter: Character, patterns: [Value])?

    init(_ form: WAMPForm) { self.form = form }

    func perform(_ line: String) throws {
        let letter = line.first!
        let rest = line.dropFirst()
        if rest.hasPrefix("<~ ") {
            if let group, group.letter != letter { try closeGroup() }
            group = (letter, (group?.patterns ?? []) + [withoutEmpties(parsed(rest.dropFirst(3)))])
            return
        }
        try closeGroup()
        if line.hasPrefix("open ") {
            let letter = line.dropFirst(5).first!
            clients[letter] = Client(hub, form)
        } else if line.hasPrefix("join ") {
            try join(line.dropFirst(5))
        } else if rest.hasPrefix(">octets") || rest.hasPrefix(">binary") {
            let kind: MessageKind = rest.hasPrefix(">binary") ? .binary : .text
            client(letter).send(kind, Array(rest.dropFirst(8).utf8))
        } else if rest.hasPrefix(">close") {
            try nothingWaits(letter)
            hub.lose(clients.removeValue(forKey: letter)!.connection)
        } else if rest.hasPrefix("> ") {
            client(letter).say(names.filled(parsed(rest.dropFirst(2))).description)
        } else if rest.hasPrefix("<closed") {
            guard case .close = hear(letter) else { throw Misheard("no end") }
        } else if rest.hasPrefix("<close ") {
            let heard = hear(letter)
            guard let code = UInt16(rest.dropFirst(7)), heard == .close(code) else {
                throw Misheard(said(heard))
            }
        } else if rest == " lost" {
            try nothingWaits(letter)
            hub.lose(clients.removeValue(forKey: letter)!.connection)
        } else if rest.hasPrefix("<payload ") {
            try compare(parsed(rest.dropFirst(9)), letter, isPayload: true)
        } else if rest.hasPrefix("< ") {
            try compare(parsed(rest.dropFirst(2)), letter, isPayload: false)
        } else {
            throw Misheard("not understood")
        }
    }

    func end() throws {
        try closeGroup()
        for letter in clients.keys.sorted() { try nothingWaits(letter) }
        if let wrong = hub.contradictions.first { throw Misheard(wrong) }
        for client in clients.values { hub.lose(client.connection) }
        if let left = hub.leftovers.first { throw Misheard("left: \(left)") }
    }

    private func client(_ letter: Character) -> Client { clients[letter]! }

    private func parsed(_ text: Substring) -> Value {
        // `$run` stands inside texts, other places are whole ones.
        Value(String(text).replacingOccurrences(of: "$run", with: "7"))
    }

    /// `A realm1 {details} "secret"`, from the second on each optional.
    private func join(_ text: Substring) throws {
        let letter = text.first!
        var rest = text.dropFirst(2)
        let realm = rest.prefix { $0.isLetter || $0.isNumber }
        rest = rest.dropFirst(realm.count).drop { $0 == " " }
        var details = ""
        if rest.hasPrefix("{"), let end = rest.lastIndex(of: "}") {
            details = String(rest[...end])
            rest = rest[rest.index(after: end)...].drop { $0 == " " }
        }
        let secret = rest.isEmpty ? nil : String(rest.dropFirst().dropLast())
        let client = Client.joined(
            hub, form, realm: realm.isEmpty ? "realm1" : String(realm), details: details,
            secret: secret)
        clients[letter] = client
        names["\(letter)"] = .number("\(client.id)")
        names["\(letter).authid"] = client.welcome["authid"]
    }

    /// What comes next, if need be when some time has passed.
    private func hear(_ letter: Character) -> Heard? {
        while true {
            if let heard = client(letter).hear() { return heard }
            guard hub.passToNext(within: 10_000_000_000) else { return nil }
        }
    }

    private func said(_ heard: Heard?) -> String {
        heard.map { "got \($0)" } ?? "nothing came"
    }

    private func compare(_ pattern: Value, _ letter: Character, isPayload: Bool) throws {
        let heard = hear(letter)
        guard case .message(var message)? = heard else { throw Misheard(said(heard)) }
        var pattern = pattern
        if isPayload {
            message = withoutEmpties(message)
            pattern = withoutEmpties(pattern)
        }
        guard names.match(pattern, message) else { throw Misheard(said(heard)) }
    }

    /// Empty arguments at the end may be written or left out.
    private func withoutEmpties(_ message: Value) -> Value {
        guard case .list(var items) = message else { return message }
        while items.count > 4, items.last == .list([]) || items.last == .map([:]) {
            items.removeLast()
        }
        return .list(items)
    }

    private func closeGroup() throws {
        guard let (letter, patterns) = group else { return }
        group = nil
        var left = patterns
        for _ in patterns {
            let heard = hear(letter)
            guard case .message(let whole)? = heard else { throw Misheard(said(heard)) }
            let message = withoutEmpties(whole)
            let place = left.firstIndex { pattern in
                var trial = names
                guard trial.match(pattern, message) else { return false }
                names = trial
                return true
            }
            guard let place else { throw Misheard(said(heard)) }
            left.remove(at: place)
        }
    }

    private func nothingWaits(_ letter: Character) throws {
        if let heard = client(letter).hear() { throw Misheard("unexpected \(heard)") }
    }
}

@Suite struct TranscriptTests {
    @Test("every golden conversation goes as written, in every form", arguments: WAMPForm.allCases)
    func conversations(_ form: WAMPForm) throws {
        let conversations = try Conversation.all()
        #expect(conversations.count > 200)
        for conversation in conversations where form == .json || !conversation.isTextOnly {
            let play = Play(form)
            do {
                for (place, line) in conversation.lines {
                    do { try play.perform(line) } catch {
                        throw Misheard("line \(place): \(line.prefix(300)): \(error)")
                    }
                }
                try play.end()
            } catch {
                Issue.record("\(conversation.name) in \(form): \(error)")
            }
        }
    }
}
