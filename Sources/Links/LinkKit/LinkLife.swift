// LinkLife — what all links to brokers do over and over: connect, serve, lose, wait, connect.
//
// Counting and announcing happen here, so that they mean the same for every broker. A connection
// that was lost after it served is a gap: whoever reads the events and the counters knows that
// something may have passed unseen, whichever broker it was.

internal import Telemetry

/// One link's connections, one after the other.
package struct LinkLife: ~Copyable {
    private let thread: LinkThread
    private let desk: LinkDesk
    private let countsGaps: Bool
    private let present: (Bool) -> Void
    private var backOff: BackOff
    /// When the connection at hand began to serve.
    private var servesSince: ContinuousClock.Instant?
    /// When the last one stopped.
    private var lostAt: ContinuousClock.Instant?

    /// A connection that served for so long has proved itself.
    private static let trial = Duration.seconds(5)

    /// - Parameters:
    ///   - countsGaps: Whether a lost connection means messages that may have passed unseen.
    ///   - present: Told whether the connection serves.
    package init(
        thread: LinkThread, desk: LinkDesk, backOff: BackOff, countsGaps: Bool,
        present: @escaping (Bool) -> Void
    ) {
        self.thread = thread
        self.desk = desk
        self.backOff = backOff
        self.countsGaps = countsGaps
        self.present = present
    }

    /// To be called by a session once its connection is complete.
    package mutating func serves() {
        precondition(servesSince == nil)
        let now = ContinuousClock.now
        servesSince = now
        desk.status.count(.connects)
        present(true)
        desk.report(.connected(gap: lostAt.map { now - $0 }))
    }

    /// Runs one session after the other until the thread is to stop.
    ///
    /// - Parameter session: Makes one connection and serves it. It throws when that is over, and
    ///   returns only when the thread is to stop.
    package mutating func run(
        _ session: (inout LinkLife) throws(LinkFailure) -> Void
    ) {
        while !thread.isStopping {
            do throws(LinkFailure) {
                try session(&self)
                ends()
            } catch {
                let hadServed = ends()
                // What fails while stopping is not worth a line.
                if thread.isStopping { return }
                let delay = backOff.next()
                if hadServed {
                    desk.report(.lost(reason: error.reason, retryIn: delay))
                } else {
                    desk.report(.refused(reason: error.reason, retryIn: delay))
                }
                thread.pause(delay)
            }
        }
    }

    /// - Returns: Whether the connection had served.
    @discardableResult
    private mutating func ends() -> Bool {
        guard let began = servesSince else { return false }
        let now = ContinuousClock.now
        servesSince = nil
        lostAt = now
        present(false)
        if now - began >= Self.trial { backOff.reset() }
        if countsGaps, !thread.isStopping { desk.status.count(.gaps) }
        return true
    }
}
