// WAMPSession — one client from HELLO to GOODBYE (reference §5).
//
// The state machine; what the requests of an established session do is in the other files of this
// type. Lives on the core of its connection.

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP
internal import WAMPAuthentication

internal final class WAMPSession: Session {
    let dialect: WAMPDialect
    var phase = SessionPhase.closed
    /// The form it speaks: that of its dialect, but for the separator the client uses.
    var form: WAMPForm
    private var framing: BatchFraming
    var realm: RouterRealm?
    var id: UInt64 = 0
    /// Who it is; set while it is established.
    var identity: Identity?
    var role = Permissions.RoleID(rawValue: 0)
    var features: ClientFeatures = []
    /// The challenge that is out.
    var pending: PendingJoin?
    /// Its decision is being worked out elsewhere: nothing may come meanwhile.
    var isDeciding = false
    /// After an ABORT nothing is read any more.
    var isOver = false
    /// Its GOODBYE was answered; it may close, or say HELLO again.
    private var hasLeft = false
    /// What stands behind the message at hand in a batch waits: for its answer, or because that may
    /// have taken long.
    var endsStep = false
    /// Whether the dealer is to be asked something by the batch at hand, of which it will hear when
    /// all of it has been read.
    private(set) var hasAsked = false
    /// What the connection is closed with after its GOODBYE.
    var farewellCode: UInt16 = 1000
    private var lastRequest: UInt64 = 0
    /// What few sessions have, so that the others pay one reference for it.
    var belongings: Belongings?
    /// Messages to it may not be larger.
    var messageSizeLimit = Int.max

    /// Rare belongings of a session.
    final class Belongings {
        /// Up to which order a subscription was filled with retained events.
        var filled: [Reading: UInt64] = [:]
        /// Retained events that are still to come, by subscription.
        var filling: [Reading: RetainedRest] = [:]
        var testaments: [Testament] = []
        /// Set from when it is out of its realm's table until it has left: whether it goes
        /// silently.
        var isTakenOut: Bool?
        /// What it has left and the books still hold; several, where a batch begins sessions anew.
        var left: [LeftSubscriptions] = []
    }

    /// Subscriptions asked for by the message at hand, in case the index has no room.
    var subscribing: [(request: UInt64, reading: Reading)] = []
    /// The calls of the batch at hand that the dealer is to be asked for.
    var calling: Set<UInt64> = []

    /// What is carried out of a batch before others have their turn: messages, and octets of
    /// answers, of which a message of a few octets may ask for a million.
    private static let stepCount = 128
    private static let stepSize = 65_536

    init(of dialect: WAMPDialect) {
        self.dialect = dialect
        form = dialect.form
        framing = BatchFraming(dialect.form.serialization)
    }

    var router: WAMPRouter { dialect.router }
    var serialization: Serialization { form.serialization }

    func opened(_ commands: inout Commands) {
        commands.append(.wake(after: router.settings.joinTime))
    }

