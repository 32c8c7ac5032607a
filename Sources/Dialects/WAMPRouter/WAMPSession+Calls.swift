// WAMPSession, calls — CALL, REGISTER, YIELD and ERROR on their way to the dealer, and what the
// dealer wants of this session (reference §8).

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

extension WAMPSession {
    /// §8.2. What the router answers itself never reaches the dealer. What it refuses does: only
    /// the dealer knows whether the request id is that of a call in progress, and such a message is
    /// a part of that call or a violation, whatever it says; it has no answer of its own (§8.10).
    ///
    /// - Parameters:
    ///   - fault: What is wrong with it by itself.
    ///   - isRepeated: Whether its id was used before, where ids count up.
    func call(
        _ message: Message, _ octets: RawSpan, _ fault: WAMP.Refusal?, isRepeated: Bool,
        _ commands: inout Commands
    ) {
        guard let realm else { return }
        let wishes = message.options
        let room = fault == .invalidProcedure ? nil : room(of: message, octets)
        let grant = room.flatMap { room in
            commands.allows(.call, on: room)
                ? realm.settings.permissions.grant(.call, on: room, to: role) : nil
        }
        let isDisclosed = grant?.disclosure.discloses(isRequested: wishes.has(.discloseMe))
        var options = Hub.CallOptions()
        options.timeout =
            wishes.timeout.multipliedReportingOverflow(by: 1_000_000).overflow
            ? .max : wishes.timeout * 1_000_000
        options.wantsProgress = wishes.has(.receiveProgress)
        options.isPart = wishes.has(.progress)
        options.isRepeated = isRepeated
        options.disclosesCaller = isDisclosed ?? false
        // A callee may ask for disclosure, unless the configuration forbids it.
        options.hidesCaller = grant?.disclosure == .never
        if fault == nil, grant != nil, let room, room[segment: 0].elementsEqual("wamp".utf8) {
            guard isRepeated || isKnown(message.request, realm, commands.now) else {
                // A batch is read before the dealer hears of any of it, and a request sees what
                // those before it did (§6.9).
                if hasAsked, message.nameText(in: octets)?.starts(with: dealersOwn) == true {
                    let note = LaterCall(session: id, octets: octets.array)
                    commands.append(.tell(commands.connection, note))
                } else {
                    answerMeta(message, octets, &commands)
                }
                return
            }
            options.refusal = CallRefusal(.invalidArgument, "the request id was in use")
        } else if fault != nil || isDisclosed == nil {
            options.refusal = refusal(
                of: message, octets, fault, isNamed: room != nil, isGranted: grant != nil,
                &commands)
        }
        let arguments = message.payload(in: octets).stored()
        if form.isBatched { calling.insert(message.request) }
        ask(
            .call(
                room ?? Room(), request: message.request, options,
                CallArguments(arguments, caller: identity, context: commands.callContext())),
            &commands)
    }

    /// Whether the request id is that of a call that the dealer has, or is about to hear of.
    private func isKnown(_ request: UInt64, _ realm: RouterRealm, _ now: UInt64) -> Bool {
        let party = PartyID(rawValue: id)
        return calling.contains(request)
            || realm.services.askDealer(of: realm.number) {
                $0.knows(request, of: party, now: now)
            }
    }

    /// Why a call is not made, in the order of §8.2.
    private func refusal(
        of message: Message, _ octets: RawSpan, _ fault: WAMP.Refusal?, isNamed: Bool,
        isGranted: Bool,
        _ commands: inout Commands
    ) -> CallRefusal {
        if isNamed, isGranted, fault == nil {
            return CallRefusal(
                .discloseMeDisallowed, "callers of this procedure are not disclosed")
        }
        commands.noteError()
        guard isNamed else {
            return CallRefusal(.invalidURI, WAMP.Refusal.invalidProcedure.text)
        }
        guard let fault, isGranted else {
            let uri = message.nameText(in: octets) ?? []
            return CallRefusal(.notAuthorized, Self.accessRefusal("call procedure", uri))
        }
        return CallRefusal(fault.uri, fault.text)
    }

    /// §8.1.
    func register(
        _ message: Message, _ octets: RawSpan, _ commands: inout Commands
    ) throws(MessageError) {
        guard let realm else { return }
        guard let uri = message.nameText(in: octets),
            let pattern = unsafe try? WAMPURI.pattern(uri.span.bytes, message.options.match)
        else { throw .refusal(.register, request: message.request, .invalidProcedure) }
        guard let grant = realm.settings.permissions.grant(.register, on: pattern, to: role),
            commands.allows(.register, on: pattern)
        else {
            refuseAccess(.register, message.request, "register procedure", uri, &commands)
            return
        }
        let wishes = message.options
        var options = Hub.RegisterOptions()
        options.policy = wishes.invoke
        options.concurrencyLimit = UInt32(clamping: wishes.concurrency)
        options.disclosesCaller = wishes.has(.discloseCaller)
        options.forwardsTimeout = wishes.has(.forwardTimeout)
        if wishes.has(.forceReregister) {
            options.takeover = grant.mayTakeOver ? .ofAnyone : .ofSameOwner
        }
        ask(.register(pattern, request: message.request, options), &commands)
    }

    func yield(_ message: Message, _ octets: RawSpan, _ commands: inout Commands) {
        ask(
            .yield(
                invocation: message.request, isProgress: message.options.has(.progress),
                message.payload(in: octets).stored()), &commands)
    }

