// Mail — what other cores and threads ask for, and the end of everything.

import Bytes
import DialectKit
import Lockfree
import Synchronization
import Telemetry
import WebSocket

extension Core where Kernel: ~Copyable {
    mutating func readMail() {
        // Half of a turn's share: however much the other cores send, our own peers are read. Mail
        // is not lost by waiting.
        let limit = Self.unflushedLimit / 2
        guard unflushedOctets < limit else { return }
        if firstMail == mail.count { state.mailboxes[index].drain(into: &mail) }
        while firstMail < mail.count && unflushedOctets < limit && !isTurnOver {
            // Taken out: what it carries is let go of now, not when all of the mail is read.
            var item = Mail.stop
            swap(&item, &mail[firstMail])
            firstMail += 1
            if !departing.isEmpty, waits(item) { continue }
            read(item)
        }
        guard firstMail == mail.count else { return }
        mail.removeAll(keepingCapacity: true)
        firstMail = 0
    }

    mutating func read(_ item: Mail) {
        switch item {
        case .publication(let publication, let receipt): receive(publication, receipt)
        case .response(let id, let response):
            if let connection = table.connection(id) { respond(response, connection) }
        case .dealt(let id, let action):
            state.tookMail(of: action.mailSize)
            dealt(id, action)
        case .invoke(let handler, let invocation):
            state.tookMail(of: invocation.mailSize)
            handler.begin(invocation, on: index, state)
        case .handled(let handler, let id, let outcome):
            state.tookMail(of: outcome.mailSize)
            handled(handler, id, outcome)
        case .interrupt(let handler, let id): handler.cancel(id)
        case .opening(let id, let decide): decided(id, decide)
        case .permission(let id, let number, let isAllowed):
            gateAnswered(id, number, isAllowed)
        case .note(let id, let note): callSession(id) { $0.told(note, &$1) }
        case .drain(let plan): beginDrain(plan)
        case .stop: stop()
        }
    }

    private mutating func receive(_ publication: Publication, _ receipt: Receipt?) {
        state.tookMail(of: publication.mailSize)
        if receipt != nil {
            metrics.add(.publications)
            metrics.count(.entered)
        }
        entered.append(now)
        if receipt != nil { settleDeliveries() }
        let started = kernel.now
        let count = fanOut(publication)
        metrics.record(.fanOut, nanoseconds: kernel.now &- started)
        // Who waits for the number gets it for this publication alone.
        if let receipt { receipt.complete(count &+ settleDeliveries()) }
    }

    // MARK: drain and stop

    /// Listeners close at their time; closes are spread so that clients do not return in one wave.
    private mutating func beginDrain(_ plan: DrainPlan) {
        drain = plan
        farewell = plan.farewell
        firstUndrained = 0
        for slot in 0..<table.capacity {
            guard let connection = table.connection(at: slot), connection.listener.isForClients,
                connection.phase <= .departing
            else { continue }
            setDrainTime(of: connection, plan)
            setDeadline(of: connection)
        }
    }

    /// Each at a time of its own, so that clients do not return in one wave.
    mutating func setDrainTime(of connection: Connection, _ plan: DrainPlan) {
        let share = plan.spread == 0 ? 0 : kernel.random() % plan.spread
        connection.drainTime = plan.acceptsUntil + share
    }

    func drainTime(_ plan: DrainPlan) -> UInt64 {
        min(nextRetirement(plan) ?? .max, plan.deadline)
    }

    mutating func advanceDrain() {
        guard let plan = drain else { return }
        if now >= plan.acceptsUntil { retireListeners(plan) }
        guard now >= plan.deadline else { return }
        // In slices: those who watch over the server are served to the end.
        var share = Self.closeSlice
        while firstUndrained < table.capacity {
            if let connection = table.connection(at: firstUndrained),
                connection.listener.isForClients
            {
                guard share > 0 else { return }
                share -= 1
                abort(connection, reason: .drain)
            }
            firstUndrained += 1
        }
        drain = nil
    }

    /// Says goodbye once and closes what is left at once.
    private mutating func stop() {
        isStopping = true
        drain = nil
        for place in listeners.indices { close(listener: place) }
        for slot in 0..<table.capacity {
            guard let connection = table.connection(at: slot) else { continue }
            sayGoodbye(to: connection)
            close(
                connection, CloseCode(rawValue: farewell.code), farewell.reason, because: .drain)
            // One enter takes the close frame along; who has not read it by then has lost it.
            connection.phaseDeadline = now + Self.stopTime
            setDeadline(of: connection)
            if connection.phase == .http { finish(connection) }
        }
    }
}