    // MARK: Receiving

    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        guard !isOver else { return }
        if !subscribing.isEmpty { subscribing.removeAll(keepingCapacity: true) }
        guard kind == form.messageKind else {
            fail(.violation(nil, .wrongFrameType), &commands)
            return
        }
        guard form.isBatched else {
            // RawSocket frames, unlike those of WebSocket, have not been checked yet.
            guard !(form == .rawJSON) || UTF8Checker.accepts(octets) else {
                fail(.violation(nil, .undecodable), &commands)
                return
            }
            take(octets, &commands)
            return
        }
        endsStep = false
        do throws(MessageError) {
            var position = 0
            var count = 0
            while let range = try framing.next(in: octets, at: &position) {
                if form == .batchedJSON, framing.separator == 0x18 { form = .batchedJSON18 }
                let start =
                    range.lowerBound - (serialization == .json ? 0 : BatchFraming.prefixSize)
                take(octets.extracting(range), &commands)
                if isOver { return }
                if commands.question != nil {
                    // It comes again, with those behind it, when its question is answered.
                    commands.resumption = start
                    break
                }
                commands.append(.boundary)
                count += 1
                let isEnough =
                    endsStep || count == Self.stepCount || commands.octets.count >= Self.stepSize
                if isEnough, position < octets.byteCount {
                    commands.append(.postpone(kind, from: position))
                    break
                }
            }
        } catch {
            fail(error, &commands)
        }
        hasAsked = false
        if !calling.isEmpty { calling = [] }
    }

    /// Carries out one message.
    private func take(_ octets: RawSpan, _ commands: inout Commands) {
        do throws(MessageError) {
            let rules = realm?.settings.rules ?? .loose
            let message = try Message.read(octets, as: serialization, for: .router(phase, rules))
            if isDeciding, message.code != .abort {
                throw .violation(message.code, .unexpected(phase))
            }
            let sequence = lastRequest
            let isRepeated = try checkSequence(of: message)
            defer { if commands.question != nil { lastRequest = sequence } }
            let refusal = message.refusal(under: rules, in: octets)
            if let refusal, message.code != .call { throw message.error(for: refusal) }
            switch message.code {
            case .hello: join(message, octets, &commands)
            case .authenticate: authenticate(message, octets, &commands)
            case .abort:
                leave(&commands)
                finish(1000, &commands)
            case .goodbye: goodbye(&commands)
            case .publish: try publish(message, octets, &commands)
            case .subscribe: try subscribe(message, octets, &commands)
            case .unsubscribe: unsubscribe(message, &commands)
            case .call: call(message, octets, refusal, isRepeated: isRepeated, &commands)
            case .cancel:
                ask(.cancel(request: message.request, message.options.mode), &commands)
            case .register: try register(message, octets, &commands)
            case .unregister:
                ask(.unregister(message.target, request: message.request), &commands)
            case .yield: yield(message, octets, &commands)
            case .error: fail(invocation: message, octets, &commands)
            default: preconditionFailure("the decoder lets no other message of a client pass")
            }
        } catch {
            // What a client sent before it knew that its session had ended is no violation of it.
            if hasLeft, case .violation(let code?, .unexpected(.closed)) = error, code != .hello {
                return
            }
            fail(error, &commands)
        }
    }

    /// §2.1: only where the configuration asks for it.
    ///
    /// - Returns: Whether it is a CALL whose id was used before: a further part of a call repeats
    ///   its id, and nothing else does (§8.10).
    private func checkSequence(of message: Message) throws(MessageError) -> Bool {
        guard router.settings.wantsSequentialRequests else { return false }
        switch message.code {
        case .subscribe, .unsubscribe, .publish, .register, .unregister, .call:
            if message.code == .call, message.request <= lastRequest, message.request > 0 {
                return true
            }
            let expected = lastRequest == Identifier.limit ? 1 : lastRequest + 1
            guard message.request == expected else {
                throw .violation(message.code, .requestOutOfSequence)
            }
            lastRequest = expected
            return false
        default: return false
        }
    }

    // MARK: Leaving

    /// The client leaves: it may close now, or begin again (§1.3).
    private func goodbye(_ commands: inout Commands) {
        if phase == .shuttingDown {
            finish(farewellCode, &commands)
            return
        }
        leave(&commands)
        send(.goodbye(reason: "wamp.close.goodbye_and_out", message: nil), &commands)
        phase = .closed
        hasLeft = true
        commands.append(.wake(after: router.settings.goodbyeTime))
    }

    /// The router ends the session: GOODBYE is sent and its answer awaited.
    func sayGoodbye(
        reason: String, message: String?, code: UInt16, _ commands: inout Commands
    ) {
        leave(&commands)
        send(.goodbye(reason: reason, message: message), &commands)
        phase = .shuttingDown
        farewellCode = code
        commands.append(.wake(after: router.settings.goodbyeTime))
    }

    func drained(_ farewell: Farewell, _ commands: inout Commands) {
        guard !isOver, phase != .shuttingDown else { return }
        switch phase {
        case .established:
            sayGoodbye(
                reason: "wamp.close.system_shutdown", message: nil, code: farewell.code, &commands)
        case .closed where hasLeft: finish(farewell.code, &commands)
        default:
            abort(
                "wamp.close.system_shutdown", "the router is shutting down", code: farewell.code,
                &commands)
        }
    }

    func timePassed(_ commands: inout Commands) {
        guard !isOver else { return }
        switch phase {
        // Who has not said HELLO has no session to abort; wampy would take the message for another
        // client's answer.
        case .closed: finish(1000, &commands)
        case .challenging:
            let seconds = router.settings.joinTime / 1_000_000_000
            abort(
                "wamp.error.authentication_failed", "no AUTHENTICATE within \(seconds) s",
                &commands)
        case .shuttingDown: finish(farewellCode, &commands)
        case .established: return
        }
    }

    var leavesTraces: Bool { phase == .established || belongings?.left.isEmpty == false }

    func closed(_ commands: inout Commands) {
        // What an end in the midst of a batch has kept from being forgotten, too.
        _ = forgetSubscriptions(atMost: .max, isEnding: false)
        leave(isOpen: false, &commands)
    }

    /// A HELLO opens a new session on the same connection, with the same time to join.
    func beginAnew(_ commands: inout Commands) {
        if hasLeft { commands.append(.wake(after: router.settings.joinTime)) }
        hasLeft = false
        lastRequest = 0
    }

    // MARK: The dealer

    func ask(_ question: DealerRequest.Question, _ commands: inout Commands) {
        if form.isBatched { hasAsked = true }
        commands.append(.dealer(DealerRequest(PartyID(rawValue: id), question)))
    }
}
