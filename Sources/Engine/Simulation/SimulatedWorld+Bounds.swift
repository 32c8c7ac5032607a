// What must be true of simulated cores at every step.

import Telemetry

extension SimulatedWorld {
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
                let limit = Int(line.limit) + Backlog.closeReserve
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

    func inputSize(of core: SimulatedCore) -> Int {
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
}
