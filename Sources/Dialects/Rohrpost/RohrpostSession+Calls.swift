// RohrpostSession, calls — every type that is not the dialect's own (specification §4.4).
//
// The type is a procedure of the realm by the route's rule, the data its argument. What comes back
// is written as the dialect writes answers: an object is the data, nothing is no data, and any
// other value is the one member of an object, as for a ping.

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms

extension RohrpostSession {
    internal func call(
        _ type: [UInt8], _ call: borrowing Envelope, _ commands: inout Commands
    ) {
        guard let rule = settings.calls.rule(for: type), let room = rule.room(method: type) else {
            return refuseUnknownType(call, &commands)
        }
        let caller = Caller(of: call)
        guard let claims = claims(of: call), settings.access.allows(.call, on: room),
            commands.allows(.call, on: room)
        else {
            return deny(caller, &commands)
        }
        guard let data = Self.argument(call, rule) else {
            return refuse(caller, "Expected a JSON object as data.", &commands)
        }
        lastToken &+= 1
        let token = CallToken(lastToken)
        pending = PendingCall(
            token: token, id: caller.id.array, type: caller.type.array, rule: rule)
        commands.append(
            .call(
                token,
                CallRequest(
                    room, rule.arguments(object: data), timeLimit: settings.callTimeLimit,
                    holdsInput: true, context: Self.context(caller.type, claims))))
    }

    /// The data as it was sent; an empty object when there is none. Keywords must be an object.
    private static func argument(_ call: borrowing Envelope, _ rule: CallRule) -> [UInt8]? {
        switch call.data?.kind {
        case nil: Array("{}".utf8)
        case .object: call.raw(call.data).array
        case .null where rule.arguments == .keywords: Array("{}".utf8)
        default: rule.arguments == .keywords ? nil : call.raw(call.data).array
        }
    }

    /// What the handler is told: the type that was called, since it may have several names, and
    /// what the token claims. The token itself stays here; it would open every other door.
    private static func context(_ type: RawSpan, _ claims: [UInt8]) -> [UInt8] {
        var context = OctetBuffer(capacity: type.byteCount + claims.count + 48)
        context.append(#"{"dialect":"rohrpost","type":"# as StaticString)
        context.append(type)
        if !claims.isEmpty {
            context.append(#","claims":"# as StaticString)
            context.append(claims)
        }
        context.append(0x7D)
        return context.octets.array
    }

    /// Answers the call that waited, if it still does.
    func answered(_ token: CallToken, _ outcome: CallOutcome, _ commands: inout Commands) {
        guard let call = pending, call.token == token else { return }
        pending = nil
        let (id, type) = (call.id, call.type)
        let caller = Caller(id: unsafe id.span.bytes, type: unsafe type.span.bytes)
        switch outcome {
        case .result(let result):
            let value = call.rule.value(of: result)
            let octets = unsafe value.span.bytes
            guard let item = try? JSONScanner.document(octets) else {
                return refuse(caller, Wording.failed, &commands)
            }
            if item.kind == .null {
                commands.answer(caller)
            } else {
                commands.answer(caller, data: octets.extracting(item.range))
            }
        case .failure(let error):
            if error.isCalled(ProcedureError.noSuchProcedureURI) {
                return refuseUnknownType(caller, &commands)
            }
            let message = error.isCalled(ProcedureError.crashedURI) ? "" : error.message
            // An error without a word would be a success to the client.
            refuse(caller, message.isEmpty ? Wording.failed : message, &commands)
        }
    }
}

/// A call whose procedure has not answered. Rare and short-lived, so it has an object of its own
/// and the idle session only a reference.
internal final class PendingCall {
    let token: CallToken
    /// Both as they were sent.
    let id: [UInt8]
    let type: [UInt8]
    let rule: CallRule

    init(token: CallToken, id: [UInt8], type: [UInt8], rule: CallRule) {
        self.token = token
        self.id = id
        self.type = type
        self.rule = rule
    }
}
