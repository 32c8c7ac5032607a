// RouterMessage — what a router sends, as values: a session says what, the form says how it is
// written (reference §3).

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import WAMP

/// One message to a client.
internal enum RouterMessage {
    case welcome(session: UInt64, Welcome)
    case challenge(method: String, extra: Extra)
    case abort(reason: String, message: String?)
    case goodbye(reason: String, message: String?)
    /// What a broken message is answered with.
    case answer(MessageError)
    /// An ERROR of ours.
    case refusal(MessageCode, request: UInt64, URI, text: String?)
    /// An ERROR that forwards another one.
    case failure(MessageCode, request: UInt64, uri: String, Arguments)
    case published(request: UInt64, publication: UInt64)
    case subscribed(request: UInt64, subscription: UInt64)
    case unsubscribed(request: UInt64)
    case subscriptionRevoked(UInt64, reason: String)
    case event(
        subscription: UInt64, publication: UInt64, topic: [UInt8]?, Identity?, isRetained: Bool,
        Arguments)
    case registered(request: UInt64, registration: UInt64)
    case unregistered(request: UInt64)
    case registrationRevoked(UInt64, reason: String)
    case invocation(Invocation, procedure: [UInt8]?, CallArguments)
    case interrupt(invocation: UInt64, CancelMode, URI?)
    case result(request: UInt64, isProgress: Bool, Arguments)
}

extension RouterMessage {
    /// Appends the message in a serialization.
    ///
    /// - Returns: Where the payload of an event stands; nothing for others.
    /// - Throws: For payload that cannot be said in it, which decoded payload always can.
    internal func append(
        as serialization: Serialization, into buffer: inout OctetBuffer
    ) throws(CodecError) -> Range<Int> {
        switch serialization {
        case .json: try append(MessageEncoder<JSONWriter>.self, into: &buffer)
        case .messagePack: try append(MessageEncoder<MessagePackWriter>.self, into: &buffer)
        case .cbor: try append(MessageEncoder<CBORWriter>.self, into: &buffer)
        }
    }

    private func append<Writer: ItemWriter>(
        _ encoder: MessageEncoder<Writer>.Type, into buffer: inout OctetBuffer
    ) throws(CodecError) -> Range<Int> {
        switch self {
        case .welcome(let session, let welcome):
            encoder.welcome(session: session, welcome, into: &buffer)
        case .challenge(let method, let extra):
            encoder.challenge(method: method, extra: extra, into: &buffer)
        case .abort(let reason, let text):
            let reason = Array(reason.utf8)
            encoder.abort(reason: unsafe reason.span.bytes, message: text, into: &buffer)
        case .goodbye(let reason, let text):
            let reason = Array(reason.utf8)
            encoder.goodbye(reason: unsafe reason.span.bytes, message: text, into: &buffer)
        case .answer(let error): encoder.answer(error, into: &buffer)
        case .refusal(let code, let request, let uri, let text):
            encoder.error(code, request: request, uri, text: text, into: &buffer)
        case .failure(let code, let request, let uri, let arguments):
            let uri = Array(uri.utf8)
            let octets = arguments.octets
            let payload = unsafe Payload(arguments, in: octets.span.bytes)
            try encoder.error(
                code, request: request, uri: unsafe uri.span.bytes, payload: payload,
                into: &buffer)
        case .published(let request, let publication):
            encoder.published(request: request, publication: publication, into: &buffer)
        case .subscribed(let request, let subscription):
            encoder.subscribed(request: request, subscription: subscription, into: &buffer)
        case .unsubscribed(let request): encoder.unsubscribed(request: request, into: &buffer)
        case .subscriptionRevoked(let id, let reason):
            encoder.unsubscribed(revoking: id, reason: reason, into: &buffer)
        case .event(
            let subscription, let publication, let topic, let publisher, let isRetained,
            let arguments):
            let octets = arguments.octets
            let payload = unsafe Payload(arguments, in: octets.span.bytes)
            if let topic {
                return try encoder.event(
                    subscription: subscription, publication: publication,
                    topic: unsafe topic.span.bytes, publisher: publisher,
                    isRetained: isRetained, payload: payload, into: &buffer)
            } else {
                return try encoder.event(
                    subscription: subscription, publication: publication, publisher: publisher,
                    isRetained: isRetained, payload: payload, into: &buffer)
            }
        case .registered(let request, let registration):
            encoder.registered(request: request, registration: registration, into: &buffer)
        case .unregistered(let request): encoder.unregistered(request: request, into: &buffer)
        case .registrationRevoked(let id, let reason):
            encoder.unregistered(revoking: id, reason: reason, into: &buffer)
        case .invocation(let invocation, let procedure, let call):
            try append(invocation, procedure, call, encoder, into: &buffer)
        case .interrupt(let invocation, let mode, let reason):
            encoder.interrupt(request: invocation, mode: mode, reason: reason, into: &buffer)
        case .result(let request, let isProgress, let arguments):
            let octets = arguments.octets
            let payload = unsafe Payload(arguments, in: octets.span.bytes)
            try encoder.result(
                request: request, isProgress: isProgress, payload: payload, into: &buffer)
        }
        return buffer.count..<buffer.count
    }

    private func append<Writer: ItemWriter>(
        _ invocation: Invocation, _ procedure: [UInt8]?, _ call: CallArguments,
        _ encoder: MessageEncoder<Writer>.Type, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        let octets = call.arguments.octets
        let payload = unsafe Payload(call.arguments, in: octets.span.bytes)
        let caller = invocation.caller == nil ? nil : call.caller
        // Less than a millisecond is still a timeout.
        let timeout = invocation.timeout == 0 ? nil : max(invocation.timeout / 1_000_000, 1)
        if let procedure {
            try encoder.invocation(
                request: invocation.id, registration: invocation.registration,
                procedure: unsafe procedure.span.bytes, caller: caller,
                receivesProgress: invocation.receivesProgress, isProgress: invocation.isPart,
                timeout: timeout, payload: payload, into: &buffer)
        } else {
            try encoder.invocation(
                request: invocation.id, registration: invocation.registration, caller: caller,
                receivesProgress: invocation.receivesProgress, isProgress: invocation.isPart,
                timeout: timeout, payload: payload, into: &buffer)
        }
    }
}