    func fail(invocation message: Message, _ octets: RawSpan, _ commands: inout Commands) {
        let uri = message.nameText(in: octets) ?? Array("wamp.error.runtime_error".utf8)
        ask(
            .fail(
                invocation: message.request, uri: String(decoding: uri, as: UTF8.self),
                message.payload(in: octets).stored()), &commands)
    }

    // MARK: From the dealer

    func dealt(_ action: DealerAction, _ commands: inout Commands) {
        // What was meant for an earlier session of this connection.
        guard phase == .established, action.party?.rawValue == id else { return }
        switch action {
        case .invoke(let invocation): invoke(invocation, &commands)
        case .interrupt(_, let invocation, let mode, let reason):
            send(
                .interrupt(
                    invocation: invocation, mode == .skip ? .killNoWait : mode,
                    reason.map(\.wireURI)), &commands)
        case .result(_, let request, let isProgress, let payload):
            let arguments = payload as? Arguments ?? Arguments()
            guard
                !send(
                    .result(request: request, isProgress: isProgress, arguments), &commands)
            else { return }
            refuse(
                .call, request, .payloadSizeExceeded, "the result is larger than you accept",
                &commands)
        case .error(_, let request, let error, let payload):
            fail(request, error, payload as? Arguments, &commands)
        case .registered(_, let request, let registration):
            send(.registered(request: request, registration: registration), &commands)
        case .registrationRefused(_, let request, let error):
            refuse(.register, request, error.wireURI, error.text, &commands)
        case .unregistered(_, let request, _):
            send(.unregistered(request: request), &commands)
        case .unregistrationRefused(_, let request, let error):
            refuse(.unregister, request, error.wireURI, nil, &commands)
        case .revoked(_, let registration, let reason):
            send(.registrationRevoked(registration, reason: reason), &commands)
        case .violation(_, let violation):
            switch violation {
            case .unknownInvocation: fail(.violation(.yield, .unknownInvocation), &commands)
            case .requestInUse: fail(.violation(.call, .requestInProgress), &commands)
            }
        case .meta: return
        }
    }

    private func invoke(_ invocation: Invocation, _ commands: inout Commands) {
        let call =
            invocation.payload as? CallArguments ?? CallArguments(Arguments(), caller: nil)
        // A payload that nobody looks into needs a callee that knows what to do with it (§13.1).
        if !call.arguments.passthru.scheme.isAbsent, !features.contains(.calleePassthru) {
            failInvocation(
                invocation, .featureNotSupported, "the callee does not take passthru payload",
                &commands)
            return
        }
        var procedure: [UInt8]?
        if let room = invocation.procedure {
            var text = OctetBuffer(capacity: room.dottedSize)
            guard WAMPURI.append(room, to: &text) else {
                failInvocation(
                    invocation, .invalidURI, "the callee cannot be told this URI", &commands)
                return
            }
            procedure = text.octets.array
        }
        guard !send(.invocation(invocation, procedure: procedure, call), &commands) else { return }
        failInvocation(
            invocation, .payloadSizeExceeded, "the call is larger than its callee accepts",
            &commands)
    }

    private func failInvocation(
        _ invocation: Invocation, _ uri: URI, _ text: String, _ commands: inout Commands
    ) {
        let why = Arguments([.text(text)])
        ask(.fail(invocation: invocation.id, uri: uri.description, why), &commands)
    }

    private func fail(
        _ request: UInt64, _ error: CallError, _ payload: Arguments?, _ commands: inout Commands
    ) {
        let failure: RouterMessage
        switch error {
        case .relayed(let uri):
            failure = .failure(.call, request: request, uri: uri, payload ?? Arguments())
        case .refused(let uri, let text):
            failure = .failure(.call, request: request, uri: uri, Arguments([.text(text)]))
        default:
            refuse(.call, request, error.wireURI, error.sentence, &commands)
            return
        }
        guard !send(failure, &commands) else { return }
        refuse(
            .call, request, .payloadSizeExceeded, "the error is larger than you accept", &commands)
    }
}

extension CallRefusal {
    fileprivate convenience init(_ uri: URI, _ text: String) {
        self.init(uri: uri.description, text: text)
    }
}

// MARK: - The dealer's words on the wire

extension CallError {
    fileprivate var wireURI: URI {
        switch self {
        case .invalidProcedure: .invalidURI
        case .noSuchProcedure: .noSuchProcedure
        case .featureNotSupported: .featureNotSupported
        case .concurrencyReached: .concurrencyReached
        case .noAvailableCallee: .noAvailableCallee
        case .canceled, .calleeLeft: .canceled
        case .timedOut: .timeout
        case .tooManyCalls: URI("carillon.error.too_many_calls")
        case .refused, .relayed: .runtimeError
        }
    }
}

extension RegistrationError {
    fileprivate var wireURI: URI {
        switch self {
        case .invalidProcedure: .invalidURI
        case .invalidPattern: .invalidArgument
        case .alreadyExists: .procedureAlreadyExists
        case .noSuchRegistration: .noSuchRegistration
        case .tooManyRegistrations: URI("carillon.error.too_many_registrations")
        case .noSuchParty: .noSuchSession
        }
    }

    fileprivate var text: String? {
        switch self {
        case .invalidProcedure: "invalid procedure URI"
        case .invalidPattern: "procedures have no patterns of this kind"
        case .alreadyExists: nil
        case .noSuchRegistration, .noSuchParty: nil
        case .tooManyRegistrations: "too many registrations"
        }
    }
}
