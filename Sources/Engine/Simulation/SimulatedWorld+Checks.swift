// What must be true of simulated cores when nothing moves, and at the end.

import Rooms
import Synchronization
import Telemetry

extension SimulatedWorld {
    /// What must be true when nothing is left to do at this moment.
    package func checkQuiet() {
        checkBounds()
        guard isIdle else {
            violate("the cores do not come to rest")
            return
        }
        for core in cores where !core.isEnded {
            core.core.rooms.checkInvariants()
            if core.ring.openCount != core.core.table.count {
                violate(
                    "\(core.ring.openCount) descriptors for \(core.core.table.count) connections")
            }
            for slot in 0..<core.core.table.capacity {
                guard let connection = core.core.table.connection(at: slot) else { continue }
                checkQuiet(connection, core)
            }
        }
        if state.mailOctets.load(ordering: .relaxed) != 0 { violate("mail octets are left over") }
        checkRegistry()
    }

    private func checkQuiet(_ connection: Connection, _ core: SimulatedCore) {
        if connection.phase == .ending {
            violate("slot \(connection.slot): ends and never does")
        }
        if connection.isPeerFinished, connection.phase < .finishing, !connection.holdsInput {
            violate("slot \(connection.slot): \(connection.phase) though its peer has finished")
        }
        if connection.phase < .ending, !connection.isReceiving, !connection.isPaused,
            !connection.isPeerFinished
        {
            violate("slot \(connection.slot): \(connection.phase) and nobody reads it")
        }
        if connection.backlog != nil, !connection.isSending {
            violate("slot \(connection.slot): backlogged and nobody sends")
        }
        if connection.hasParked, connection.phase == .open, !connection.holdsInput,
            !connection.isPaused
        {
            violate("slot \(connection.slot): octets parked and forgotten")
        }
    }

    /// What must be true when all cores have ended: nothing is left of anything.
    package func checkEmpty() {
        for core in cores {
            let index = core.ring.index
            guard core.isEnded else {
                violate("core \(index) does not end")
                continue
            }
            if core.ring.openedCount != core.ring.closedCount {
                violate(
                    "core \(index): \(core.ring.openedCount) descriptors opened, "
                        + "\(core.ring.closedCount) closed")
            }
            for listener in core.ring.listeners where !listener.isClosed {
                violate("core \(index): listener \(listener.descriptor) is left open")
            }
            // What came after the end is still told to nobody, but gives its buffers back.
            for _ in 0..<3 {
                core.isInTurn = true
                core.core.turn()
                core.isInTurn = false
            }
            if core.ring.buffers.lentCount != 0 {
                violate("core \(index): \(core.ring.buffers.lentCount) buffers never came back")
            }
            if core.core.table.count != 0 { violate("core \(index): connections are left") }
            if core.core.wheel.count != 0 { violate("core \(index): deadlines are left") }
            if core.core.handshakeCount != 0 { violate("core \(index): handshakes are left") }
            if core.core.rooms.subscriptionCount != 0 || core.core.rooms.patternCount != 0 {
                violate("core \(index): subscriptions are left")
            }
            core.core.rooms.checkInvariants()
            if core.core.tails.count != 0 { violate("core \(index): tails are left") }
            checkStore(of: core)
            let metrics = state.metrics[index]
            for gauge in [
                Gauge.openConnections, .openWebSockets, .subscriptions, .backlogOctets,
                .inputOctets,
            ] where metrics.value(of: gauge) != 0 {
                violate("core \(index): \(gauge) is \(metrics.value(of: gauge))")
            }
        }
        if state.connectionCount != 0 { violate("\(state.connectionCount) connections counted") }
        if state.heldOctets.load(ordering: .relaxed) != 0 { violate("shares of memory are left") }
        if state.inputOctets.load(ordering: .relaxed) != 0 {
            violate("shares of memory for input are left")
        }
        if state.contextOctets.load(ordering: .relaxed) != 0 { violate("contexts are left") }
        if state.mailOctets.load(ordering: .relaxed) != 0 { violate("mail octets are left") }
        for route in state.settings.routes {
            if state.registry.connectionCount(of: route.dialectID, in: route.realm) != 0 {
                violate("sessions of \(route.path) are left in the registry")
            }
            if !state.registry.subscriptions(of: route.dialectID, in: route.realm).isEmpty {
                violate("subscriptions of \(route.path) are left in the registry")
            }
        }
    }

    /// Only logs may hold segments; without them the store is empty.
    private func checkStore(of core: SimulatedCore) {
        let left = core.core.closeLogs()
        if left != 0 { violate("core \(core.ring.index): \(left) segments are left") }
    }

    /// The registry knows exactly what the cores hold.
    private func checkRegistry() {
        for route in state.settings.routes {
            // Several routes may lead to one dialect, and sessions to another realm.
            var sessions = 0
            var held: [Pattern: Int] = [:]
            for core in cores where !core.isEnded {
                for slot in 0..<core.core.table.capacity {
                    guard let connection = core.core.table.connection(at: slot),
                        connection.phase == .open, connection.dialect == route.dialectID,
                        connection.realm == route.realm
                    else { continue }
                    sessions += 1
                    connection.subscriptions?.forEach { key, _ in held[key.pattern, default: 0] += 1
                    }
                }
            }
            if state.registry.connectionCount(of: route.dialectID, in: route.realm) != sessions {
                violate("the registry miscounts the \(sessions) sessions of \(route.path)")
            }
            let told = state.registry.subscriptions(of: route.dialectID, in: route.realm)
            if told.count != held.count
                || !told.allSatisfy({ held[$0.pattern] == $0.subscriberCount })
            {
                violate("the registry miscounts the subscriptions of \(route.path)")
            }
        }
    }
}

extension Core where Kernel: ~Copyable {
    /// Gives back what the logs hold.
    ///
    /// - Returns: Segments that somebody else still has.
    fileprivate mutating func closeLogs() -> Int {
        for place in logs.indices { logs[place].close(&store) }
        privateLog.close(&store)
        joinedLog.close(&store)
        return store.liveCount
    }
}
