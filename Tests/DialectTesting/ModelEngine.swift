// ModelEngine — the smallest engine that keeps the contract of dialects: it carries out commands and
// delivers.
//
// One realm, one dialect, no cores and no hub. What a client gets is an array of arrivals. Whoever
// adopts it has the dialect and says what is particular to its tests.

import Bytes
package import DialectKit
package import Hub
package import Rooms

/// What every model engine keeps.
package final class ModelState {
    package fileprivate(set) var connections: [ModelConnection] = []
    /// Nanoseconds; what sessions see as ``Commands/now``.
    package fileprivate(set) var now: UInt64 = 1_000_000
    package fileprivate(set) var publications: [Publication] = []
    package fileprivate(set) var deliveryCount = 0
    fileprivate var lastNumber: UInt64 = 1 << 60

    package init() {}
}

/// The world around one dialect. Used by one test at a time.
package protocol ModelEngine: AnyObject, SendableMetatype {
    static var dialectID: DialectID { get }
    var spoken: any Dialect { get }
    var state: ModelState { get }

    /// Whether a publication reaches a subscription.
    func matches(_ subscription: ModelConnection.Subscription, _ publication: Publication) -> Bool

    /// Whether the index takes one more pattern.
    func hasRoom(for pattern: Pattern) -> Bool

    /// A connection has asked a procedure: the call may be answered now, or later.
    func called(by connection: ModelConnection, _ request: CallRequest)

    /// Somebody has subscribed, unsubscribed or left.
    func subscriptionsChanged()
}

extension ModelEngine {
    package var connections: [ModelConnection] { state.connections }

    package func matches(
        _ subscription: ModelConnection.Subscription, _ publication: Publication
    ) -> Bool {
        let isOurs = publication.dialect == Self.dialectID
        if isOurs, let own = publication.reading, own != subscription.reading { return false }
        return subscription.pattern.matches(publication.room)
    }

    package func hasRoom(for pattern: Pattern) -> Bool { true }
    package func called(by connection: ModelConnection, _ request: CallRequest) {}
    package func subscriptionsChanged() {}
}

// MARK: - What clients do

extension ModelEngine {
    /// Opens a connection as far as those who have to be asked let it come.
    package func open(_ request: OpeningRequest) -> ModelConnection {
        state.lastNumber += 1
        let connection = ModelConnection(number: state.lastNumber)
        state.connections.append(connection)
        settle(spoken.open(request), for: connection)
        return connection
    }

    private func settle(_ decision: OpeningDecision, for connection: ModelConnection) {
        switch decision {
        case .refuse(let refusal): connection.arrivals.append(.refusal(refusal))
        case .accept(let session, let subprotocol):
            connection.session = session
            connection.subprotocol = subprotocol
            connection.isOpen = true
            carryOut(for: connection) { session.opened(&$0) }
        case .later(let opening):
            connection.opening = opening
            // The model has one thread, so what is decided may be carried out at once.
            let box = Unchecked((self, connection))
            opening.begin(connection: connection.number) { decision in
                let (engine, connection) = box.value
                guard connection.opening != nil else { return }
                connection.opening = nil
                let decided = decision()
                if case .later = decided { preconditionFailure("later must not be said twice") }
                engine.settle(decided, for: connection)
            }
        }
    }

    package func send(_ text: String, from connection: ModelConnection) {
        send(.text, Array(text.utf8), from: connection)
    }

    package func send(_ kind: MessageKind, _ octets: [UInt8], from connection: ModelConnection) {
        guard connection.isOpen else { return }
        guard connection.pendingCall == nil, !connection.holdsInput else {
            connection.held.append((kind, octets))
            return
        }
        carryOut(for: connection, inbound: octets) {
            connection.session.receive(kind, unsafe octets.span.bytes, &$0)
        }
    }

    /// The client leaves, or the server has closed.
    package func close(_ connection: ModelConnection) {
        if let opening = connection.opening {
            connection.opening = nil
            opening.abandon()
        }
        guard connection.isOpen else { return }
        connection.isOpen = false
        connection.subscriptions = []
        connection.wakeTime = nil
        subscriptionsChanged()
        guard connection.session.leavesTraces else { return }
        var commands = Commands()
        commands.connection = connection.number
        connection.session.closed(&commands)
        precondition(commands.list.isEmpty)
    }
}

// MARK: - What happens to them

