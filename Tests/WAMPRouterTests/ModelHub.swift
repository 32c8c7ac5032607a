// ModelHub — the smallest engine that keeps the contract of a router: one core, a queue of mail, a
// dealer per realm, and clocks that tests move.
//
// What the dealer wants and what sessions tell each other goes through the mail, which is read when
// the commands of a message have been carried out. A core does the same.

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
    /// The engine would keep what it sends.
    var holdsInput = false
    /// What a gate lets it do.
    var clearance: Clearance?
    /// The rest of a batch, which comes again.
    var postponed: (kind: MessageKind, octets: [UInt8])? {
        didSet { if postponed != nil { postponedCount += 1 } }
    }
    private(set) var postponedCount = 0

    init(id: UInt64, form: WAMPForm, session: WAMPSession, dialect: DialectID) {
        self.id = id
        self.form = form
        self.session = session
        self.dialect = dialect
    }
}

/// The world around one router. Used by one test at a time.
final class ModelHub: @unchecked Sendable {
    enum Mail {
        case dealt(UInt64, DealerAction)
        case note(UInt64, any SessionNote)
        case publication(Publication)
    }

    /// A class, so that an array can hold it.
    final class Desk {
        var dealer = Dealer()
        var addresses: [PartyID: UInt64] = [:]
        var observer: (@Sendable (RegistrationEvent) -> Void)?
    }

    var router: WAMPRouter!
    var dialects: [WAMPDialect] = []
    var desks: [Desk] = []
    var connections: [ModelConnection] = []
    var mail: [Mail] = []
    var isReading = false
    /// Mail stays where it is, as if it were under way between two cores.
    var holdsMail = false { didSet { readMail() } }
    var numbers: SplitMix64
    /// The core's clock, in nanoseconds.
    var now: UInt64 = 50_000_000_000
    /// 2026-01-02T03:04:05.678Z when the world begins.
    var wallClock: UInt64 { 1_767_323_045_678_000_000 - 50_000_000_000 + now }
    /// Subscriptions that the index has room for.
    var indexLimit = Int.max
    /// Work off the cores, kept until ``finishWork()``.
    var work: [(connection: UInt64, job: @Sendable () -> any SessionNote)] = []
    var keepsWork = false
    var published: [Publication] = []
    /// Octets of the most that was answered to one message or note.
    var largestAnswer = 0

    init(
        _ realms: [RealmSettings] = People.realms, settings: RouterSettings = RouterSettings(),
        seed: UInt64 = 1
    ) {
        numbers = SplitMix64(seed: seed)
        let surroundings = RouterSurroundings(
            wallClock: { [unowned self] in wallClock }, clock: { [unowned self] in now },
            random: { [unowned self] in random() },
            randomOctets: { [unowned self] count in
                (0..<count).map { _ in UInt8(truncatingIfNeeded: random()) }
            })
        desks = realms.map { _ in Desk() }
        router = WAMPRouter(
            settings: settings, realms: realms, services: ServicesOfHub(hub: self),
            surroundings: surroundings, firstID: DialectID(rawValue: 2))
        dialects = router.makeDialects()
    }

    func random() -> UInt64 { numbers.next() }

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

    func drain(_ connection: ModelConnection, _ farewell: Farewell = .goingAway) {
        call(connection) { $0.drained(farewell, &$1) }
    }

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

    func move(to time: UInt64) {
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

    func call(
        _ connection: ModelConnection, inbound: [UInt8] = [],
        _ body: (any Session, inout Commands) -> Void
    ) {
        guard connection.isOpen else { return }
        var commands = Commands()
        commands.connection = connection.id
        commands.now = now
        commands.clearance = connection.clearance
        body(connection.session, &commands)
        largestAnswer = max(largestAnswer, commands.octets.count)
        carryOut(&commands, for: connection, inbound: inbound)
        readMail()
        if let rest = connection.postponed, !connection.holdsInput {
            connection.postponed = nil
            send(rest.kind, rest.octets, from: connection)
        }
    }

    func readMail() {
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
}
