// FuzzWorld — the smallest engine around a WAMP router and two clients, for fuzzSession.
//
// As in a core, the commands of a message are carried out in their order, and what the dealer and
// other sessions want is mail, read behind them. Whatever a session may not do here is a trap.

import Bytes
import Codecs
import DialectKit
import Hub
import Rooms
import WAMP
import WAMPAuthentication
import WAMPRouter

final class FuzzConnection {
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

final class FuzzWorld: @unchecked Sendable {
    enum Mail {
        case dealt(UInt64, DealerAction)
        case note(UInt64, any SessionNote)
        case publication(Publication)
    }

    var router: WAMPRouter!
    var dialects: [WAMPDialect] = []
    var connections: [FuzzConnection] = []
    var mail: [Mail] = []
    var isReading = false
    var addresses: [PartyID: UInt64] = [:]
    var counter: UInt64 = 0
    var now: UInt64 = 1_000_000_000
    var dealer = Dealer()
    var observer: (@Sendable (RegistrationEvent) -> Void)?

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

    func call(
        _ connection: FuzzConnection, inbound: [UInt8] = [],
        _ body: (any Session, inout Commands) -> Void
    ) {
        guard connection.isOpen else { return }
        var commands = Commands()
        commands.connection = connection.id
        commands.now = now
        body(connection.session, &commands)
        var rest: (kind: MessageKind, octets: [UInt8])?
        for command in commands.list where connection.isOpen {
            if case .postpone(let kind, let start) = command {
                precondition(connection.form.isBatched && start < inbound.count)
                rest = (kind, Array(inbound[start...]))
            } else {
                carryOut(command, commands.octets.octets, connection)
            }
        }
        readMail()
        guard let rest else { return }
        call(connection, inbound: rest.octets) {
            $0.receive(rest.kind, unsafe rest.octets.span.bytes, &$1)
        }
    }

    func readMail() {
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

    func carryOut(
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
        case .unsubscribeAll:
            connection.subscriptions = []
            _ = connection.session.forgetSubscriptions(atMost: .max, isEnding: false)
        case .join(let realm, let dialect):
            precondition(connection.subscriptions.isEmpty, "it joins before it subscribes")
            connection.realm = realm
            connection.dialect = dialect
        case .wake(let delay): connection.awaitsTime = delay > 0
        case .workElsewhere(let job): mail.append(.note(connection.id, job()))
        case .holdInput, .releaseInput: break  // the note has come before anything else does
        case .close(let code, _):
            precondition([1000, 1001, 1002].contains(code))
            lose(connection)
        case .boundary: precondition(connection.form.isBatched)
        default: spread(command, connection)
        }
    }

    func holds(
        _ connection: FuzzConnection, _ pattern: Pattern, _ reading: Reading
    ) -> Bool {
        connection.subscriptions.contains { $0.pattern == pattern && $0.reading == reading }
    }

    func spread(_ command: Command, _ connection: FuzzConnection) {
        switch command {
        case .publish(let publication): fanOut(publication)
        case .announce(let publication): mail.append(.publication(publication))
        case .tell(let id, let note): mail.append(.note(id, note))
        case .dealer(let request): ask(request, connection)
        default: preconditionFailure("the router does not do this here")
        }
    }

    func lose(_ connection: FuzzConnection) {
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
}
