// WAMPClient — one session with a router, for programs that do one thing at a time.
//
// No thread, no callback, no task: a request waits for its answer, and what comes in between is kept
// for `next`. That is enough for command lines and tests, and it cannot deadlock with itself.
// Whoever has other descriptors to look after (standard input, a child's output) hands them to
// `next`, which is the loop of such a program.

internal import Bytes
internal import Codecs
internal import Glibc
package import Hub
package import WAMP

/// A session. One thread; the connection ends with it.
package final class WAMPClient {
    package let options: ClientOptions
    private let transport: Transport
    private var opened: SessionInfo?
    private var counter = RequestCounter()
    /// Calls that are not answered yet: others are late and nobody waits for them.
    private var openCalls: Set<UInt64> = []
    /// What came while an answer was waited for; from `head` on.
    private var kept: [Happening] = []
    private var head = 0
    private var keptSize = 0
    /// Octets that are kept at most.
    private static let keptLimit = 64 << 20
    /// Room that a happening takes beside its octets, about.
    private static let keptCost = 256
    private var isOver = false

    /// Octets of a refused upgrade that are kept.
    package static let bodyLimit = OpenedTransport.bodyLimit

    /// The session that is open.
    package var session: SessionInfo {
        guard let opened else { preconditionFailure("a client is handed out with its session") }
        return opened
    }

    // MARK: Opening

    /// Connects and joins the realm.
    ///
    /// - Parameter authenticate: Answers a CHALLENGE; without it there is no answer.
    package static func connect(
        to address: RouterAddress, _ options: ClientOptions,
        authenticate: ((Challenge) throws(ClientError) -> ChallengeAnswer)? = nil
    ) throws(ClientError) -> WAMPClient {
        let wait = Wait(until: .now + options.openingTime, interrupt: options.interrupt)
        let socket = try StreamSocket.connect(to: address.place, wait)
        return try WAMPClient(over: socket, address, options, wait, authenticate)
    }

    /// Joins over a connection that is there already; owns `descriptor` from now on.
    package static func join(
        over descriptor: CInt, _ address: RouterAddress, _ options: ClientOptions,
        authenticate: ((Challenge) throws(ClientError) -> ChallengeAnswer)? = nil
    ) throws(ClientError) -> WAMPClient {
        let wait = Wait(until: .now + options.openingTime, interrupt: options.interrupt)
        let socket = StreamSocket(adopting: descriptor)
        return try WAMPClient(over: socket, address, options, wait, authenticate)
    }

    private init(
        over socket: consuming StreamSocket, _ address: RouterAddress, _ options: ClientOptions,
        _ wait: Wait, _ authenticate: ((Challenge) throws(ClientError) -> ChallengeAnswer)?
    ) throws(ClientError) {
        self.options = options
        let opened = try OpenedTransport.open(socket, address, options, wait)
        transport = Transport(opened, options)
        var hello = ClientHello(realm: options.realm, features: ClientOptions.features)
        hello.authMethods = options.authMethods
        hello.authID = options.authID
        hello.authExtra = options.authExtra
        hello.agent = options.agent
        do throws(ClientError) {
            try send(.hello(hello), wait)
            while self.opened == nil { try answerOpening(wait, authenticate) }
        } catch {
            leave(after: error)
            throw error
        }
    }

    /// Takes one message before the session is open.
    private func answerOpening(
        _ wait: Wait, _ authenticate: ((Challenge) throws(ClientError) -> ChallengeAnswer)?
    ) throws(ClientError) {
        let octets = try message(wait, .welcome)
        let span = unsafe octets.span.bytes
        let message = try decode(octets)
        let details = Details(message, in: span)
        switch message.code {
        case .welcome:
            opened = SessionInfo(
                id: message.target, realm: details.text("realm") ?? options.realm,
                authID: details.text("authid"), authRole: details.text("authrole"),
                authMethod: details.text("authmethod"), details: details)
        case .challenge:
            let method = text(message, span)
            guard let authenticate else {
                throw .credentialRequired(method: method)
            }
            let answer = try authenticate(Challenge(method: method, extra: details.values))
            try send(.authenticate(answer), wait)
        case .abort: throw .aborted(reason: text(message, span), message: details.text("message"))
        default: throw .violation("\(message.code.name) before WELCOME")
        }
    }

    // MARK: Ending

    /// Leaves: GOODBYE, its answer if it comes soon, then the transport. Never throws; a session
    /// that is over already stays so.
    package func goodbye(within patience: Duration = .seconds(2)) {
        guard !isOver else { return }
        isOver = true
        let wait = Wait(until: .now + patience)
        do throws(ClientError) {
            try send(.goodbye(.closeRealm), wait)
            while true {
                let octets = try message(wait, .goodbye)
                let code = try decode(octets).code
                if code == .goodbye || code == .abort { break }
            }
        } catch {}
        transport.close(within: patience)
    }

    /// Ends the connection for what went wrong; the router hears why if it broke the protocol.
    private func leave(after error: ClientError) {
        guard !isOver else { return }
        isOver = true
        let wait = Wait(until: .now + .seconds(1))
        if case .violation(let sentence) = error {
            try? send(.abort(.protocolViolation, message: sentence), wait)
        }
        transport.close(within: .seconds(1))
    }

    // MARK: Broker

    /// Subscribes.
    ///
    /// - Parameter getRetained: Asks for what was retained, which then comes as events.
    /// - Returns: The subscription.
    package func subscribe(
        _ topic: String, match: MatchPolicy? = nil, getRetained: Bool? = nil
    ) throws(ClientError) -> UInt64 {
        let id = counter.next()
        try send(.subscribe(id, topic: topic, match, getRetained: getRetained), patience)
        return try acknowledgement(of: id, .subscribe)
    }

    package func unsubscribe(_ subscription: UInt64) throws(ClientError) {
        let id = counter.next()
        try send(.unsubscribe(id, subscription: subscription), patience)
        _ = try acknowledgement(of: id, .unsubscribe)
    }

    /// Publishes.
    ///
    /// - Returns: The publication if `options` ask for an acknowledgement; otherwise nobody ever
    ///   says whether it was taken.
    @discardableResult
    package func publish(
        _ topic: String, _ arguments: Arguments = Arguments(),
        _ options: PublishOptions = PublishOptions()
    ) throws(ClientError) -> UInt64? {
        let id = counter.next()
        try send(.publish(id, topic: topic, options, arguments), patience)
        return options.acknowledge == true ? try acknowledgement(of: id, .publish) : nil
    }

    // MARK: Caller

    /// Calls and waits for the end of the call.
    ///
    /// - Parameter progress: Gets the progressive results, if `options` ask for them.
    /// - Throws: `refused` for an ERROR. After `timedOut` and `interrupted` the call is canceled.
    package func call(
        _ procedure: String, _ arguments: Arguments = Arguments(),
        _ options: ClientCallOptions = ClientCallOptions(), progress: (Answer) -> Void = { _ in }
    ) throws(ClientError) -> Answer {
        let id = try beginCall(procedure, arguments, options)
        do throws(ClientError) {
            var wait = patience
            while true {
                switch try arrival(wait, .answer) {
                case .happening(.progress(id, let answer)):
                    progress(answer)
                    wait = patience
                case .happening(.result(id, let answer)): return answer
                case .happening(.failure(id, let refusal)): throw .refused(refusal)
                case .happening(let other): try keep(other)
                case .acknowledgement, .refusal, .nothing: break
                }
            }
        } catch {
            if openCalls.contains(id), !error.endsSession { try? cancel(id) }
            throw error
        }
    }

    /// Begins a call whose results come from `next`.
    package func beginCall(
        _ procedure: String, _ arguments: Arguments = Arguments(),
        _ options: ClientCallOptions = ClientCallOptions()
    ) throws(ClientError) -> UInt64 {
        let id = counter.next()
        try send(.call(id, procedure: procedure, options, arguments), patience)
        openCalls.insert(id)
        return id
    }

    /// Cancels a call; with `kill` its answer still comes, otherwise nothing more does.
    package func cancel(_ call: UInt64, _ mode: CancelMode = .killNoWait) throws(ClientError) {
        guard openCalls.contains(call) else { return }
        if mode != .kill { openCalls.remove(call) }
        try send(.cancel(call, mode), Wait(until: .now + .seconds(1)))
    }

    // MARK: Callee

    /// Registers.
    ///
    /// - Returns: The registration.
    package func register(
        _ procedure: String, _ options: ClientRegisterOptions = ClientRegisterOptions()
    ) throws(ClientError) -> UInt64 {
        let id = counter.next()
        try send(.register(id, procedure: procedure, options), patience)
        return try acknowledgement(of: id, .register)
    }

    package func unregister(_ registration: UInt64) throws(ClientError) {
        let id = counter.next()
        try send(.unregister(id, registration: registration), patience)
        _ = try acknowledgement(of: id, .unregister)
    }

    /// Answers an invocation, or says how far it is.
    package func yield(
        _ invocation: UInt64, _ arguments: Arguments = Arguments(), isProgress: Bool = false
    ) throws(ClientError) {
        try send(.yield(invocation, isProgress: isProgress, arguments), patience)
    }

    /// Answers an invocation with an error.
    package func fail(
        _ invocation: UInt64, uri: String, _ arguments: Arguments = Arguments()
    ) throws(ClientError) {
        try send(.fail(invocation, uri: uri, arguments), patience)
    }

    // MARK: The loop

    /// The next thing that happens.
    ///
    /// - Parameters:
    ///   - deadline: `nil`: waits for ever.
    ///   - watching: Descriptors to be told of when they can be read.
    package func next(
        until deadline: ContinuousClock.Instant? = nil, watching: [CInt] = []
    ) throws(ClientError) -> Happening {
        if head < kept.count { return takeKept() }
        let wait = Wait(until: deadline, interrupt: options.interrupt)
        do throws(ClientError) {
            while true {
                if let octets = try transport.take() {
                    if case .happening(let happening) = try read(octets) { return happening }
                    continue
                }
                switch try transport.wait(wait, watched: watching) {
                case .octets: continue
                case .watched(let descriptor): return .readable(descriptor)
                case .timedOut: return .timedOut
                }
            }
        } catch {
            if error.endsSession { leave(after: error) }
            throw error
        }
    }

    private func takeKept() -> Happening {
        let happening = kept[head]
        head += 1
        keptSize -= happening.size + Self.keptCost
        if head == kept.count {
            kept.removeAll(keepingCapacity: true)
            head = 0
        }
        return happening
    }

    private func keep(_ happening: Happening) throws(ClientError) {
        keptSize += happening.size + Self.keptCost
        guard keptSize <= Self.keptLimit else { throw .flooded(limit: Self.keptLimit) }
        kept.append(happening)
    }
}

