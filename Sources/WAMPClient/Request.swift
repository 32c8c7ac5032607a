// Request — everything a client says, once, for three serializations.
//
// `MessageEncoder` is generic over its writer and chosen when we compile; which serialization a
// session speaks is known when we run. This is the one switch between the two.

internal import Bytes
internal import Codecs
internal import Hub
internal import WAMP

enum Request {
    case hello(ClientHello)
    case authenticate(ChallengeAnswer)
    case abort(URI, message: String)
    case goodbye(URI)
    case subscribe(UInt64, topic: String, MatchPolicy?, getRetained: Bool?)
    case unsubscribe(UInt64, subscription: UInt64)
    case publish(UInt64, topic: String, PublishOptions, Arguments)
    case call(UInt64, procedure: String, ClientCallOptions, Arguments)
    case cancel(UInt64, CancelMode)
    case register(UInt64, procedure: String, ClientRegisterOptions)
    case unregister(UInt64, registration: UInt64)
    case yield(UInt64, isProgress: Bool, Arguments)
    case fail(UInt64, uri: String, Arguments)

    /// Appends the message.
    ///
    /// - Throws: `CodecError` for arguments that are not what they were validated to be.
    func append(
        as serialization: Serialization, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        switch serialization {
        case .json: try append(MessageEncoder<JSONWriter>.self, &buffer)
        case .messagePack: try append(MessageEncoder<MessagePackWriter>.self, &buffer)
        case .cbor: try append(MessageEncoder<CBORWriter>.self, &buffer)
        }
    }

    private func append<Writer: ItemWriter>(
        _ encoder: MessageEncoder<Writer>.Type, _ buffer: inout OctetBuffer
    ) throws(CodecError) {
        switch self {
        case .hello(let hello): encoder.hello(hello, into: &buffer)
        case .authenticate(let answer):
            encoder.authenticate(
                signature: answer.signature, extra: answer.extra, into: &buffer)
        case .abort(let reason, let text): encoder.abort(reason, message: text, into: &buffer)
        case .goodbye(let reason): encoder.goodbye(reason, into: &buffer)
        case .subscribe(let id, let topic, let match, let getRetained):
            let topic = Array(topic.utf8)
            encoder.subscribe(
                request: id, topic: unsafe topic.span.bytes, match: match,
                getRetained: getRetained, into: &buffer)
        case .unsubscribe(let id, let subscription):
            encoder.unsubscribe(request: id, subscription: subscription, into: &buffer)
        case .publish(let id, let topic, let options, let arguments):
            let topic = Array(topic.utf8)
            try arguments.withPayload { (payload) throws(CodecError) in
                try encoder.publish(
                    request: id, topic: unsafe topic.span.bytes, options: options,
                    payload: payload, into: &buffer)
            }
        case .call(let id, let procedure, let options, let arguments):
            let procedure = Array(procedure.utf8)
            try arguments.withPayload { (payload) throws(CodecError) in
                try encoder.call(
                    request: id, procedure: unsafe procedure.span.bytes, options: options,
                    payload: payload, into: &buffer)
            }
        case .cancel(let id, let mode): encoder.cancel(request: id, mode: mode, into: &buffer)
        case .register(let id, let procedure, let options):
            let procedure = Array(procedure.utf8)
            encoder.register(
                request: id, procedure: unsafe procedure.span.bytes, options: options,
                into: &buffer)
        case .unregister(let id, let registration):
            encoder.unregister(request: id, registration: registration, into: &buffer)
        case .yield(let id, let isProgress, let arguments):
            try arguments.withPayload { (payload) throws(CodecError) in
                try encoder.yield(
                    request: id, isProgress: isProgress, payload: payload, into: &buffer)
            }
        case .fail(let id, let uri, let arguments):
            let uri = Array(uri.utf8)
            try arguments.withPayload { (payload) throws(CodecError) in
                try encoder.error(
                    .invocation, request: id, uri: unsafe uri.span.bytes, payload: payload,
                    into: &buffer)
            }
        }
    }
}
