// Gates — what a route's application decides, held against everything its connections do.
//
// Coming in: the question is an opening that waits, and the dialect is asked behind it. Afterwards
// a session says which question its message depends on; that message is copied and comes again
// with the answer, and all that the client sends meanwhile waits as it does for any answer. How
// long that takes is the gate's business, so there is no clock here. The grant itself is checked
// once more where commands are carried out: a dialect that knows of no gate is bound by it all the
// same.
//
// Routes without a gate pay for it with one comparison with `nil` per message, subscription and
// publication.

import Bytes
import DialectKit
import Hub
import Lockfree
import Rooms

/// What a connection behind a gate has besides.
final class GatedConnection {
    /// A message that waits for an answer.
    struct Waiting {
        let kind: DialectKit.MessageKind
        /// From where its session stopped.
        let octets: [UInt8]
        let question: GateQuestion
        var ticket: (any BackEndTicket)?

        /// Octets of memory: its data stands in the question too, and in the request that is made
        /// of it, which a link to a back end has twice.
        var memorySize: Int { octets.count + 3 * question.dataSize }
    }

    let gate: any Gate
    let clearance: Clearance
    var waiting: Waiting?
    /// The number of the last question, so that no answer is taken for another's.
    var lastQuestion: UInt64 = 0

    init(_ gate: any Gate, _ grant: GateGrant) {
        self.gate = gate
        clearance = Clearance(grant, asking: gate.questions)
    }
}

/// A handshake that waits for its gate.
final class GatedOpening: PendingOpening {
    private struct State {
        var ticket: (any BackEndTicket)?
        var grant: GateGrant?
    }

    private let gate: any Gate
    private let dialect: any Dialect
    private let request: OpeningRequest
    private let state = Guarded<State>(State())

    init(_ gate: any Gate, _ dialect: any Dialect, _ request: OpeningRequest) {
        self.gate = gate
        self.dialect = dialect
        self.request = request
    }

    /// What was granted; `nil` before, and for who is refused.
    var grant: GateGrant? { state.withLock { $0.grant } }

    func begin(
        connection: UInt64,
        _ decide: @escaping @Sendable (@escaping @Sendable () -> OpeningDecision) -> Void
    ) {
        let ticket = gate.admit(request) { [self] verdict in
            state.withLock { $0.ticket = nil }
            decide { self.decision(verdict) }
        }
        // An answer that has come already is on its way by mail, and canceling it does nothing.
        state.withLock { $0.ticket = ticket }
    }

    func abandon() {
        let ticket = state.withLock { state in
            defer { state.ticket = nil }
            return state.ticket
        }
        ticket?.cancel()
    }

    /// Called on the core.
    private func decision(_ verdict: GateVerdict) -> OpeningDecision {
        switch verdict {
        case .refused(let refusal): return .refuse(refusal)
        case .admitted(let grant):
            state.withLock { $0.grant = grant }
            return dialect.open(request)
        }
    }
}

extension Core where Kernel: ~Copyable {
    // MARK: coming in

    /// Decides about an upgrade of a route with a gate.
    mutating func enter(
        by gate: any Gate, _ dialect: any Dialect, _ request: OpeningRequest, _ opening: Opening,
        _ connection: Connection
    ) {
        guard gate.questions.contains(.connect) else {
            var opening = opening
            opening.grant = GateGrant()
            carryOut(dialect.open(request), opening, for: connection)
            return
        }
        carryOut(.later(GatedOpening(gate, dialect, request)), opening, for: connection)
    }

    /// The connection is about to open; from now on it is held to its grant, if there is one.
    mutating func passGate(_ opening: Opening, _ connection: Connection) {
        guard let gate = state.settings.routes[opening.route].gate else { return }
        guard let grant = opening.grant else {
            preconditionFailure("nobody comes in past a gate")
        }
        connection.gated = GatedConnection(gate, grant)
    }

    // MARK: messages

    /// As ``deliver(_:_:to:)``, for a connection behind a gate.
    mutating func deliverGated(
        _ kind: DialectKit.MessageKind, _ payload: RawSpan, to connection: Connection
    ) {
        guard let gated = connection.gated, let session = connection.session,
            var commands = commands.take()
        else { return }
        introduce(connection, to: &commands)
        commands.resumption = 0
        gated.clearance.canAsk = true
        session.receive(kind, payload, &commands)
        gated.clearance.canAsk = false
        gated.clearance.answer = nil
        let question = commands.takeQuestion()
        let start = commands.resumption
        // What other messages of a batch asked for before stays before.
        carryOut(&commands, payload, for: connection)
        self.commands = consume commands
        // Who ends by what stood before, if only when it has departed, is asked about nothing more;
        // nor is the message there any more, which may have stood in the receiver.
        guard let question, connection.phase <= .departing, isHeard(connection) else { return }
        precondition(start >= 0 && start <= payload.byteCount)
        let rest = payload.extracting(start..<payload.byteCount)
        // It asks again when what stands before it has been carried out.
        if waits(kind, rest, of: connection) { return }
        ask(question, kind, rest, gated, connection)
    }

    private mutating func ask(
        _ question: GateQuestion, _ kind: DialectKit.MessageKind, _ octets: RawSpan,
        _ gated: GatedConnection, _ connection: Connection
    ) {
        gated.lastQuestion += 1
        let number = gated.lastQuestion
        gated.waiting = GatedConnection.Waiting(
            kind: kind, octets: octets.array, question: question)
        connection.awaitsGate = true
        connection.mayHoldInput = true
        let id = connection.id
        let state = self.state
        let context = gated.clearance.grant.context
        let ticket = gated.gate.ask(question, context: context) { isAllowed in
            state.post(.permission(id, number, isAllowed), to: id.core)
        }
        gated.waiting?.ticket = ticket
    }

    /// The gate has answered: the message that waited is handed over again, then those behind it.
    mutating func gateAnswered(_ id: ConnectionID, _ number: UInt64, _ isAllowed: Bool) {
        guard let connection = table.connection(id), connection.phase == .open,
            let gated = connection.gated, gated.lastQuestion == number,
            let waiting = gated.waiting
        else { return }
        gated.waiting = nil
        gated.clearance.answer = (waiting.question, isAllowed)
        connection.awaitsGate = false
        let octets = waiting.octets
        unsafe deliverGated(waiting.kind, octets.span.bytes, to: connection)
        resumeHeldInput(connection)
        settleInput(connection)
    }

    /// The connection is no more; nobody waits for an answer.
    mutating func leaveGate(_ connection: Connection) {
        guard let gated = connection.gated else { return }
        connection.gated = nil
        gated.waiting?.ticket?.cancel()
    }

    // MARK: commands

    func maySubscribe(_ pattern: Pattern, _ connection: Connection) -> Bool {
        connection.gated?.clearance.grant.allows(.subscribe, on: pattern) ?? true
    }

    func mayPublish(_ publication: Publication, _ connection: Connection) -> Bool {
        guard let grant = connection.gated?.clearance.grant else { return true }
        guard let coverage = publication.coverage else {
            return grant.allows(.publish, on: publication.room)
        }
        return grant.allows(.publish, on: .wildcard(coverage))
    }
}
