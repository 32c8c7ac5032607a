// ModelHub — the smallest engine that keeps the contract of a router: one core, a queue of mail, a
// dealer per realm, and clocks that tests move.
//
// Commands of one message are carried out in their order; what the dealer wants and what sessions
// tell each other goes through the mail, which is read when they are. A core does the same.

import Bytes
import Codecs
import DialectKit
import Hub
import Rooms

@testable import WAMPRouter

/// What a client can see of the server.
enum Arrival: Equatable {
    case message([UInt8])
    case close(UInt16)
}

/// One connection as the engine sees it.
final class ModelConnection {
    let id: UInt64
    let form: WAMPForm
    let session: WAMPSession
    var dialect: DialectID
    var realm: Realm?
    var subscriptions: [(pattern: Pattern, reading: Reading)] = []
    var arrivals: [Arrival] = []
    var isOpen = true
    /// When ``Session/timePassed(_:)`` is due; 0: never.
    var deadline: UInt64 = 0
    var errorCount = 0

    init(id: UInt64, form: WAMPForm, session: WAMPSession, dialect: DialectID) {
        self.id = id
        self.form = form
        self.session = session
        self.dialect = dialect
    }
}

/// The world around one router. Used by one test at a time.
final class ModelHub: @unchecked Sendable {
    private enum Mail {
        case dealt(UInt64, DealerAction)
        case note(UInt64, any SessionNote)
        case publication(Publication)
    }

    /// A class, so that an array can hold it.
    final class Desk {
        var dealer = Dealer()
        var addresses: [PartyID: UInt64] = [:]
    }

    private(set) var router: WAMPRouter!
    private(set) var dialects: [WAMPDialect] = []
    private(set) var desks: [Desk] = []
    private(set) var connections: [ModelConnection] = []
    private var mail: [Mail] = []
    private var isReading = false
    /// Mail stays where it is, as if it were under way between two cores.
    var holdsMail = false { didSet { readMail() } }
    private var randomState: UInt64
    /// The core's clock, in nanoseconds.
    private(set) var now: UInt64 = 50_000_000_000
    /// 2026-01-02T03:04:05.678Z when the world begins.
    var wallClock: UInt64 { 1_767_323_045_678_000_000 - 50_000_000_000 + now }
    /// Subscriptions that the index has room for.
    var indexLimit = Int.max
    /// Work off the cores, kept until ``finishWork()``.
    private(set) var work: [(connection: UInt64, job: @Sendable () -> any SessionNote)] = []
    var keepsWork = false
    private(set) var published: [Publication] = []

    init(
        _ realms: [RealmSettings] = People.realms, settings: RouterSettings = RouterSettings(),
        seed: UInt64 = 1
    ) {
        randomState = seed
        let surroundings = RouterSurroundings(
            wallClock: { [unowned self] in wallClock }, clock: { [unowned self] in now },
            random: { [unowned self] in random() },
            randomOctets: { [unowned self] count in
                (0..<count).map { _ in UInt8(truncatingIfNeeded: random()) }
            })
        router = WAMPRouter(
            settings: settings, realms: realms, services: ServicesOfHub(hub: self),
            surroundings: surroundings, firstID: DialectID(rawValue: 2))
        dialects = router.makeDialects()
        desks = realms.map { _ in Desk() }
    }

    /// SplitMix64.
    func random() -> UInt64 {
        randomState &+= 0x9E37_79B9_7F4A_7C15
        var word = randomState
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }

    // MARK: What clients do

    func open(_ form: WAMPForm = .json) -> ModelConnection {
        let base = form == .batchedJSON18 ? .batchedJSON : form
        let dialect = dialects[Int(base.rawValue)]
        let session: any Session
        if let subprotocol = base.subprotocol {
            let request = OpeningRequest(
                path: "/", query: "", subprotocols: ["other", subprotocol], headers: [])
            guard case .accept(let accepted, subprotocol) = dialect.open(request) else {
                preconditionFailure("a dialect accepts its own subprotocol")
            }
            session = accepted
        } else {
            session = dialect.openRaw()
        }
        let connection = ModelConnection(
            id: UInt64(connections.count + 1), form: form, session: session as! WAMPSession,
            dialect: dialect.id)
        connections.append(connection)
        call(connection) { $0.opened(&$1) }
        return connection
    }

    func send(_ kind: MessageKind, _ octets: [UInt8], from connection: ModelConnection) {
        call(connection, inbound: octets) {
            $0.receive(kind, unsafe octets.span.bytes, &$1)
        }
    }

    /// The connection is gone without a word.
    func lose(_ connection: ModelConnection) {
        guard connection.isOpen else { return }
        end(connection)
        readMail()
    }

    // MARK: What the engine does

    func drain(_ connection: ModelConnection) { call(connection) { $0.drained(&$1) } }