extension ModelEngine {
    /// Answers the call that waits, and lets in what came meanwhile.
    package func answerCall(of connection: ModelConnection, _ outcome: CallOutcome) {
        guard let call = connection.pendingCall else { preconditionFailure("nobody was asked") }
        connection.pendingCall = nil
        carryOut(for: connection) { connection.session.answered(call.token, outcome, &$0) }
        sendHeld(of: connection)
    }

    /// Does the work that a session has asked for, and hands it the note.
    package func finishWork(of connection: ModelConnection) {
        guard let work = connection.work else { preconditionFailure("no work was asked for") }
        connection.work = nil
        tell(work(), to: connection)
        sendHeld(of: connection)
    }

    private func sendHeld(of connection: ModelConnection) {
        let held = connection.held
        connection.held = []
        for (kind, octets) in held { send(kind, octets, from: connection) }
    }

    package func tell(_ note: any SessionNote, to connection: ModelConnection) {
        carryOut(for: connection) { connection.session.told(note, &$0) }
    }

    /// Lets time pass; sessions are woken in their order.
    package func pass(seconds: Double) {
        let end = state.now + UInt64(seconds * 1e9)
        while let next = connections.compactMap(\.wakeTime).min(), next <= end {
            state.now = next
            for connection in connections where connection.wakeTime == next {
                connection.wakeTime = nil
                carryOut(for: connection) { connection.session.timePassed(&$0) }
            }
        }
        state.now = end
    }

    package func publish(_ publication: Publication) {
        state.publications.append(publication)
        for connection in connections where connection.isOpen {
            let found = connection.subscriptions.filter { matches($0, publication) }
            for subscription in spoken.deliversOncePerConnection ? Array(found.prefix(1)) : found {
                var message = OctetBuffer()
                guard
                    let payload = spoken.encode(
                        publication, reading: subscription.reading, into: &message)
                else { continue }
                let count = message.count
                precondition(0 <= payload.lowerBound && payload.upperBound <= count)
                message.append(subscription.tail)
                connection.arrivals.append(.message(message.octets.text))
                state.deliveryCount += 1
            }
        }
    }

    /// Carries out what a session wants done.
    ///
    /// - Parameter inbound: The message at hand.
    package func carryOut(
        for connection: ModelConnection, inbound: [UInt8] = [],
        _ body: (inout Commands) -> Void
    ) {
        var commands = Commands()
        commands.connection = connection.number
        commands.now = state.now
        body(&commands)
        connection.errorCount += commands.errorCount
        var asked: CallRequest?
        for command in commands.list where connection.isOpen {
            switch command {
            case .reply(let kind, let range):
                precondition(kind == .text)
                connection.arrivals.append(
                    .message(commands.octets.octets.extracting(range).text))
            case .relay(let kind, let range):
                precondition(kind == .text)
                connection.arrivals.append(
                    .message(String(decoding: inbound[range], as: UTF8.self)))
            case .subscribe(let pattern, let reading, let tail):
                guard hasRoom(for: pattern) else {
                    carryOut(for: connection, inbound: inbound) {
                        connection.session.refused(
                            unsafe inbound.span.bytes, pattern, reading, &$0)
                    }
                    return
                }
                let subscription = ModelConnection.Subscription(
                    pattern: pattern, reading: reading, tail: tail)
                precondition(tail.count <= Command.tailLimit)
                precondition(!connection.subscriptions.contains(subscription))
                connection.subscriptions.append(subscription)
                subscriptionsChanged()
            case .unsubscribe(let pattern, let reading, let tail):
                let subscription = ModelConnection.Subscription(
                    pattern: pattern, reading: reading, tail: tail)
                let place = connection.subscriptions.firstIndex(of: subscription)
                connection.subscriptions.remove(at: place!)
                subscriptionsChanged()
            case .publish(let publication): publish(publication)
            case .call(let token, let request):
                precondition(request.holdsInput && connection.pendingCall == nil)
                connection.pendingCall = (token, request)
                asked = request
            case .workElsewhere(let work):
                precondition(connection.work == nil)
                connection.work = work
            case .holdInput: connection.holdsInput = true
            case .releaseInput: connection.holdsInput = false
            case .wake(let time): connection.wakeTime = time == 0 ? nil : state.now + time
            case .close(let code, let reason):
                connection.closeReason = reason
                connection.arrivals.append(.close(code))
                close(connection)
            default: preconditionFailure("no command of these dialects")
            }
        }
        if let asked, connection.isOpen { called(by: connection, asked) }
    }
}

/// For what never leaves the test's thread.
private struct Unchecked<Value>: @unchecked Sendable {
    let value: Value
    init(_ value: Value) { self.value = value }
}
