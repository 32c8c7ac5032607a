// Upgrading — a request becomes a WebSocket, if its route's dialect agrees (RFC 6455 §4.2).

import Bytes
import DialectKit
import HTTP1
import Telemetry
import WebSocket

extension Core where Kernel: ~Copyable {
    mutating func upgrade(
        _ head: RequestHead, _ octets: RawSpan, to place: Int, for connection: Connection
    ) {
        // Asked for what is needed: a copy of a route retains everything in it.
        let routes = state.settings.routes
        let request: UpgradeRequest
        do throws(UpgradeRefusal) {
            request = try UpgradeRequest.check(
                head, in: octets, origins: routes[place].originList, deflate: state.settings.deflate
            )
        } catch {
            if error != .forbiddenOrigin, error != .unsupportedVersion,
                let refusal = routes[place].dialect.refusalWithoutUpgrade
            {
                refuse(connection, refusal)
            } else {
                refuse(connection, status: error.status) { error.writeFields(into: &$0) }
            }
            return
        }
        let dialect = routes[place].dialect
        let gate = routes[place].gate
        let asked = Self.opening(
            head, octets,
            withHeaders: dialect.readsHeaders || gate?.readsHeaders == true)
        let opening = Opening(
            request: request, route: place,
            // As sent, as text, and as what somebody is asked.
            memorySize: 3 * octets.byteCount + 64 * head.fields.count)
        if let gate {
            enter(by: gate, dialect, asked, opening, connection)
        } else {
            carryOut(dialect.open(asked), opening, for: connection)
        }
    }

    mutating func carryOut(
        _ decision: OpeningDecision, _ opening: Opening, for connection: Connection
    ) {
        switch decision {
        case .refuse(let refusal): refuse(connection, refusal)
        case .accept(let session, let subprotocol):
            passGate(opening, connection)
            open(connection, opening.request, session, subprotocol, opening.route)
        case .later(let pending):
            // It has said what it wants; whoever decides keeps the time.
            leaveHandshake(connection)
            var opening = opening
            opening.pending = pending
            connection.opening = opening
            connection.awaitsAnswer = true
            let id = connection.id
            let state = self.state
            pending.begin(connection: id.rawValue) { decide in
                state.post(.opening(id, decide), to: id.core)
            }
        }
    }

    /// An opening that waited is decided.
    mutating func decided(_ id: ConnectionID, _ decide: @Sendable () -> OpeningDecision) {
        guard let connection = table.connection(id), connection.phase == .http,
            var opening = connection.opening
        else { return }
        connection.opening = nil
        let decision = decide()
        if let gate = opening.pending as? GatedOpening {
            opening.grant = gate.grant
        } else if case .later = decision {
            preconditionFailure("what was decided later is decided")
        }
        // Before the session is there: it may hold its input from the first. And behind a gate the
        // dialect may have to ask, too.
        connection.awaitsAnswer = false
        carryOut(decision, opening, for: connection)
        resumeHeldInput(connection)
        if connection.mayHoldInput { countInput(connection) }
    }

    /// The client of an opening that waits has left.
    mutating func abandonOpening(_ connection: Connection) {
        guard let opening = connection.opening else { return }
        connection.opening = nil
        connection.awaitsAnswer = false
        opening.pending?.abandon()
    }

    private mutating func refuse(_ connection: Connection, _ refusal: Refusal) {
        refuse(
            connection, status: refusal.status, reason: refusal.reason,
            contentType: refusal.contentType, body: refusal.body
        ) { fields in
            // RFC 9110 §15.5.22: a 426 names what to upgrade to.
            if refusal.status == 426 {
                ResponseHead.writeField("Upgrade", "websocket", into: &fields)
            }
        }
    }

    /// What the dialect may look at. Text is made only for those that read it.
    private static func opening(
        _ head: RequestHead, _ octets: RawSpan, withHeaders: Bool
    ) -> OpeningRequest {
        var headers: [(name: String, value: String)] = []
        if withHeaders {
            for field in head.fields {
                headers.append(
                    (
                        octets.extracting(field.nameRange).text.lowercased(),
                        octets.extracting(field.valueRange).text
                    ))
            }
        }
        return OpeningRequest(
            path: octets.extracting(head.pathRange).text,
            query: octets.extracting(head.queryRange).text,
            subprotocols: UpgradeRequest.subprotocols(of: head, in: octets),
            headers: headers)
    }

    private mutating func open(
        _ connection: Connection, _ request: UpgradeRequest, _ session: any Session,
        _ subprotocol: String?, _ place: Int
    ) {
        let routes = state.settings.routes
        let dialect = routes[place].dialectID
        let realm = routes[place].realm
        var request = request
        grantContext(&request, connection)
        message.removeAll()
        request.writeResponse(
            subprotocol: subprotocol ?? routes[place].subprotocol, into: &message)
        sendMessageBuffer(to: connection)
        metrics.count(handshake: .accepted)
        metrics.adjust(.openWebSockets, by: 1)
        leaveHandshake(connection)
        connection.trim()
        connection.phase = .open
        connection.route = place
        connection.realm = realm
        connection.dialect = dialect
        connection.session = session
        unsafe connection.receiver = Receiver(role: .server, deflate: request.deflate)
        if let deflate = request.deflate {
            connection.wire = WireForm(rawValue: max(9, min(15, deflate.serverWindowBits)))
        }
        // Never under twice the message limit, or one message could overflow an empty queue.
        let messageSize = routes[place].messageSize ?? limits.messageSize
        let limit = max(routes[place].sendQueueSize ?? limits.sendQueueSize, 2 * messageSize)
        unsafe (table.hot + connection.slot).pointee.limit = UInt32(clamping: limit)
        state.registry.opened(dialect, in: realm)
        // Balancers need time to see the red light: who comes meanwhile is drained like the rest.
        if let drain { setDrainTime(of: connection, drain) }
        setDeadline(of: connection)
        guard var commands = commands.take() else { return }
        introduce(connection, to: &commands)
        session.opened(&commands)
        carryOut(&commands, RawSpan(), for: connection)
        self.commands = consume commands
    }
}

/// A valid upgrade. It stands in what few connections have, so its numbers share a word.
struct Opening {
    let request: UpgradeRequest
    private let routeNumber: UInt32
    private let octets: UInt32
    /// Who decides, where that takes time.
    var pending: (any PendingOpening)?
    /// What the gate of the route has granted.
    var grant: GateGrant?

    init(request: UpgradeRequest, route: Int, memorySize: Int) {
        self.request = request
        routeNumber = UInt32(route)
        octets = UInt32(clamping: memorySize)
    }

    /// The place of its route among those of the engine.
    var route: Int { Int(routeNumber) }

    /// Octets of memory that it takes while somebody decides, about.
    var memorySize: Int { Int(octets) }
}
