// Closing — how a WebSocket ends (RFC 6455 §7).
//
// A value: events go in, what to do comes out, and whoever has the connection carries it out. The
// server's cores do not use it: there a close waits for rooms to be left and answers to come
// (`Engine/Core+Close.swift`). Each side sends at most one close frame. The server ends the TCP
// connection first, so that the client's port and not the server's waits out TIME_WAIT (§7.1.1).

/// Where a connection stands in its closing handshake.
package struct Closing: Equatable, Sendable {
    /// What is to be done next.
    package enum Action: Equatable, Sendable {
        case none
        /// Queue a close frame with this code (`nil`: without a payload) and go on reading.
        case sendClose(CloseCode?)
        /// Queue the close frame; when it is written out, shut down.
        case sendCloseThenShutdown(CloseCode?)
        /// Queue the close frame, then wait for the server to end the connection. A wait has its
        /// limit: shut down when it is over.
        case sendCloseThenAwaitEnd(CloseCode?)
        /// Nothing more is to be sent: shut down as soon as the queue is written out.
        case shutdown
        /// Wait for the server to end the connection, then shut down.
        case awaitEnd
    }

    private enum State: UInt8 {
        case open
        /// Our close frame is queued; theirs has not come.
        case closing
        /// No frame follows in either direction.
        case closed
    }

    private var state = State.open
    private let role: Role

    package init(role: Role) { self.role = role }

    /// Whether messages, pings and pongs still count. After our close frame, or theirs, or an
    /// error they do not (§1.4, §5.5.1), and a message begun is dropped.
    package var isOpen: Bool { state == .open }

    /// Whether to go on reading frames: after our close frame only to find theirs.
    package var readsFrames: Bool { state != .closed }

    /// We want to end the connection.
    package mutating func close(_ code: CloseCode) -> Action {
        guard state == .open else { return .none }
        state = .closing
        return .sendClose(code.isValidOnWire ? code : nil)
    }

    /// The peer's close frame has come.
    package mutating func received(_ code: CloseCode?) -> Action {
        switch state {
        case .open:
            // §5.5.1: answer with the code received.
            state = .closed
            return last(code)
        case .closing:
            state = .closed
            return role == .server ? .shutdown : .awaitEnd
        case .closed: return .none
        }
    }

    /// The peer broke a rule (§7.1.7): say why, and read no more.
    package mutating func fail(_ code: CloseCode) -> Action {
        switch state {
        case .open:
            state = .closed
            return last(code.isValidOnWire ? code : nil)
        case .closing:
            state = .closed
            return .shutdown
        case .closed: return .none
        }
    }

    /// Our only close frame, when nothing more is to be read: a client leaves it to the server to
    /// end the connection (§7.1.1).
    private func last(_ code: CloseCode?) -> Action {
        role == .server ? .sendCloseThenShutdown(code) : .sendCloseThenAwaitEnd(code)
    }

    /// The peer has ended the TCP connection or its half of it.
    ///
    /// A half-closed peer can still read: it gets a close frame if it got none.
    package mutating func ended() -> Action {
        switch state {
        case .open:
            state = .closed
            return .sendCloseThenShutdown(.goingAway)
        case .closing:
            state = .closed
            return .shutdown
        case .closed: return .shutdown
        }
    }

    /// The time for the peer's close frame is over: do not wait any longer.
    package mutating func expired() -> Action {
        guard state != .closed else { return .none }
        state = .closed
        return .shutdown
    }
}
