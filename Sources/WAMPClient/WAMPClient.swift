// WAMPClient — one session with a router, for programs that do one thing at a time.
//
// No thread, no callback, no task: a request waits for its answer, and what comes in between is
// kept for `next`. That is enough for command lines and tests, and it cannot deadlock with itself.
// Whoever has other descriptors to look after (standard input, a child's output) hands them to
// `next`, which is the loop of such a program.

internal import Bytes
internal import Codecs
internal import Glibc
internal import WAMP

/// A session. One thread; the connection ends with it.
package final class WAMPClient {
    package let options: ClientOptions
    let transport: Transport
    var opened: SessionInfo?
    var counter = RequestCounter()
    /// Calls that are not answered yet: others are late and nobody waits for them.
    var openCalls: Set<UInt64> = []
    /// What came while an answer was waited for.
    private var kept = Queue<Happening>()
    private var keptSize = 0
    /// Octets that are kept at most.
    private static let keptLimit = 64 << 20
    /// Room that a happening takes beside its octets, about.
    private static let keptCost = 256
    var isOver = false

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
    func leave(after error: ClientError) {
        guard !isOver else { return }
        isOver = true
        let wait = Wait(until: .now + .seconds(1))
        if case .violation(let sentence) = error {
            try? send(.abort(.protocolViolation, message: sentence), wait)
        }
        transport.close(within: .seconds(1))
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
        if let happening = kept.popFirst() {
            keptSize -= happening.size + Self.keptCost
            return happening
        }
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

    func keep(_ happening: Happening) throws(ClientError) {
        keptSize += happening.size + Self.keptCost
        guard keptSize <= Self.keptLimit else { throw .flooded(limit: Self.keptLimit) }
        kept.append(happening)
    }
}
