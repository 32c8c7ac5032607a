// fuzzOpenAPI — whatever a client sends, it gets JSON back and the engine gets sound commands.
//
// Each line of the input is one message of the same connection.

import Bytes
import Codecs
import DialectKit
import Hub
import OpenAPIRPC
import Rooms

func fuzzOpenAPI(_ bytes: UnsafeRawBufferPointer) {
    let dialect = OpenAPIDialect(
        id: DialectID(rawValue: 1), realm: .standard,
        settings: OpenAPISettings(testMethods: true, subscriptionLimit: 8, refusalLimit: 2),
        directory: FuzzDirectory())
    let request = OpeningRequest(path: "/stream", query: "", subprotocols: [], headers: [])
    guard case .accept(let session, _) = dialect.open(request) else {
        preconditionFailure("the dialect accepts everybody")
    }
    // The framing lets only UTF-8 through.
    let text = unsafe String(decoding: bytes, as: UTF8.self)
    var client = FuzzClient(dialect: dialect, session: session)
    for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
        client.send(Array(line))
        if client.isClosed { return }
    }
}

private struct FuzzClient: ~Copyable {
    let dialect: OpenAPIDialect
    let session: any Session
    var commands = Commands()
    var subscriptions: Set<Pattern> = []
    var isClosed = false

    init(dialect: OpenAPIDialect, session: any Session) {
        self.dialect = dialect
        self.session = session
    }

    mutating func send(_ octets: [UInt8]) {
        commands.removeAll()
        session.receive(.text, unsafe octets.span.bytes, &commands)
        precondition(!commands.list.isEmpty)
        var call: (token: CallToken, arguments: Arguments)?
        for command in commands.list {
            if case .call(let token, let request) = command {
                precondition(call == nil && request.holdsInput)
                call = (token, request.arguments)
            } else {
                check(command)
            }
        }
        guard let call else { return }
        let object = call.arguments.value()
        precondition((try? JSONScanner.document(unsafe object.span.bytes))?.kind == .object)
        commands.removeAll()
        session.answered(call.token, .result(call.arguments), &commands)
        precondition(commands.list.count == 1)
        check(commands.list[0])
    }

    private mutating func check(_ command: Command) {
        switch command {
        case .reply(let kind, let range):
            precondition(kind == .text)
            let reply = commands.octets.octets.extracting(range)
            precondition((try? JSONScanner.document(reply))?.kind == .object)
        case .subscribe(let pattern, let reading, tail: _):
            precondition(isSound(pattern, reading))
            precondition(subscriptions.insert(pattern).inserted)
            precondition(subscriptions.count <= dialect.settings.subscriptionLimit)
        case .unsubscribe(let pattern, let reading, tail: _):
            precondition(isSound(pattern, reading))
            precondition(subscriptions.remove(pattern) != nil)
        case .publish(let publication): check(publication)
        case .close: isClosed = true
        default: preconditionFailure("the dialect does not do this here")
        }
    }

    private func isSound(_ pattern: Pattern, _ reading: Reading) -> Bool {
        guard case .glob(let parent, _) = pattern else { return false }
        return reading >= 1 && parent.segmentCount == reading
    }

    /// Every reading of a publication is an event in JSON.
    private func check(_ publication: Publication) {
        let payload = publication.value
        precondition((try? JSONScanner.document(unsafe payload.span.bytes)) != nil)
        guard let reading = publication.reading else {
            preconditionFailure("a publication of the dialect has its reading")
        }
        precondition(reading >= 1 && reading <= publication.room.segmentCount)
        for reading in 1...Reading(publication.room.segmentCount) {
            var message = OctetBuffer()
            precondition(dialect.encode(publication, reading: reading, into: &message) != nil)
            precondition((try? JSONScanner.document(message.octets))?.kind == .object)
        }
    }
}

/// Knows one procedure and nobody else.
private struct FuzzDirectory: Directory {
    func connectionCount(of dialect: DialectID, in realm: Realm) -> Int { 1 }

    func subscriptions(
        of dialect: DialectID, in realm: Realm
    ) -> [(pattern: Pattern, subscriberCount: Int)] { [] }

    func hasSubscribers(under parent: Room, of dialect: DialectID, in realm: Realm) -> Bool {
        parent.segmentCount > 1
    }

    func subscribedPatternCount(of dialect: DialectID, in realm: Realm) -> Int { 0 }
    func deliveryCount(of dialect: DialectID) -> Int { 0 }
}
