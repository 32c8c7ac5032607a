// fuzzSession — whatever two clients of a WAMP router send, in any form and any order, nobody traps,
// everything that is said is a message, and the books agree with what the engine was told.
//
// The first octet chooses the form of the first client (the second one speaks JSON) and whether it
// joins by itself. What follows are messages, each with two octets in front: who does what (below)
// and how many octets belong to it. The router's outside world is a counter.

import Bytes
import Codecs
import DialectKit
import Hub
import Rooms
import WAMP
import WAMPAuthentication
import WAMPRouter

func fuzzSession(_ bytes: UnsafeRawBufferPointer) {
    let input = unsafe Array(bytes)
    guard let choice = input.first else { return }
    let world = FuzzWorld(WAMPForm.allCases[Int(choice) % WAMPForm.allCases.count])
    if choice & 0x80 != 0 { world.join(0) }
    world.join(1)
    var position = 1
    while position + 2 <= input.count {
        let (action, size) = (input[position], Int(input[position + 1]))
        position += 2
        let octets = Array(input[position..<min(position + size, input.count)])
        position += octets.count
        world.act(action, octets)
    }
    world.end()
}

private final class FuzzConnection {
    let id: UInt64
    let form: WAMPForm
    let session: any Session
    var dialect: DialectID
    var isOpen = true
    var realm: Realm?
    var subscriptions: [(pattern: Pattern, reading: Reading)] = []
    /// After ABORT and GOODBYE a router has nothing more to say, until there is a WELCOME.
    var hasEnded = false
    var awaitsTime = false

    init(_ id: UInt64, _ form: WAMPForm, _ session: any Session, _ dialect: DialectID) {
        self.id = id
        self.form = form
        self.session = session
        self.dialect = dialect
    }
}

private final class FuzzWorld: @unchecked Sendable {
    private enum Mail {
        case dealt(UInt64, DealerAction)
        case note(UInt64, any SessionNote)
        case publication(Publication)
    }

    private var router: WAMPRouter!
    private var dialects: [WAMPDialect] = []
    private var connections: [FuzzConnection] = []
    private var mail: [Mail] = []
    private var isReading = false
    private var addresses: [PartyID: UInt64] = [:]
    private var counter: UInt64 = 0
    private var now: UInt64 = 1_000_000_000
    private var dealer = Dealer()

    init(_ form: WAMPForm) {
        let ticket = Principal(
            authID: "a", role: "user", credential: .ticket(Array("ticket".utf8)))
        var realm = RealmSettings(
            name: "realm1", number: .standard,
            principals: Principals(anonymousRole: "anonymous", principals: [ticket]),
            permissions: Permissions(roles: [
                .init(
                    name: "anonymous",
                    rules: [
                        .init(.prefix([]), allows: .all),
                        .init(.prefix(Array("no".utf8)), allows: [], disclosure: .never),
                    ]),
                .init(name: "user", rules: [.init(.prefix([]), allows: .all)]),
            ]))
        realm.history = [
            HistoryEntry(.prefix(Array("h".utf8)), limit: 4, sizeLimit: 1000)
        ]
        router = WAMPRouter(
            realms: [realm], services: FuzzServices(world: self),
            surroundings: RouterSurroundings(
                wallClock: { [unowned self] in now }, clock: { [unowned self] in now },
                random: { [unowned self] in count() },
                randomOctets: { [unowned self] size in
                    (0..<size).map { _ in UInt8(truncatingIfNeeded: count()) }
                }),
            firstID: DialectID(rawValue: 2))
        dialects = router.makeDialects()
        for form in [form, .json] {
            let base = form == .batchedJSON18 ? .batchedJSON : form
            let dialect = dialects[Int(base.rawValue)]
            let connection = FuzzConnection(
                UInt64(connections.count), form, dialect.openRaw(), dialect.id)
            connections.append(connection)
            call(connection) { $0.opened(&$1) }
        }
    }

    func count() -> UInt64 {
        counter += 1
        return counter
    }

    // MARK: What happens

    func act(_ action: UInt8, _ octets: [UInt8]) {
        let connection = connections[Int(action & 1)]
        switch action >> 1 & 7 {
        case 0...3: receive(connection, octets)
        case 4:  // as it would be written in the form of the connection
            guard (try? JSONScanner.document(unsafe octets.span.bytes)) != nil,
                UTF8Checker.accepts(unsafe octets.span.bytes)
            else { return }
            receive(connection, framed(octets, connection.form))
        case 5:
            guard connection.awaitsTime else { return }
            connection.awaitsTime = false
            call(connection) { $0.timePassed(&$1) }
        case 6:
            now += 1_000_000_000
            var actions: [DealerAction] = []
            dealer.expire(now: now, &actions)
            post(actions)
            readMail()
        default:
            if octets.isEmpty { call(connection) { $0.drained(&$1) } } else { lose(connection) }
        }
    }

