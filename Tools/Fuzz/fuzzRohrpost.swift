// fuzzRohrpost — whatever a client or a back end says: a client gets one JSON object for each
// message, and a back end a sentence or a publication that every member can read.
//
// The first octet chooses settings. Each line of the rest is one message of the same connection;
// one that begins with N is what a back end reports about a model, with M a message to a group.

import Bytes
import Codecs
import DialectKit
import Hub
import Rohrpost
import Rooms
import Tokens

func fuzzRohrpost(_ bytes: UnsafeRawBufferPointer) {
    let input = unsafe bytes.bytes
    guard input.byteCount > 0 else { return }
    let choice = input[octet: 0]
    let dialect = RohrpostDialect(
        id: DialectID(rawValue: 1), realm: .standard, settings: settings(choice),
        wallClock: { 1_500_000_000_000_000_000 })
    let request = OpeningRequest(path: "/rohrpost/", query: "", subprotocols: [], headers: [])
    guard case .accept(let session, _) = dialect.open(request) else {
        preconditionFailure("the dialect accepts everybody")
    }
    var client = FuzzClient(dialect: dialect, session: session)
    let lines = input.extracting(1..<input.byteCount).array
        .split(separator: 0x0A, omittingEmptySubsequences: false)
    for line in lines {
        switch line.first {
        case 0x4E: client.notify(Array(line.dropFirst()))
        case 0x4D: client.sendToGroup(Array(line.dropFirst()))
        // The framing lets only UTF-8 through.
        default: client.send(Array(String(decoding: line, as: UTF8.self).utf8))
        }
    }
}

private func settings(_ choice: UInt8) -> RohrpostSettings {
    RohrpostSettings(
        mirrorsErrorInData: choice & 1 != 0, pingsRawData: choice & 2 != 0,
        token: choice & 4 != 0 ? .fixed([0x74]) : .none,
        access: choice & 8 != 0
            ? Access(rules: [.init(.prefix([0x61]), allows: .all)]) : .open,
        calls: CallableTypes(
            every: CallRule(
                arguments: choice & 16 != 0 ? .keywords : .object,
                result: choice & 32 != 0 ? .first : .value)),
        subscriptionLimit: 4)
}

private struct FuzzClient: ~Copyable {
    let dialect: RohrpostDialect
    let session: any Session
    var commands = Commands()
    var groups: Set<Room> = []

    init(dialect: RohrpostDialect, session: any Session) {
        self.dialect = dialect
        self.session = session
    }

    mutating func send(_ octets: [UInt8]) {
        commands.removeAll()
        session.receive(.text, unsafe octets.span.bytes, &commands)
        guard case .call(let token, let request)? = commands.list.last else {
            return checkCommands()
        }
        precondition(commands.list.count == 1 && request.holdsInput)
        let context = request.context
        precondition(isObject(unsafe context.span.bytes))
        let value = request.arguments.value()
        precondition((try? JSONScanner.document(unsafe value.span.bytes)) != nil)
        commands.removeAll()
        session.answered(token, .result(request.arguments), &commands)
        checkCommands()
    }

    /// One answer, behind at most one change of groups.
    private mutating func checkCommands() {
        var answerCount = 0
        for command in commands.list {
            switch command {
            case .reply(.text, let range):
                answerCount += 1
                precondition(isObject(commands.octets.octets.extracting(range)))
            case .subscribe(.exact(let room), 0, tail: []):
                precondition(answerCount == 0 && groups.insert(room).inserted)
                precondition(groups.count <= dialect.settings.subscriptionLimit)
            case .unsubscribe(.exact(let room), 0, tail: []):
                precondition(answerCount == 0 && groups.remove(room) != nil)
            default: preconditionFailure("the dialect does not do this here")
            }
        }
        precondition(answerCount == 1)
    }

    func notify(_ octets: [UInt8]) {
        do throws(ReportProblem) {
            let change = try ModelChange(parsing: unsafe octets.span.bytes)
            let publication = change.publication(in: .standard)
            let value = publication.value
            precondition(isObject(unsafe value.span.bytes))
            var message = OctetBuffer()
            precondition(dialect.encode(publication, reading: 0, into: &message) != nil)
            precondition(isObject(message.octets))
        } catch {
            precondition(!error.sentence.isEmpty)
        }
    }

    func sendToGroup(_ octets: [UInt8]) {
        do throws(ReportProblem) {
            let own = try GroupMessage(parsing: unsafe octets.span.bytes)
                .publication(in: .standard, dialect: dialect.id)
            let value = own.value
            precondition((try? JSONScanner.document(unsafe value.span.bytes)) != nil)
            var message = OctetBuffer()
            precondition(dialect.encode(own, reading: 0, into: &message) != nil)
            precondition(message.count > 0)
        } catch {
            precondition(!error.sentence.isEmpty)
        }
    }
}

/// Whether it is a JSON object. What was as deep as messages may be is wrapped once or twice more.
private func isObject(_ octets: RawSpan) -> Bool {
    do throws(JSONError) {
        return try JSONScanner.document(octets).kind == .object
    } catch {
        return error == .tooDeep
    }
}
