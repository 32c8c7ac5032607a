// Work — the thing a scenario does over and over, which rates and costs are counted in.

/// What one unit of a scenario's work is.
package enum Work: String, Sendable, Equatable, Codable, CaseIterable {
    /// A message that arrives at a subscriber: fan-out, rooms, wildcards.
    case messages
    /// A call or an echo that is answered.
    case answers
    /// Both, when a mix of scenarios runs.
    case exchanges
    /// A connection that is opened: connect, storm.
    case connections
    /// None: idle connections.
    case none

    /// The units that `tally` holds.
    package func units(in tally: Tally) -> UInt64 {
        switch self {
        case .messages: tally.delivered
        case .answers: tally.answered
        case .exchanges: tally.delivered.addingWithCeiling(tally.answered)
        case .connections: tally.connected.addingWithCeiling(tally.reconnected)
        case .none: 0
        }
    }

    /// One of them, in words.
    package var singular: String {
        switch self {
        case .messages: "message"
        case .answers: "answer"
        case .exchanges: "message or answer"
        case .connections: "connection"
        case .none: "–"
        }
    }

    /// Several of them, in words.
    package var plural: String {
        switch self {
        case .messages: "messages"
        case .answers: "answers"
        case .exchanges: "messages and answers"
        case .connections: "connections"
        case .none: "–"
        }
    }
}
