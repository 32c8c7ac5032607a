// LinkLog — what happens to a link, in the log.
//
// A publisher that sends nonsense sends it again and again, so dropped messages are told at most
// once per second and link, with how many there were; the metrics count all of them.

import CSystem
import LinkKit
import Lockfree
import Logging

final class LinkLog: Sendable {
    private struct Pace {
        /// Messages were dropped that the log has not told yet.
        var count = 0
        /// When the next line may be written, ns.
        var next: UInt64 = 0
    }

    private let log: Logger
    private let link: String
    private let clock: @Sendable () -> UInt64
    private let pace = Guarded(Pace())

    /// - Parameter clock: Nanoseconds of a clock that does not go back.
    init(
        _ log: Logger, link: String,
        clock: @escaping @Sendable () -> UInt64 = { carillon_monotonic_now() }
    ) {
        self.log = log
        self.link = link
        self.clock = clock
    }

    func write(_ event: LinkEvent) {
        var metadata: Logger.Metadata = ["link": "\(link)"]
        switch event {
        case .connected(let gap):
            if let gap { metadata["gap"] = "\(gap)" }
            log.notice("link connected", metadata: metadata)
        case .lost(let reason, let retry):
            metadata["reason"] = "\(reason)"
            metadata["retry_in"] = "\(retry)"
            log.warning("link lost; what is sent meanwhile may pass unseen", metadata: metadata)
        case .refused(let reason, let retry):
            metadata["reason"] = "\(reason)"
            metadata["retry_in"] = "\(retry)"
            log.warning("link cannot connect", metadata: metadata)
        case .rejected(let origin, let reason):
            guard let count = countDropped() else { return }
            metadata["from"] = "\(origin)"
            metadata["reason"] = "\(reason)"
            metadata["times"] = .stringConvertible(count)
            log.warning("message dropped", metadata: metadata)
        }
    }

    /// - Returns: How many were dropped since the last line; `nil` when it is too early for one.
    private func countDropped() -> Int? {
        let now = clock()
        return pace.withLock { pace in
            pace.count += 1
            guard now >= pace.next else { return nil }
            defer { pace.count = 0 }
            pace.next = now + 1_000_000_000
            return pace.count
        }
    }
}
