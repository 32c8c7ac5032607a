// LinkLoop — what the link's thread does: ask each back end's admission, carry it out, wait.
//
// A turn ends flights that nobody waits for, calls completions, starts what may start, and lets
// libcurl work. Nothing in it waits but `Multi.wait`, and no lock is held around a completion.

internal import CSystem
internal import DialectKit
internal import Lockfree

/// Owned by the link's thread once that runs.
final class LinkLoop {
    /// A back end and its transfers, by number of flight. Number 0 is the breaker's knock.
    private struct Lane {
        let backEnd: HTTPBackEnd
        var transfers: [UInt64: Transfer] = [:]
    }

    private let multi: Multi
    private let waker: Waker
    private let roster: () -> (backEnds: [HTTPBackEnd], isStopped: Bool)
    private var lanes: [Lane] = []

    /// - Parameter roster: All back ends in the order of their making, and whether all is over.
    init(
        _ multi: Multi, _ waker: Waker,
        roster: @escaping () -> (backEnds: [HTTPBackEnd], isStopped: Bool)
    ) {
        self.multi = multi
        self.waker = waker
        self.roster = roster
    }

    /// Until the link is stopped.
    func run() {
        while true {
            waker.beginTurn()
            let (backEnds, isStopped) = roster()
            open(backEnds)
            if isStopped { break }
            var next = UInt64.max
            var isInARush = false
            for lane in lanes.indices {
                let (due, hasFailures) = turn(lane)
                next = min(next, due)
                isInARush = isInARush || hasFailures
            }
            multi.perform()
            // A finished request makes room for another one, and has completions to be called.
            while let finished = multi.nextFinished() {
                settle(finished.lane, finished.number, finished.error)
                isInARush = true
            }
            if isInARush { continue }
            let now = carillon_monotonic_now()
            if next > now { multi.wait(next - now) }
        }
        close()
    }

    /// Makes lanes for back ends that are new.
    private func open(_ backEnds: [HTTPBackEnd]) {
        guard backEnds.count > lanes.count else { return }
        for backEnd in backEnds[lanes.count...] { lanes.append(Lane(backEnd: backEnd)) }
        // As many as can be under way: libcurl's own measure would close what the next wave needs.
        var count = 0
        for backEnd in backEnds {
            count = min(count + min(backEnd.settings.inFlightLimit, 1 << 20), 1 << 20)
        }
        multi.keep(connections: count)
    }

    /// - Returns: When the lane's next turn is due, and whether something failed right away.
    private func turn(_ lane: Int) -> (due: UInt64, hasFailures: Bool) {
        let backEnd = lanes[lane].backEnd
        let turn = backEnd.turn(now: carillon_monotonic_now())
        for flight in turn.drops { lanes[lane].transfers[flight] = nil }
        for ending in turn.endings { ending.asker(ending.result) }
        var hasFailures = false
        for (flight, question) in turn.starts {
            hasFailures = !begin(question, lane, flight) || hasFailures
        }
        if turn.knocks { hasFailures = !begin(nil, lane, 0) || hasFailures }
        return (turn.next ?? .max, hasFailures)
    }

    /// - Parameter question: `nil`: only knock.
    /// - Returns: Whether it is under way; otherwise it has failed.
    private func begin(
        _ question: Question?, _ lane: Int, _ flight: UInt64, address: String? = nil
    ) -> Bool {
        let transfer = Transfer(
            question, lanes[lane].backEnd.settings, address: address, in: multi, lane: lane,
            number: flight)
        lanes[lane].transfers[flight] = transfer
        guard let transfer else {
            conclude(lane, flight, .failed("no memory for a request", isFailure: true))
            return false
        }
        let error = transfer.begin()
        if error == 0 { return true }
        settle(lane, flight, error)
        return false
    }

    /// A transfer has ended by itself.
    private func settle(_ lane: Int, _ flight: UInt64, _ error: Int32) {
        guard lane < lanes.count, let transfer = lanes[lane].transfers.removeValue(forKey: flight)
        else { return }
        let backEnd = lanes[lane].backEnd
        if transfer.isUnresolved(error), !transfer.isTold,
            let address = backEnd.lastAddress.withLock({ $0 })
        {
            // Name servers fail more often than addresses change.
            _ = begin(transfer.question, lane, flight, address: address)
            return
        }
        let outcome = transfer.outcome(error, breakStatuses: backEnd.settings.breakStatuses)
        if error == 0 { remember(transfer.address, backEnd) }
        conclude(lane, flight, outcome)
    }

    private func remember(_ address: String, _ backEnd: HTTPBackEnd) {
        // Through a proxy it is the proxy's; through a Unix socket there is none.
        guard !address.isEmpty, backEnd.settings.proxyURL == nil else { return }
        backEnd.lastAddress.withLock { if $0 != address { $0 = address } }
    }

    private func conclude(_ lane: Int, _ flight: UInt64, _ outcome: FlightOutcome) {
        let now = carillon_monotonic_now()
        guard flight == 0 else { return lanes[lane].backEnd.finish(flight, outcome, now: now) }
        if case .answered = outcome {
            lanes[lane].backEnd.knocked(isConnected: true, now: now)
        } else {
            lanes[lane].backEnd.knocked(isConnected: false, now: now)
        }
    }

    /// Ends what is left.
    private func close() {
        for lane in lanes.indices { lanes[lane].backEnd.stop() }
        for lane in lanes.indices {
            lanes[lane].transfers = [:]
            let turn = lanes[lane].backEnd.turn(now: carillon_monotonic_now())
            for ending in turn.endings { ending.asker(ending.result) }
        }
        lanes = []
        waker.close()
    }
}