// MARK: - Messages

extension WAMPClient {
    /// What a message of an open session is.
    private enum Arrival {
        case happening(Happening)
        case acknowledgement(request: UInt64, id: UInt64)
        case refusal(request: UInt64, ErrorReply)
        /// An answer nobody waits for.
        case nothing
    }

    private var patience: Wait {
        Wait(until: options.answerTime.map { .now + $0 }, interrupt: options.interrupt)
    }

    /// Waits for the acknowledgement of a request, and keeps what else comes.
    private func acknowledgement(
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

    private func arrival(_ wait: Wait, _ what: Awaited) throws(ClientError) -> Arrival {
        do throws(ClientError) {
            return try read(try message(wait, what))
        } catch {
            if error.endsSession { leave(after: error) }
            throw error
        }
    }

    /// Waits for one message.
    private func message(
        _ wait: Wait, _ what: Awaited
    ) throws(ClientError) -> [UInt8] {
        while true {
            if let octets = try transport.take() { return octets }
            guard try transport.wait(wait) != .timedOut else { throw .timedOut(what) }
        }
    }

    private func decode(_ octets: [UInt8]) throws(ClientError) -> Message {
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

    private func send(_ request: Request, _ wait: Wait) throws(ClientError) {
        var buffer = OctetBuffer(capacity: 256)
        do throws(CodecError) {
            try request.append(as: options.serialization, into: &buffer)
        } catch {
            preconditionFailure("arguments are validated when they are made")
        }
        try transport.send(buffer.octets, wait)
    }

    /// The name in a message; half of a surrogate pair makes it unreadable, not fatal.
    private func text(_ message: Message, _ octets: RawSpan) -> String {
        message.nameText(in: octets).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Reads a message of an open session.
    private func read(_ octets: [UInt8]) throws(ClientError) -> Arrival {
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
