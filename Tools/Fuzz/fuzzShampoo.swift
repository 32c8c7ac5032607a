// fuzzShampoo — whatever a client says, it gets valid messages or one close.
//
// The first line of the input is path, query and a header, apart by spaces; each other line is one
// message of the same connection, binary when it begins with U+0001. The procedure answers with
// what it was asked, in the form that the last letter of its name says.

import Bytes
import Codecs
import DialectKit
import Hub
import Rooms
import Shampoo

func fuzzShampoo(_ bytes: UnsafeRawBufferPointer) {
    // The framing lets only UTF-8 through.
    let text = unsafe String(decoding: bytes, as: UTF8.self)
    var lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)[...]
    guard let opening = lines.popFirst() else { return }
    let words = String(Substring(opening)).split(separator: " ", maxSplits: 2)
    let request = OpeningRequest(
        path: words.isEmpty ? "/" : String(words[0]),
        query: words.count > 1 ? String(words[1]) : "",
        subprotocols: ["shampoo"],
        headers: [(name: "x-kept", value: words.count > 2 ? String(words[2]) : "")])
    guard case .accept(let session, _) = shampoo.open(request) else { return }
    var client = FuzzClient(session: session)
    client.open()
    for line in lines {
        client.send(Array(line))
        if client.isClosed { return }
    }
}

private let shampoo: ShampooDialect = {
    let methods = Dictionary(
        uniqueKeysWithValues: ["v", "k", "f", "n", "t"].map { name in
            let isKeywords = name == "k"
            let rule = CallRule(
                procedure: "p.{method}", arguments: isKeywords ? .keywords : .object,
                result: name == "f" ? .first : .value)
            return (name, ShampooMethod(rule))
        })
    // They are right, or every run ends here.
    let endpoints = try! [
        ShampooEndpoint(
            name: "chat", path: "^/chat/(?P<room>[^/]+)(?:/(?P<topic>.*))?$", methods: methods,
            rooms: ["chat.{room}", "{topic}.{room}"], passesGroups: true, headers: ["x-kept"]),
        ShampooEndpoint(name: "all", path: "/", methods: methods, pushEvent: "e"),
    ]
    return ShampooDialect(
        id: DialectID(rawValue: 1), realm: .standard, endpoints: endpoints)
}()

private struct FuzzClient: ~Copyable {
    let session: any Session
    var commands = Commands()
    var isClosed = false

    init(session: any Session) { self.session = session }

    mutating func open() {
        session.opened(&commands)
        for command in commands.list {
            guard case .subscribe(.exact(let room), let reading, _) = command else {
                preconditionFailure("an opening only subscribes")
            }
            let publication = Publication(
                realm: .standard, room: room, payload: Array("[1]".utf8))
            var message = OctetBuffer()
            precondition(shampoo.encode(publication, reading: reading, into: &message) != nil)
            precondition((try? JSONScanner.document(message.octets))?.kind == .object)
        }
    }

    mutating func send(_ octets: [UInt8]) {
        commands.removeAll()
        let isBinary = octets.first == 1
        session.receive(isBinary ? .binary : .text, unsafe octets.span.bytes, &commands)
        precondition(commands.list.count == 1)
        guard case .call(let token, let request) = commands.list[0] else { return check() }
        precondition(!isBinary && request.holdsInput)
        precondition(isObject(request.context))
        let value = request.arguments.value()
        precondition((try? JSONScanner.document(unsafe value.span.bytes)) != nil)
        commands.removeAll()
        session.told(PushNote(event: "e", data: value), &commands)
        precondition(commands.list.count == 1)
        check()
        commands.removeAll()
        session.answered(token, outcome(request), &commands)
        precondition(commands.list.count == 1)
        check()
    }

    private func outcome(_ request: CallRequest) -> CallOutcome {
        switch request.procedure.octets.last {
        case 0x6E: .failure(ProcedureError(status: 409, message: "no"))  // n
        case 0x74:  // t: keywords beside an empty object
            .result(Self.triple(request))
        default: .result(request.arguments)
        }
    }

    /// An empty object, and the request as keywords.
    private static func triple(_ request: CallRequest) -> Arguments {
        let object = request.arguments.listText.dropFirst().dropLast()
        let octets = Array("[{}]".utf8) + object
        return Arguments(
            octets: octets, serialization: .json, arguments: Extent(0..<4),
            keywords: Extent(4..<octets.count))
    }

    /// The one command is a message in JSON, or the end in a reason that fits.
    private mutating func check() {
        switch commands.list[0] {
        case .reply(let kind, let range):
            precondition(kind == .text)
            let reply = commands.octets.octets.extracting(range)
            precondition((try? JSONScanner.document(reply))?.kind == .object)
        case .close(let code, let reason):
            precondition(code == 3012 && reason.utf8.count <= 123)
            isClosed = true
        default: preconditionFailure("the dialect does not do this here")
        }
    }

    private func isObject(_ text: [UInt8]) -> Bool {
        (try? JSONScanner.document(unsafe text.span.bytes))?.kind == .object
    }
}
