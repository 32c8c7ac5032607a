// ShampooSession — one client: from a request to the procedure it names (specification §2).
//
// It stands for the reference's handler instance: it knows the endpoint and what the path, query
// and headers said, and tells procedures with every call. Requests are handled one at a time; what
// the client sends meanwhile, the engine holds back (§4).

import Bytes
import Codecs
import DialectKit
import Hub
import PathExpressions
import Rooms

internal final class ShampooSession: Session {
    private let dialect: ShampooDialect
    /// The place of the endpoint, which is also how its connections read rooms.
    private let place: Int
    private let context: EndpointContext
    /// Until it is open; nothing of it is needed later.
    private var rooms: [Room]
    private var lastToken: CallToken = 0
    private var pending: PendingCall?

    init(
        of dialect: ShampooDialect, at place: Int, _ context: EndpointContext, rooms: [Room]
    ) {
        self.dialect = dialect
        self.place = place
        self.context = context
        self.rooms = rooms
    }

    private var endpoint: ShampooEndpoint { dialect.endpoints[place] }

    func opened(_ commands: inout Commands) {
        for room in rooms { commands.append(.subscribe(.exact(room), Reading(place))) }
        rooms = []
    }

    /// The client asked for no room and is told nothing of them, so it must not stay without one.
    func refused(
        _ octets: RawSpan, _ pattern: Pattern, _ reading: Reading, _ commands: inout Commands
    ) {
        commands.append(.close(code: 1013, reason: "too many rooms"))
    }

    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        guard kind == .text else { return commands.end(.binary, octets) }
        do throws(JSONError) {
            var scanner = JSONScanner(octets)
            guard scanner.isAtObject() else {
                let item = try JSONScanner.document(octets)
                return commands.end(.kind(item, "object"), octets)
            }
            let request = try Request(scanning: octets)
            if let violation = request.violation(isStrict: dialect.settings.isStrict) {
                return commands.end(violation, octets)
            }
            call(request, &commands)
        } catch {
            commands.end(Violation(error), octets)
        }
    }

    private func call(_ request: borrowing Request, _ commands: inout Commands) {
        guard let name = request.method, let data = request.requestData,
            let id = request.requestID
        else { return }  // what has no violation has all of them
        let requestID = request.raw(id)
        let written = request.text.extracting(name.contents)
        guard let method = dialect.methods[place][request.name(name)],
            let procedure = method.procedure
        else { return commands.answer(requestID, .unknownMethod(written)) }
        guard endpoint.access.allows(.call, on: procedure) else {
            let error = ProcedureError(status: 403, message: "not authorized")
            let response = Response.outcome(.failure(error), method.rule, method: written)
            return commands.answer(requestID, response)
        }
        let object =
            endpoint.passesGroups
            ? context.merged(into: request.raw(data), names: endpoint.expression.names)
            : request.raw(data).array
        lastToken &+= 1
        pending = PendingCall(
            token: lastToken, requestID: requestID.array, name: written.array, method)
        commands.append(
            .call(
                lastToken,
                CallRequest(
                    procedure, method.rule.arguments(object: object),
                    timeLimit: method.timeLimit, context: context.octets)))
    }

    func answered(_ token: CallToken, _ outcome: CallOutcome, _ commands: inout Commands) {
        guard let call = pending, call.token == token else { return }
        pending = nil
        let (requestID, name) = (call.requestID, call.name)
        let response = Response.outcome(
            outcome, call.method.rule, method: unsafe name.span.bytes)
        commands.answer(unsafe requestID.span.bytes, response)
    }

    /// What a handler pushes before it answers (§2.4, §4). Data that is no JSON must not be sent,
    /// and nobody before us has looked at it.
    func told(_ note: any SessionNote, _ commands: inout Commands) {
        guard let push = note as? PushNote else { return }
        let data = push.data
        guard UTF8Checker.accepts(unsafe data.span.bytes),
            (try? JSONScanner.document(unsafe data.span.bytes)) != nil
        else { return }
        let key = endpoint.pushKey
        commands.reply { message in
            message.append(#"{"type":"push","push_event":"# as StaticString)
            message.append(jsonString: push.event)
            message.append(push: data, key: key)
        }
    }

    var leavesTraces: Bool { endpoint.disconnect != nil }

    /// The engine takes back the call; what is left is the instance's cleanup hook (§4).
    func closed(_ commands: inout Commands) {
        dialect.tellEnd(of: commands.connection, at: place, context)
    }
}

/// A request whose procedure has not answered. Rare and short-lived, so it has an object of its own
/// and the idle session only a reference.
private final class PendingCall {
    let token: CallToken
    /// The digits as they were sent.
    let requestID: [UInt8]
    /// As it was written, without quotes.
    let name: [UInt8]
    let method: ExposedMethod

    init(token: CallToken, requestID: [UInt8], name: [UInt8], _ method: ExposedMethod) {
        self.token = token
        self.requestID = requestID
        self.name = name
        self.method = method
    }
}

extension Commands {
    /// Ends the connection: no response is sent, and no later message looked at (§3).
    fileprivate mutating func end(_ violation: Violation, _ message: RawSpan) {
        append(.close(code: Violation.closeCode, reason: violation.reason(message)))
    }
}
