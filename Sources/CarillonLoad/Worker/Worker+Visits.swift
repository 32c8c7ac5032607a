// Coming and going — visits by the clock or by a window, and storms, in which everybody leaves.

internal import Measurement

extension Worker {
    /// Lets the next visitor that is out come in; `false` when that one is still there.
    mutating func visitNext(_ place: Int, due: UInt64) -> Bool {
        let slot = groups[place].firstSlot + groups[place].member
        let isClosed = unsafe clients.pointer(slot).pointee.phase == .closed
        if case .closed = groups[place].population.pace {
            groups[place].member = (groups[place].member + 1) % groups[place].count
            guard isClosed else { return false }
            groups[place].sentCount += 1
            stopAtLimit(place)
        } else if !isClosed {
            // By the clock somebody must come now, and everybody is still there.
            tally.slippedSamples += 1
            problems.add("more visits were due than --connections allows at once")
            return false
        }
        tally.requested += 1
        expected += 1
        open(slot, due: due)
        return true
    }

    // MARK: storms

    /// Everybody leaves; `closed` lets them return.
    mutating func startStorm(_ place: Int, _ time: UInt64) {
        let group = groups[place]
        guard group.population.stormInterval > 0, time >= group.nextStorm else { return }
        groups[place].nextStorm += group.population.stormInterval
        for member in 0..<group.count {
            let number = index + member * plan.workerCount
            guard Double(number) < Double(group.population.count) * group.population.stormShare
            else { continue }
            forgetRequests(group.firstSlot + member)
            leave(group.firstSlot + member)
        }
    }

    /// A requester leaves on purpose: what is under way is owed to nobody, what it gave up is lost.
    private mutating func forgetRequests(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        guard unsafe client.pointee.role == .requester, unsafe client.pointee.phase == .ready else {
            return
        }
        let place = Int(unsafe client.pointee.checks)
        let sent = unsafe client.pointee.requestCount
        let missing = checks.lost(at: place, published: sent)
        let open = UInt64(unsafe client.pointee.openRequests)
        lostBeforeReturn += missing - min(missing, open)
        checks.begin(at: place, owedFrom: sent)
    }
}
