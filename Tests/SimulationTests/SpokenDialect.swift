// SpokenDialect — the smallest dialect that asks the engine for everything: a message is a wish.
//
//     sub PATTERN TAIL     subscribes; `-` is no tail     unsub PATTERN TAIL    all (ends all)
//     pub ROOM TEXT        publishes                      echo TEXT             id
//     call TOKEN PROCEDURE MILLISECONDS holds|goes JSON   cancel TOKEN
//     hold MILLISECONDS    holds its input for so long    quit                  closes
//     work                 holds it for work done elsewhere, then `worked`
//
// What is done is confirmed as `did …`. Patterns: `a.b` is a room, `?a..b` a wildcard with the second
// segment open, `^a.b` a prefix.

import Bytes
import DialectKit
import Engine
import Hub
import Rooms

final class SpokenDialect: Dialect {
    /// Decides in place of the dialect, where it wants to.
    typealias Opener = @Sendable (OpeningRequest, SpokenDialect) -> OpeningDecision?

    let ignoresRooms: Bool
    /// Sessions hold their input for 50 ms at first.
    let holdsFirst: Bool
    private let opener: Opener?
    /// What is done elsewhere.
    fileprivate let job: @Sendable () -> Void

    init(
        ignoresRooms: Bool = true, holdsFirst: Bool = false, opener: Opener? = nil,
        job: @escaping @Sendable () -> Void = {}
    ) {
        self.job = job
        self.ignoresRooms = ignoresRooms
        self.holdsFirst = holdsFirst
        self.opener = opener
    }

    var deliversOncePerConnection: Bool { false }

    func open(_ request: OpeningRequest) -> OpeningDecision {
        opener?(request, self) ?? acceptance
    }

    var acceptance: OpeningDecision { .accept(SpokenSession(self), subprotocol: nil) }

    func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? {
        if !ignoresRooms {
            publication.room.appendDotted(to: &message)
            message.append("=")
        }
        return message.append(payload: publication.value)
    }

    static func room(_ name: some StringProtocol) -> Room {
        let octets = Array(name.utf8)
        return try! Room(dotted: unsafe octets.span.bytes)
    }

    static func name(of room: Room) -> String {
        var buffer = OctetBuffer()
        room.appendDotted(to: &buffer)
        return buffer.octets.text
    }

    static func pattern(_ name: some StringProtocol) -> Pattern {
        switch name.first {
        case "?": .wildcard(segments(name.dropFirst(), openIf: ""))
        case "^": .prefix(Array(name.dropFirst().utf8))
        default: .exact(room(name))
        }
    }

    /// Dotted parts, `nil` for those that read `open`.
    static func segments(_ name: some StringProtocol, openIf open: String) -> [[UInt8]?] {
        name.split(separator: ".", omittingEmptySubsequences: false).map {
            $0 == open ? nil : Array($0.utf8)
        }
    }
}

private final class WorkNote: SessionNote {}

private final class SpokenSession: Session {
    private let dialect: SpokenDialect

    init(_ dialect: SpokenDialect) { self.dialect = dialect }

    func opened(_ commands: inout Commands) {
        guard dialect.holdsFirst else { return }
        commands.append(.holdInput)
        commands.append(.wake(after: 50_000_000))
    }

    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        let text = octets.text
        let words = text.split(separator: " ", maxSplits: 5).map(String.init)
        switch words[0] {
        case "sub":
            commands.append(.subscribe(SpokenDialect.pattern(words[1]), 0, tail: tail(words)))
        case "unsub":
            commands.append(.unsubscribe(SpokenDialect.pattern(words[1]), 0, tail: tail(words)))
        case "all": commands.append(.unsubscribeAll)
        case "echo": return commands.reply { $0.append(String(text.dropFirst(5))) }
        case "id":
            let id = commands.connection
            return commands.reply { $0.append("\(id)") }
        case "pub":
            commands.reply { $0.append("did pub") }
            let payload = Array(text.dropFirst(5 + words[1].utf8.count).utf8)
            let room = SpokenDialect.room(words[1])
            let publication = Publication(realm: .standard, room: room, payload: payload)
            return commands.append(.publish(publication))
        case "call":
            let request = CallRequest(
                SpokenDialect.room(words[2]), Arguments(value: Array(words[5].utf8)),
                timeLimit: UInt64(words[3])! * 1_000_000, holdsInput: words[4] == "holds",
                context: Array(#"{"from":"spoken"}"#.utf8))
            return commands.append(.call(CallToken(words[1])!, request))
        case "cancel": commands.append(.cancelCall(CallToken(words[1])!))
        case "hold":
            commands.append(.holdInput)
            commands.append(.wake(after: UInt64(words[1])! * 1_000_000))
        case "work":
            let job = dialect.job
            commands.append(.holdInput)
            commands.append(
                .workElsewhere {
                    job()
                    return WorkNote()
                })
        case "quit": commands.append(.close(code: 1000, reason: ""))
        default: preconditionFailure("nobody says \(text)")
        }
        commands.reply { $0.append("did \(text)") }
    }

    private func tail(_ words: [String]) -> [UInt8] {
        words[2] == "-" ? [] : Array(words[2].utf8)
    }

    func answered(_ token: CallToken, _ outcome: CallOutcome, _ commands: inout Commands) {
        commands.reply { message in
            switch outcome {
            case .result(let arguments):
                message.append("answer \(token) ")
                message.append(arguments.value())
            case .failure(let error): message.append("failure \(token) \(error.uri)")
            }
        }
    }

    func told(_ note: any SessionNote, _ commands: inout Commands) {
        if note is WorkNote {
            commands.reply { $0.append("worked") }
            commands.append(.releaseInput)
        }
        guard let push = note as? PushNote else { return }
        commands.reply { message in
            message.append("push \(push.event) ")
            message.append(push.data)
        }
    }

    func timePassed(_ commands: inout Commands) { commands.append(.releaseInput) }
}
