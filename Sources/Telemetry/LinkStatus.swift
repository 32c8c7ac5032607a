// LinkStatus — how a link to a broker or back end is doing.
//
// Written by the link's thread, read by whoever renders a page or asks for readiness. Each number
// stands for itself: relaxed is all they need.

internal import Synchronization

/// What a link is to.
package enum LinkKind: String, Sendable, CaseIterable {
    case http, rabbitmq, redis
}

/// One link's numbers. Shared between the link and those who look.
package final class LinkStatus: Sendable {
    package let kind: LinkKind
    /// What configuration calls it.
    package let name: String
    private let connected: Atomic<Bool>
    private let values = (0..<LinkCounter.allCases.count).map { _ in Cell() }

    private final class Cell: Sendable {
        let value = Atomic<Int>(0)
    }

    /// - Parameter isConnected: A back end that is asked request by request counts as connected
    ///   until it fails.
    package init(kind: LinkKind, name: String, isConnected: Bool = false) {
        self.kind = kind
        self.name = name
        connected = Atomic(isConnected)
    }

    /// Whether it serves now; a link that does not makes the server not ready.
    package var isConnected: Bool {
        get { connected.load(ordering: .relaxed) }
        set { connected.store(newValue, ordering: .relaxed) }
    }

    package func count(_ counter: LinkCounter, _ amount: Int = 1) {
        values[counter.rawValue].value.wrappingAdd(amount, ordering: .relaxed)
    }

    package subscript(counter: LinkCounter) -> Int {
        values[counter.rawValue].value.load(ordering: .relaxed)
    }
}

/// What a link counts.
package enum LinkCounter: Int, CaseIterable, Sendable {
    /// Connections made to a broker.
    case connects
    /// Connections lost: each is a gap in which messages may have passed unseen.
    case gaps
    /// Messages taken from a broker.
    case messages
    /// Messages of those that came again and were recognised.
    case duplicates
    /// Messages of those that could not be understood, and were dropped.
    case rejected
    /// Messages handed to a broker, which said so.
    case published
    /// Requests sent to a back end.
    case requests
    /// Requests that were answered by another one's answer.
    case shared
    /// Requests without an answer, and messages that were not handed to a broker after all.
    case failures
    /// Times a circuit breaker opened.
    case breaks
    /// Requests under way: up and down.
    case inFlight
    /// Requests that wait for their turn: up and down.
    case waiting

    /// Its name on the metrics page behind `link_`.
    package var name: String {
        switch self {
        case .connects: "connects_total"
        case .gaps: "gaps_total"
        case .messages: "messages_total"
        case .duplicates: "duplicates_total"
        case .rejected: "rejected_total"
        case .published: "published_total"
        case .requests: "requests_total"
        case .shared: "shared_total"
        case .failures: "failures_total"
        case .breaks: "breaks_total"
        case .inFlight: "in_flight"
        case .waiting: "waiting"
        }
    }
}
