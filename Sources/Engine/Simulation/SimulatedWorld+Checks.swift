// What must be true of simulated cores at every step, when nothing moves, and at the end.

import Bytes
package import Rooms
import Synchronization
import Telemetry

extension SimulatedWorld {
    /// Octets a queue may hold above its limit: the reserve for the close frame.
    private static var closeReserve: Int { 256 }

    /// Bounds that hold at every moment outside a turn.
    package func checkBounds() {
        guard !cores.contains(where: { $0.isInTurn }) else { return }
        var backlogs = 0
        for core in cores where !core.isEnded { backlogs += checkBounds(of: core) }
        if backlogSize != backlogs {
            violate("backlogs hold \(backlogs) octets, not \(backlogSize)")
        }
        checkShares()
    }

    /// - Returns: Octets in the core's backlogs.
    private func checkBounds(of core: SimulatedCore) -> Int {
        var backlogs = 0
        var count = 0
        var input = 0
        for slot in 0..<core.core.table.capacity {
            guard let connection = core.core.table.connection(at: slot) else { continue }
            count += 1
            let line = unsafe core.core.table.hot[slot]
            input += Int(line.inputSize)
            if connection.inputSize != line.inputSize {
                violate(
                    "slot \(slot): \(connection.phase) holds \(connection.inputSize) octets of "
                        + "input, not \(line.inputSize)")
            }
            if let backlog = connection.backlog {
                backlog.settle(line.last)
                backlogs += backlog.size
                if Int(line.queued) != backlog.size {
                    violate("slot \(slot): \(backlog.size) octets queued, not \(line.queued)")
                }
                let limit = Int(line.limit) + Self.closeReserve
                if backlog.size > limit {
                    violate("slot \(slot): a backlog of \(backlog.size) octets, limit \(limit)")
                }
                if !line.flags.contains(.blocked), connection.phase < .ending {
                    violate("slot \(slot): backlogged and not blocked")
                }
            } else if line.flags.contains(.blocked) {
                violate("slot \(slot): blocked without a backlog")
            }
            if (connection.phase == .departing) != core.core.departing.contains(connection.id) {
                violate("slot \(slot): \(connection.phase), and forgotten or not")
            }
            if connection.phase < .ending, connection.phase != .departing,
                !core.core.wheel.contains(slot),
                core.core.firstExpired == core.core.expired.count
            {
                violate("slot \(slot): \(connection.phase) without a deadline")
            }
        }
        if input != core.core.inputOctets || inputSize(of: core) != input {
            violate("input takes \(input) octets, not \(core.core.inputOctets)")
        }
        if count != core.core.table.count { violate("\(count) connections in \(count) slots") }
        if core.ring.buffers.lentCount > 0,
            core.core.firstCompletion == core.core.completions.count, !core.ring.hasCompletions,
            core.ring.staged.isEmpty
        {
            violate("core \(core.ring.index): \(core.ring.buffers.lentCount) buffers kept")
        }
        return backlogs
    }

    private func inputSize(of core: SimulatedCore) -> Int {
        state.metrics[core.ring.index].value(of: .inputOctets)
    }

    /// What the cores hold is within their shares, and those within the process's limits.
    private func checkShares() {
        var shares = 0
        var inputShares = 0
        for core in cores where !core.isEnded {
            if core.core.heldOctets > core.core.heldShare {
                // Only what a send has left over may be held without a share, until its close.
                let excess = core.core.heldOctets - core.core.heldShare
                violate("core \(core.ring.index): holds \(excess) octets more than its share")
            }
            shares += core.core.heldShare
            let inputShare = core.core.inputReserve + core.core.inputShare
            if core.core.inputOctets > inputShare {
                let excess = core.core.inputOctets - inputShare
                violate("core \(core.ring.index): input takes \(excess) octets over its share")
            }
            inputShares += inputShare
        }
        if inputShares > state.settings.limits.processReceiveQueueSize {
            violate("the process's input may take \(inputShares) octets")
        }
        if shares > state.settings.limits.processSendQueueSize {
            violate("the process's queues may hold \(shares) octets")
        }
    }

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

    /// One line per connection, for whoever looks into a schedule that failed.
    package var description: String {
        var text = ""
        for core in cores where !core.isInTurn {
            for slot in 0..<core.core.table.capacity {
                guard let connection = core.core.table.connection(at: slot) else { continue }
                text += "core \(core.ring.index) slot \(slot) \(connection.phase):"
                let facts = [
                    ("receiving", connection.isReceiving), ("sending", connection.isSending),
                    ("finished", connection.isPeerFinished), ("paused", connection.isPaused),
                    ("starved", connection.isStarved), ("runnable", connection.isRunnable),
                    ("held", connection.holdsInput), ("over rate", connection.waitsForTick),
                ]
                for (name, isTrue) in facts where isTrue { text += " \(name)" }
                text += " parked \(connection.parkedSize)"
                text += " backlog \(connection.backlog?.size ?? 0)\n"
            }
        }
        return text
    }

    /// Whether somebody is not read until the next tick.
    package var isAnybodyHeld: Bool {
        cores.contains { core in
            (0..<core.core.table.capacity).contains {
                core.core.table.connection(at: $0)?.waitsForTick == true
            }
        }
    }

    /// Octets that logs and backlogs have allocated, without those kept for later use.
    package var storedOctets: Int {
        cores.reduce(0) { $0 + ($1.isEnded ? 0 : $1.core.store.heldOctets) }
    }

    /// Octets in all backlogs.
    package var backlogSize: Int {
        state.metrics.reduce(0) { $0 + $1.value(of: .backlogOctets) }
    }

    /// Octets of memory for the input that all connections hold.
    package var inputSize: Int { cores.reduce(0) { $0 + inputSize(of: $1) } }

    /// How often cores have looked at all connections for those that hold input.
    package var inputLookCount: Int { cores.reduce(0) { $0 + $1.core.inputLookCount } }

    /// Has every core count its publications from here on.
    package func setStamp(_ stamp: UInt32) {
        for core in cores { core.core.stamp = stamp }
    }

    /// Messages that come again when those who sent them have departed.
    package var postponedMessageCount: Int {
        var count = 0
        for core in cores where !core.isEnded {
            for id in core.core.departing {
                for item in core.core.table.connection(id)?.departure?.later ?? [] {
                    if case .message = item { count += 1 }
                }
            }
        }
        return count
    }

    /// Receives submitted so far, and how many of them ended for want of a buffer.
    package var receiveCounts: (submitted: Int, exhausted: Int) {
        cores.reduce((0, 0)) { ($0.0 + $1.ring.receiveCount, $0.1 + $1.ring.exhaustedCount) }
    }

    /// Immediate sends submitted so far.
    package var sendCount: Int { cores.reduce(0) { $0 + $1.ring.sendCount } }

    /// How often completions overflowed a queue.
    package var overflowCount: Int { cores.reduce(0) { $0 + $1.ring.overflowCount } }

    /// WebSockets open on the server's side, over all cores.
    package var openSessionCount: Int {
        var count = 0
        for core in cores where !core.isEnded {
            for slot in 0..<core.core.table.capacity
            where core.core.table.connection(at: slot)?.phase == .open { count += 1 }
        }
        return count
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

    /// Whether any core may still have subscribers of `room`, as publishers see it.
    package func hasInterest(in room: Room, realm: Realm = .standard) -> Bool {
        state.interest.cores(for: room, in: realm) != 0
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