    /// Does the work that waits, and hands its notes over.
    func finishWork() {
        let waiting = work
        work = []
        for (connection, job) in waiting { mail.append(.note(connection, job())) }
        readMail()
    }

    /// Moves the clock, from deadline to deadline.
    func pass(_ duration: UInt64) {
        let end = now + duration
        while let next = nextDeadline, next <= end { move(to: next) }
        now = end
    }

    /// Moves the clock to the next deadline within `duration`.
    ///
    /// - Returns: Whether there is one.
    func passToNext(within duration: UInt64) -> Bool {
        guard let next = nextDeadline, next <= now + duration else { return false }
        move(to: next)
        return true
    }

    var nextDeadline: UInt64? {
        let calls = desks.compactMap { $0.dealer.nextDeadline }
        let waits = connections.compactMap { $0.isOpen && $0.deadline > 0 ? $0.deadline : nil }
        return (calls + waits).min()
    }

    private func move(to time: UInt64) {
        now = max(now, time)
        for desk in desks {
            var actions: [DealerAction] = []
            desk.dealer.expire(now: now, &actions)
            post(actions, desk)
        }
        for connection in connections
        where connection.isOpen && connection.deadline > 0 && connection.deadline <= now {
            connection.deadline = 0
            call(connection) { $0.timePassed(&$1) }
        }
        readMail()
    }

    private func call(
        _ connection: ModelConnection, inbound: [UInt8] = [],
        _ body: (any Session, inout Commands) -> Void
    ) {
        guard connection.isOpen else { return }
        var commands = Commands()
        commands.connection = connection.id
        commands.now = now
        body(connection.session, &commands)
        carryOut(&commands, for: connection, inbound: inbound)
        readMail()
    }

    private func readMail() {
        guard !isReading, !holdsMail else { return }
        isReading = true
        while !mail.isEmpty {
            switch mail.removeFirst() {
            case .dealt(let id, let action):
                call(connections[Int(id) - 1]) { $0.dealt(action, &$1) }
            case .note(let id, let note):
                call(connections[Int(id) - 1]) { $0.told(note, &$1) }
            case .publication(let publication): fanOut(publication)
            }
        }
        isReading = false
    }

    private func carryOut(
        _ commands: inout Commands, for connection: ModelConnection, inbound: [UInt8]
    ) {
        connection.errorCount += commands.errorCount
        for (place, command) in commands.list.enumerated() {
            guard connection.isOpen else { return }
            switch command {
            case .reply(let kind, let range):
                precondition(kind == connection.form.messageKind)
                connection.arrivals.append(
                    .message(commands.octets.octets.extracting(range).array))
            case .subscribe(let pattern, let reading):
                precondition(connection.realm != nil, "nobody subscribes before joining")
                // As in the engine, subscribing twice changes nothing.
                guard
                    !connection.subscriptions.contains(where: {
                        $0.pattern == pattern && $0.reading == reading
                    })
                else { break }
                guard subscriptionCount < indexLimit else {
                    refuse(pattern, reading, at: place, &commands, connection, inbound)
                    return
                }
                connection.subscriptions.append((pattern, reading))
            case .unsubscribe(let pattern, let reading):
                connection.subscriptions.removeAll {
                    $0.pattern == pattern && $0.reading == reading
                }
            case .unsubscribeAll: connection.subscriptions = []
            case .boundary: break
            case .close(let code, _):
                connection.arrivals.append(.close(code))
                end(connection)
            case .join(let realm, let dialect):
                precondition(connection.subscriptions.isEmpty)
                connection.realm = realm
                connection.dialect = dialect
            case .wake(let delay): connection.deadline = delay == 0 ? 0 : now + delay
            case .workElsewhere(let job):
                work.append((connection.id, job))
                if !keepsWork { finishWork() }
            default: spread(command, of: connection)
            }
        }
    }

    /// Commands that others hear of.
    private func spread(_ command: Command, of connection: ModelConnection) {
        switch command {
        case .publish(let publication):
            published.append(publication)
            fanOut(publication)
        case .announce(let publication): mail.append(.publication(publication))
        case .tell(let address, let note): mail.append(.note(address, note))
        case .dealer(let request): ask(request, from: connection)
        default: preconditionFailure("no command of this dialect")
        }
    }

    private func refuse(
        _ pattern: Pattern, _ reading: Reading, at place: Int, _ commands: inout Commands,
        _ connection: ModelConnection, _ inbound: [UInt8]
    ) {
        let rest = commands.list[place...].drop { if case .boundary = $0 { false } else { true } }
        commands.keep(Array(rest))
        var answer = Commands(capacity: 256)
        connection.session.refused(unsafe inbound.span.bytes, pattern, reading, &answer)
        carryOut(&answer, for: connection, inbound: inbound)
        carryOut(&commands, for: connection, inbound: inbound)
    }

