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
        let route = state.settings.routes[place]
        let request: UpgradeRequest
        do throws(UpgradeRefusal) {
            request = try UpgradeRequest.check(
                head, in: octets, origins: route.originList, deflate: state.settings.deflate)
        } catch {
            if error != .forbiddenOrigin, error != .unsupportedVersion,
                let refusal = route.dialect.refusalWithoutUpgrade
            {
                refuse(connection, refusal)
            } else {
                refuse(connection, status: error.status) { error.writeFields(into: &$0) }
            }
            return
        }
        carryOut(
            route.dialect.open(opening(head, octets, route.dialect)),
            Opening(request: request, route: place), for: connection)
    }

    private mutating func carryOut(
        _ decision: OpeningDecision, _ opening: Opening, for connection: Connection
    ) {
        switch decision {
        case .refuse(let refusal): refuse(connection, refusal)
        case .accept(let session, let subprotocol):
            open(connection, opening.request, session, subprotocol, opening.route)
        case .later(let pending):
            // It has said what it wants; whoever decides keeps the time.
            leaveHandshake(connection)
            connection.opening = Opening(
                request: opening.request, route: opening.route, pending: pending)
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
            let opening = connection.opening
        else { return }
        connection.opening = nil
        // Before the session is there: it may hold its input from the first.
        connection.awaitsAnswer = false
        switch decide() {
        case .later: preconditionFailure("what was decided later is decided")
        case let decision: carryOut(decision, opening, for: connection)
        }
        resumeHeldInput(connection)
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

    /// What the dialect may look at. Text is made only for dialects that read it.
    private func opening(
        _ head: RequestHead, _ octets: RawSpan, _ dialect: any Dialect
    ) -> OpeningRequest {
        var headers: [(name: String, value: String)] = []
        if dialect.readsHeaders {
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
        let route = state.settings.routes[place]
        message.removeAll()
        request.writeResponse(subprotocol: subprotocol ?? route.subprotocol, into: &message)
        sendMessageBuffer(to: connection)
        metrics.count(handshake: .accepted)
        metrics.adjust(.openWebSockets, by: 1)
        leaveHandshake(connection)
        connection.phase = .open
        connection.route = place
        connection.realm = route.realm
        connection.dialect = route.dialectID
        connection.session = session
        connection.receiver = Receiver(role: .server, deflate: request.deflate)
        if let deflate = request.deflate {
            connection.wire = WireForm(rawValue: max(9, min(15, deflate.serverWindowBits)))
        }
        // Never under twice the message limit, or one message could overflow an empty queue.
        let messageSize = route.messageSize ?? limits.messageSize
        let limit = max(route.sendQueueSize ?? limits.sendQueueSize, 2 * messageSize)
        unsafe (table.hot + connection.slot).pointee.limit = UInt32(clamping: limit)
        state.registry.opened(route.dialectID, in: route.realm)
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
