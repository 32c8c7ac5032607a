// Limits that were reached, in the log: the engine tells of each at most once per second and core.

import Engine
import Logging
import Telemetry

extension LimitReport {
    /// One line, with peer, route and counts; never with what was sent. Called on a core: the
    /// line is queued, and nothing waits.
    func write(to logger: Logger) {
        var metadata: Logger.Metadata = [
            "limit": "\(limit.label)", "core": .stringConvertible(core),
            "times": .stringConvertible(count),
        ]
        if let peer { metadata["peer"] = "\(peer)" }
        if let path { metadata["path"] = "\(path)" }
        if queuedOctets > 0 { metadata["queued_octets"] = .stringConvertible(queuedOctets) }
        logger.log(level: limit.isOrdinary ? .debug : .notice, "limit reached", metadata: metadata)
    }
}

extension LimitName {
    /// A share of a turn that was used up, or a wait that ended as it should: nobody was refused.
    fileprivate var isOrdinary: Bool {
        switch self {
        case .framesPerTurn, .inflatedPerTurn, .parkedReceiveSize, .pongsWaiting, .keepAliveIdle:
            true
        default: false
        }
    }
}