    private func end(_ connection: ModelConnection) {
        connection.isOpen = false
        connection.subscriptions = []
        guard connection.session.leavesTraces else { return }
        var commands = Commands(capacity: 0)
        commands.connection = connection.id
        commands.now = now
        connection.session.closed(&commands)
        for command in commands.list { spread(command, of: connection) }
    }

    var subscriptionCount: Int { connections.reduce(0) { $0 + $1.subscriptions.count } }

    private func fanOut(_ publication: Publication) {
        for connection in connections
        where connection.isOpen && connection.realm == publication.realm {
            if publication.reach.excluded == connection.id { continue }
            let dialect = dialects.first { $0.id == connection.dialect }!
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
                connection.arrivals.append(.message(message.octets.array))
            }
        }
    }

    // MARK: The dealers

    private func ask(_ request: DealerRequest, from connection: ModelConnection) {
        let desk = desks[Int(connection.realm!.rawValue)]
        let party = request.party
        var actions: [DealerAction] = []
        switch request.question {
        case .open(let owner, let features):
            if desk.dealer.open(party, owner: owner, features: features) {
                desk.addresses[party] = connection.id
            }
        case .close:
            desk.dealer.close(party, now: now, &actions)
            desk.addresses[party] = nil
        case .register(let pattern, let request, let options):
            desk.dealer.register(
                pattern, request: request, by: party, options: options, now: now, &actions)
        case .unregister(let id, let request):
            desk.dealer.unregister(id, request: request, by: party, &actions)
        case .revoke(let id, let reason):
            try? desk.dealer.revoke(id, from: party, reason: reason, &actions)
        case .call(let procedure, let request, let options, let payload):
            desk.dealer.call(
                procedure, request: request, by: party, options: options, payload: payload,
                now: now, random: random(), &actions)
        case .cancel(let request, let mode):
            desk.dealer.cancel(request, by: party, mode: mode, now: now, &actions)
        case .yield(let invocation, let isProgress, let payload):
            desk.dealer.yield(
                invocation, by: party, isProgress: isProgress, payload: payload, now: now,
                &actions)
        case .fail(let invocation, let uri, let payload):
            desk.dealer.fail(
                invocation, by: party, uri: uri, payload: payload, now: now, random: random(),
                &actions)
        }
        desk.dealer.checkInvariants()
        post(actions, desk)
    }

    private func post(_ actions: [DealerAction], _ desk: Desk) {
        let realm = router.realms[desks.firstIndex { $0 === desk }!]
        for action in actions {
            if case .meta(let event) = action {
                realm.announce(event)
            } else if let party = action.party, let connection = desk.addresses[party] {
                mail.append(.dealt(connection, action))
            }
        }
    }

    // MARK: What the router asks

    fileprivate func hasInterest(in room: Room, of realm: Realm) -> Bool {
        connections.contains { connection in
            connection.realm == realm
                && connection.subscriptions.contains { $0.pattern.matches(room) }
        }
    }

    fileprivate func announce(_ publication: Publication) {
        mail.append(.publication(publication))
    }

    // MARK: Checks

    /// What is left in any book when nobody is connected any more.
    var leftovers: [String] {
        var left: [String] = []
        for (realm, desk) in zip(router.realms, desks) {
            let name = realm.settings.name
            if realm.withSessions({ $0.count }) > 0 { left.append("\(name): sessions") }
            let records = realm.withSubscriptions { records, patterns in
                (records.values.count { !$0.isKept || !$0.members.isEmpty }, patterns.count)
            }
            if records.0 > 0 { left.append("\(name): subscriptions") }
            if records.1 != realm.settings.history.count { left.append("\(name): patterns") }
            if desk.dealer.partyCount > 0 { left.append("\(name): parties") }
            if desk.dealer.registrationCount > 0 { left.append("\(name): registrations") }
            if desk.dealer.pendingCallCount > 0 { left.append("\(name): calls") }
            if !desk.addresses.isEmpty { left.append("\(name): addresses") }
        }
        return left
    }

    /// Where the books and the index disagree.
    var contradictions: [String] {
        var wrong: [String] = []
        for realm in router.realms {
            let sessions = realm.withSessions { Array($0.values) }
            for record in sessions {
                let held = connections[Int(record.connection) - 1].subscriptions.map(\.reading)
                if held.sorted() != record.subscriptions.sorted() {
                    wrong.append("\(record.id) holds \(held), booked \(record.subscriptions)")
                }
            }
        }
        return wrong
    }
}

/// What the router sees of the hub, which owns it.
private struct ServicesOfHub: RouterServices {
    unowned let hub: ModelHub

    func hasInterest(in room: Room, of realm: Realm) -> Bool {
        hub.hasInterest(in: room, of: realm)
    }

    func announce(_ publication: Publication) { hub.announce(publication) }

    func askDealer<R>(of realm: Realm, _ body: (inout Dealer) -> R) -> R {
        body(&hub.desks[Int(realm.rawValue)].dealer)
    }
}