    func join(_ place: Int) {
        let hello =
            #"[1,"realm1",{"roles":{"subscriber":{"features":{"subscription_revocation":true}},"caller":{"features":{"call_canceling":true}},"callee":{"features":{"call_canceling":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_reroute":true}}}}]"#
        let connection = connections[place]
        receive(connection, framed(Array(hello.utf8), connection.form))
        precondition(connection.realm != nil)
    }

    func end() {
        for connection in connections { lose(connection) }
        precondition(dealer.partyCount == 0 && dealer.registrationCount == 0)
        precondition(dealer.pendingCallCount == 0 && addresses.isEmpty)
    }

    private func framed(_ json: [UInt8], _ form: WAMPForm) -> [UInt8] {
        var buffer = OctetBuffer()
        let framing = BatchFraming(form.serialization)
        let start = form.isBatched ? framing.begin(in: &buffer) : 0
        guard
            (try? transcode(
                unsafe json.span.bytes, from: .json, to: form.serialization, into: &buffer))
                != nil
        else { return [] }
        if form == .batchedJSON18 {
            buffer.append(0x18)
        } else if form.isBatched {
            framing.end(start, in: &buffer)
        }
        return buffer.octets.array
    }

    private func receive(_ connection: FuzzConnection, _ octets: [UInt8]) {
        // WebSocket lets only UTF-8 through in text; RawSocket leaves that to the session.
        guard
            connection.form.isRaw || connection.form.serialization != .json
                || UTF8Checker.accepts(unsafe octets.span.bytes)
        else { return }
        call(connection) { $0.receive(connection.form.messageKind, unsafe octets.span.bytes, &$1) }
    }

    private func call(_ connection: FuzzConnection, _ body: (any Session, inout Commands) -> Void) {
        guard connection.isOpen else { return }
        var commands = Commands()
        commands.connection = connection.id
        commands.now = now
        body(connection.session, &commands)
        for command in commands.list where connection.isOpen {
            carryOut(command, commands.octets.octets, connection)
        }
        readMail()
    }

    private func readMail() {
        guard !isReading else { return }
        isReading = true
        while !mail.isEmpty {
            switch mail.removeFirst() {
            case .dealt(let id, let action):
                call(connections[Int(id)]) { $0.dealt(action, &$1) }
            case .note(let id, let note): call(connections[Int(id)]) { $0.told(note, &$1) }
            case .publication(let publication): fanOut(publication)
            }
        }
        isReading = false
    }

    private func carryOut(
        _ command: Command, _ octets: borrowing RawSpan, _ connection: FuzzConnection
    ) {
        switch command {
        case .reply(let kind, let range):
            precondition(kind == connection.form.messageKind)
            check(octets.extracting(range), connection)
        case .subscribe(let pattern, let reading, tail: _):
            precondition(connection.realm != nil)
            precondition(!holds(connection, pattern, reading), "it subscribes once")
            connection.subscriptions.append((pattern, reading))
        case .unsubscribe(let pattern, let reading, tail: _):
            connection.subscriptions.removeAll { $0.pattern == pattern && $0.reading == reading }
        case .unsubscribeAll: connection.subscriptions = []
        case .join(let realm, let dialect):
            precondition(connection.subscriptions.isEmpty, "it joins before it subscribes")
            connection.realm = realm
            connection.dialect = dialect
        case .wake(let delay): connection.awaitsTime = delay > 0
        case .workElsewhere(let job): mail.append(.note(connection.id, job()))
        case .close(let code, _):
            precondition([1000, 1001, 1002].contains(code))
            lose(connection)
        case .boundary: precondition(connection.form.isBatched)
        default: spread(command, connection)
        }
    }

    private func holds(
        _ connection: FuzzConnection, _ pattern: Pattern, _ reading: Reading
    ) -> Bool {
        connection.subscriptions.contains { $0.pattern == pattern && $0.reading == reading }
    }

    private func spread(_ command: Command, _ connection: FuzzConnection) {
        switch command {
        case .publish(let publication): fanOut(publication)
        case .announce(let publication): mail.append(.publication(publication))
        case .tell(let id, let note): mail.append(.note(id, note))
        case .dealer(let request): ask(request, connection)
        default: preconditionFailure("the router does not do this here")
        }
    }

