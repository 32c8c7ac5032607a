// WAMPClient+Messages — messages out, and what those that come in mean to an open session.

internal import Bytes
internal import Codecs
internal import WAMP

extension WAMPClient {
    /// What a message of an open session is.
    enum Arrival {
        case happening(Happening)
        case acknowledgement(request: UInt64, id: UInt64)
        case refusal(request: UInt64, ErrorReply)
        /// An answer nobody waits for.
        case nothing
    }

    var patience: Wait {
        Wait(until: options.answerTime.map { .now + $0 }, interrupt: options.interrupt)
    }

    /// Waits for the acknowledgement of a request, and keeps what else comes.
    func acknowledgement(
        of request: UInt64, _ code: MessageCode
    ) throws(ClientError) -> UInt64 {
        let wait = patience
        while true {
            switch try arrival(wait, .acknowledgement) {
            case .acknowledgement(request, let id): return id
            case .refusal(request, let refusal): throw .refused(refusal)
            case .happening(let happening): try keep(happening)
            case .acknowledgement, .refusal, .nothing: break
            }
        }
    }

    func arrival(_ wait: Wait, _ what: Awaited) throws(ClientError) -> Arrival {
        do throws(ClientError) {
            return try read(try message(wait, what))
        } catch {
            if error.endsSession { leave(after: error) }
            throw error
        }
    }

    /// Waits for one message.
    func message(
        _ wait: Wait, _ what: Awaited
    ) throws(ClientError) -> [UInt8] {
        while true {
            if let octets = try transport.take() { return octets }
            guard try transport.wait(wait) != .timedOut else { throw .timedOut(what) }
        }
    }

    func decode(_ octets: [UInt8]) throws(ClientError) -> Message {
        do throws(MessageError) {
            return try Message.decode(
                unsafe octets.span.bytes, as: options.serialization, for: .client)
        } catch {
            guard case .violation(let code, let fault) = error else {
                throw .violation("a message that is not for clients")
            }
            throw .violation(fault.message(about: code))
        }
    }

    func send(_ request: Request, _ wait: Wait) throws(ClientError) {
        var buffer = OctetBuffer(capacity: 256)
        do throws(CodecError) {
            try request.append(as: options.serialization, into: &buffer)
        } catch {
            preconditionFailure("arguments are validated when they are made")
        }
        try transport.send(buffer.octets, wait)
    }

    /// The name in a message; half of a surrogate pair makes it unreadable, not fatal.
    func text(_ message: Message, _ octets: RawSpan) -> String {
        message.nameText(in: octets).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Reads a message of an open session.
    func read(_ octets: [UInt8]) throws(ClientError) -> Arrival {
        let message = try decode(octets)
        let span = unsafe octets.span.bytes
        let details = Details(message, in: span)
        switch message.code {
        case .event:
            return .happening(
                .event(
                    Event(
                        subscription: message.target, publication: message.publication,
                        details: details, arguments: Arguments(message, in: span))))
        case .invocation:
            return .happening(
                .invocation(
                    Invocation(
                        id: message.request, registration: message.target,
                        receivesProgress: message.options.has(.receiveProgress),
                        details: details, arguments: Arguments(message, in: span))))
        case .interrupt:
            return .happening(.interrupt(invocation: message.request, message.options.mode))
        case .result:
            guard openCalls.contains(message.request) else { return .nothing }
            let answer = Answer(details: details, arguments: Arguments(message, in: span))
            guard !message.options.has(.progress) else {
                return .happening(.progress(call: message.request, answer))
            }
            openCalls.remove(message.request)
            return .happening(.result(call: message.request, answer))
        case .error:
            let refusal = ErrorReply(
                message.requestType ?? .error, uri: text(message, span), details: details,
                arguments: Arguments(message, in: span))
            guard message.requestType == .call else {
                return .refusal(request: message.request, refusal)
            }
            guard openCalls.remove(message.request) != nil else { return .nothing }
            return .happening(.failure(call: message.request, refusal))
        case .subscribed, .registered:
            return .acknowledgement(request: message.request, id: message.target)
        case .published:
            return .acknowledgement(request: message.request, id: message.publication)
        case .unsubscribed:
            guard message.request == 0, let id = details.number("subscription") else {
                return .acknowledgement(request: message.request, id: 0)
            }
            return .happening(.revokedSubscription(id, reason: details.text("reason")))
        case .unregistered:
            guard message.request == 0, let id = details.number("registration") else {
                return .acknowledgement(request: message.request, id: 0)
            }
            return .happening(.revokedRegistration(id, reason: details.text("reason")))
        case .goodbye:
            if !isOver {
                try? send(.goodbye(.goodbyeAndOut), Wait(until: .now + .seconds(1)))
            }
            throw .farewell(reason: text(message, span), message: details.text("message"))
        case .abort:
            throw .aborted(reason: text(message, span), message: details.text("message"))
        case .welcome, .challenge:
            throw .violation("\(message.code.name) in an open session")
        case .hello, .authenticate, .publish, .subscribe, .unsubscribe, .call, .cancel, .register,
            .unregister, .yield:
            preconditionFailure("Message.decode refuses what only clients send")
        }
    }
}
