// OpenAPISession — one client: from a message to the method it names (specification §2).
//
// Calls are answered in the order in which they came. The methods of the dialect answer at once; a
// procedure may take its time, and the engine holds back what the client sends meanwhile (§2.4).

import Bytes
import Codecs
import DialectKit
import Hub
import Rooms

/// The state of one connection: its subscriptions, and the call it waits for.
internal final class OpenAPISession: Session {
    internal let dialect: OpenAPIDialect
    internal var subscriptions = SubscriptionList()
    /// Subscriptions refused because the connection has too many.
    internal var refusalCount: Int32 = 0
    private var lastToken: UInt32 = 0
    private var pending: PendingCall?

    init(of dialect: OpenAPIDialect) { self.dialect = dialect }

    /// Answers one message. Binary ones are ignored (§1).
    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        guard kind == .text else { return }
        do throws(JSONError) {
            var scanner = JSONScanner(octets)
            if scanner.isAtObject() {
                let call = try Envelope(scanning: octets)
                answer(call, &commands)
            } else {
                let item = try scanner.value(digitLimit: Envelope.digitLimit)
                try scanner.end()
                let name = item.kind.pythonName
                commands.refuse(
                    Caller(), "Malformed message; expected dictionary, got \(name)")
            }
        } catch {
            commands.refuse(Caller(), error.answer)
        }
    }

    private func answer(_ call: borrowing Envelope, _ commands: inout Commands) {
        let problems = call.problems
        guard problems.isEmpty else {
            commands.refuse(Caller(of: call, tellingMethod: false), problems)
            return
        }
        guard let method = method(of: call), dialect.settings.methods.contains(method) else {
            callProcedure(call, &commands)
            return
        }
        switch method {
        case .publish: publish(call, &commands)
        case .subscribe: subscribe(call, &commands)
        case .unsubscribe: unsubscribe(call, &commands)
        case .serverInfo, .info: tellServerInfo(call, &commands)
        case .echo: echo(call, &commands)
        case .cancel: commands.append(.close(code: 1000, reason: ""))
        case .badJSON:
            commands.refuse(Caller(of: call, tellingMethod: true), PendingCall.noJSON)
        default: preconditionFailure("every method of the dialect has its case")
        }
    }

    private func method(of call: borrowing Envelope) -> OpenAPIMethods? {
        guard let method = call.method, method.kind == .string else { return nil }
        if !method.hasEscapes {
            return OpenAPIMethods.named(call.text.extracting(method.contents))
        }
        guard let name = call.name(method) else { return nil }
        return OpenAPIMethods.named(unsafe name.span.bytes)
    }

    /// §3.5: the payload comes back.
    private func echo(_ call: borrowing Envelope, _ commands: inout Commands) {
        let start = commands.beginResponse(Caller(of: call, tellingMethod: true))
        if let payload = call.payload, payload.kind == .object {
            commands.octets.append(call.raw(payload))
        } else {
            commands.octets.append(literal: "{}")
        }
        commands.endReply(from: start)
    }

    /// Asks a procedure of the realm for what the dialect does not know itself.
    private func callProcedure(_ call: borrowing Envelope, _ commands: inout Commands) {
        let caller = Caller(of: call, tellingMethod: true)
        let settings = dialect.settings
        guard let name = call.name(call.method), !name.isEmpty,
            let procedure = settings.calls.room(method: name)
        else {
            commands.refuseUnknownMethod(caller)
            return
        }
        guard settings.access.allows(.call, on: procedure),
            commands.allows(.call, on: procedure)
        else {
            commands.refuse(caller, Problems("method", "not authorized"))
            return
        }
        lastToken &+= 1
        pending = PendingCall(
            token: CallToken(lastToken), id: caller.id.array, method: caller.method.array)
        let arguments = settings.calls.arguments(object: call.payloadObject)
        commands.append(
            .call(
                CallToken(lastToken),
                CallRequest(procedure, arguments, timeLimit: settings.callTime)))
    }

    /// Answers the call that waited, if it still does.
    func answered(_ token: CallToken, _ outcome: CallOutcome, _ commands: inout Commands) {
        guard let call = pending, call.token == token else { return }
        pending = nil
        let (id, method) = (call.id, call.method)
        let caller = Caller(id: unsafe id.span.bytes, method: unsafe method.span.bytes)
        switch outcome {
        case .result(let arguments):
            let start = commands.beginResponse(caller)
            commands.octets.append(dialect.settings.calls.value(of: arguments))
            commands.endReply(from: start)
        case .failure(let error):
            if error.isCalled(ProcedureError.noSuchProcedureURI) {
                commands.refuseUnknownMethod(caller)
            } else if error.isCalled(ProcedureError.crashedURI) {
                commands.append(.close(code: 1011, reason: "internal error"))
            } else if error.isCalled(ProcedureError.notJSONURI) {
                commands.refuse(caller, PendingCall.noJSON)
            } else {
                commands.refuse(caller, error.message)
            }
        }
    }
}

/// A call whose procedure has not answered. Rare and short-lived, so it has an object of its own
/// and the idle session only a reference.
private final class PendingCall {
    /// What is said when a result cannot be sent (§2.3, last row).
    static let noJSON = "JSON object expected"

    let token: CallToken
    let id: [UInt8]
    let method: [UInt8]

    init(token: CallToken, id: [UInt8], method: [UInt8]) {
        self.token = token
        self.id = id
        self.method = method
    }
}

extension Commands {
    /// §2.3: nobody answers to that name. A null name is spelled as the reference spells it.
    fileprivate mutating func refuseUnknownMethod(_ caller: borrowing Caller) {
        var name = OctetBuffer()
        if caller.method.byteCount >= 2 {
            let contents = caller.method.extracting(1..<caller.method.byteCount - 1)
            _ = name.append(unescaping: contents)
        } else {
            name.append("None")
        }
        refuse(caller, Problems("method", name.octets.text + " method not available"))
    }
}

extension JSONKind {
    /// What the reference calls a value of this kind (§2.3).
    fileprivate var pythonName: String {
        switch self {
        case .null: "NoneType"
        case .false, .true: "bool"
        case .integer: "int"
        case .fraction: "Decimal"
        case .string: "str"
        case .array: "list"
        case .object: "dict"
        }
    }
}

extension JSONError {
    /// The message of the error reply. The specification knows the first one only; the others are
    /// limits of ours, and a client that meets one should be told which.
    fileprivate var answer: String {
        switch self {
        case .malformed: "JSON string expected"
        case .tooDeep: "JSON nested deeper than \(JSONScanner.depthLimit) levels"
        case .numberTooLong: "Number longer than \(Envelope.digitLimit) digits"
        case .tooManyKeys: "More than \(Envelope.keyLimit) members"
        }
    }
}