    private func lose(_ connection: FuzzConnection) {
        guard connection.isOpen else { return }
        connection.isOpen = false
        connection.subscriptions = []
        guard connection.session.leavesTraces else { return }
        var commands = Commands(capacity: 0)
        commands.now = now
        connection.session.closed(&commands)
        for command in commands.list { spread(command, connection) }
        readMail()
    }

    // MARK: What is checked

    /// Everything that is said is a message that a client takes, when it may come.
    private func check(_ octets: RawSpan, _ connection: FuzzConnection) {
        let form = connection.form
        var message = octets
        if form.isBatched {
            var framing = BatchFraming(form.serialization)
            var position = 0
            guard let range = try? framing.next(in: octets, at: &position) else {
                preconditionFailure("what is said is framed")
            }
            precondition(position == octets.byteCount, "one message at a time")
            message = octets.extracting(range)
        }
        guard let message = try? Message.decode(message, as: form.serialization, for: .client)
        else { preconditionFailure("what is said is a message") }
        switch message.code {
        case .welcome: connection.hasEnded = false
        case .challenge, .abort: break
        default: precondition(!connection.hasEnded, "it is over")
        }
        if message.code == .abort || message.code == .goodbye { connection.hasEnded = true }
    }

    private func fanOut(_ publication: Publication) {
        for connection in connections where connection.isOpen && connection.realm != nil {
            if publication.reach.excluded == connection.id { continue }
            guard let dialect = dialects.first(where: { $0.id == connection.dialect }) else {
                preconditionFailure("a session joins with a form of its router")
            }
            for (pattern, reading) in connection.subscriptions
            where pattern.matches(publication.room) {
                if publication.reach.isSelective,
                    !connection.session.admits(publication, reading)
                {
                    continue
                }
                var message = OctetBuffer()
                guard dialect.encode(publication, reading: reading, into: &message) else {
                    continue
                }
                check(message.octets, connection)
            }
        }
    }

    // MARK: The dealer

    private func ask(_ request: DealerRequest, _ connection: FuzzConnection) {
        let party = request.party
        var actions: [DealerAction] = []
        switch request.question {
        case .open(let owner, let features):
            precondition(dealer.open(party, owner: owner, features: features))
            addresses[party] = connection.id
        case .close:
            dealer.close(party, now: now, &actions)
            addresses[party] = nil
        case .register(let pattern, let request, let options):
            dealer.register(
                pattern, request: request, by: party, options: options, now: now, &actions)
        case .unregister(let id, let request):
            dealer.unregister(id, request: request, by: party, &actions)
        case .revoke(let id, let reason):
            try? dealer.revoke(id, from: party, reason: reason, &actions)
        case .call(let procedure, let request, let options, let payload):
            dealer.call(
                procedure, request: request, by: party, options: options, payload: payload,
                now: now, random: count(), &actions)
        case .cancel(let request, let mode):
            dealer.cancel(request, by: party, mode: mode, now: now, &actions)
        case .yield(let invocation, let isProgress, let payload):
            dealer.yield(
                invocation, by: party, isProgress: isProgress, payload: payload, now: now,
                &actions)
        case .fail(let invocation, let uri, let payload):
            dealer.fail(
                invocation, by: party, uri: uri, payload: payload, now: now, random: count(),
                &actions)
        }
        dealer.checkInvariants()
        post(actions)
    }

    private func post(_ actions: [DealerAction]) {
        for action in actions {
            if case .meta(let event) = action {
                router.realms[0].announce(event)
            } else if let party = action.party, let connection = addresses[party] {
                mail.append(.dealt(connection, action))
            }
        }
    }

    fileprivate func hasInterest(in room: Room) -> Bool {
        connections.contains { $0.subscriptions.contains { $0.pattern.matches(room) } }
    }

    fileprivate func announce(_ publication: Publication) {
        mail.append(.publication(publication))
    }

    fileprivate func askDealer<R>(_ body: (inout Dealer) -> R) -> R { body(&dealer) }
}

/// What the router sees of the world, which owns it.
private struct FuzzServices: RouterServices {
    unowned let world: FuzzWorld

    func hasInterest(in room: Room, of realm: Realm) -> Bool { world.hasInterest(in: room) }

    func announce(_ publication: Publication) { world.announce(publication) }

    func askDealer<R>(of realm: Realm, _ body: (inout Dealer) -> R) -> R { world.askDealer(body) }
}
