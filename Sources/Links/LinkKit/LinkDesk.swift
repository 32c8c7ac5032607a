// LinkDesk — where a link's messages and news go: counted, handed over, told.
//
// One value for all threads of a link, so that a dropped message is counted and told in the same
// way whichever broker it came from.

package import Telemetry

package struct LinkDesk: Sendable {
    /// Where the link counts; `isConnected` is kept up to date.
    package let status: LinkStatus
    private let handler: LinkHandler
    /// Takes what happens, for a log.
    package let report: LinkReporter
    /// Octets of a message's origin that are told; routing keys have no more.
    private static let originLimit = 255

    /// - Parameter handler: Takes the messages. An acknowledgement follows its return.
    package init(
        status: LinkStatus, handler: @escaping LinkHandler, report: @escaping LinkReporter
    ) {
        self.status = status
        self.handler = handler
        self.report = report
    }

    /// Hands a message over. Whoever received it has counted it.
    package func handOver(_ message: LinkMessage) -> LinkVerdict { handler(message) }

    /// Counts and tells that a message from `origin` was dropped.
    ///
    /// - Parameter counter: What it counts as.
    package func drop(
        _ origin: [UInt8], _ reason: String, as counter: LinkCounter = .rejected
    ) {
        status.count(counter)
        // A channel of Redis may be as long as a message.
        let name = origin.prefix(Self.originLimit)
        report(.rejected(origin: String(decoding: name, as: UTF8.self), reason: reason))
    }
}
