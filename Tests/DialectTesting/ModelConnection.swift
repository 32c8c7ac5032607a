// ModelConnection — one connection as the engine sees it, and what its client can see.

package import DialectKit
package import Rooms

/// What a client can see of the server.
package enum Arrival: Equatable {
    case message(String)
    /// ``ModelConnection/closeReason`` has the words.
    case close(UInt16)
    /// No WebSocket.
    case refusal(Refusal)
}

/// One connection of a ``ModelEngine``.
package final class ModelConnection {
    package struct Subscription: Equatable {
        package let pattern: Pattern
        package let reading: Reading
        package let tail: [UInt8]
    }

    package let number: UInt64
    /// `nil` until it is open.
    package internal(set) var session: (any Session)!
    package internal(set) var subprotocol: String?
    package internal(set) var subscriptions: [Subscription] = []
    package internal(set) var isOpen = false
    /// Error replies that were counted.
    package internal(set) var errorCount = 0
    /// The call that waits for its answer.
    package internal(set) var pendingCall: (token: CallToken, request: CallRequest)?
    package internal(set) var closeReason: String?
    package var arrivals: [Arrival] = []
    var opening: (any PendingOpening)?
    /// Work that is done elsewhere, and whose note it waits for.
    package internal(set) var work: (@Sendable () -> any SessionNote)?
    var holdsInput = false
    /// Messages that wait for the answer to the call, or for what holds the input.
    var held: [(MessageKind, [UInt8])] = []
    var wakeTime: UInt64?

    init(number: UInt64) { self.number = number }

    /// Takes what has arrived since the last time.
    package func take() -> [Arrival] {
        defer { arrivals = [] }
        return arrivals
    }

    /// Takes what has arrived, which is messages.
    package func takeMessages() -> [String] {
        take().map { if case .message(let text) = $0 { text } else { "\($0)" } }
    }
}
