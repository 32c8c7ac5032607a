// Listener — a listening socket of a core, and how far its life is.

/// What the connections of a listener begin with, and whom they are for.
enum ListenerRole: Equatable {
    /// Requests of clients.
    case main
    /// Requests of those who watch over the server.
    case control
    /// Clients whose framing needs no request; its place in ``EngineSettings/framings``.
    case stream(Int)

    /// Whether its connections are limited, paused and drained.
    var isForClients: Bool { self != .control }

    var isStream: Bool { if case .stream = self { true } else { false } }

    /// What request handlers call it (``Request/listener``).
    var number: Int { self == .control ? 1 : 0 }
}

/// A listening socket of a core.
struct Listener {
    enum State: Equatable {
        case open
        /// Takes those who wait, then closes; at this time in any case.
        case retiring(until: UInt64)
        /// Lets nobody in; its descriptor is given back once no accept uses it.
        case closed
        /// Its descriptor has been given back.
        case released
    }

    let descriptor: Int32
    let role: ListenerRole
    /// Octets of its peers' addresses: those of IPv4 or IPv6; 0 where peers have none.
    var peerAddressSize = 16
    /// An accept is under way.
    var isArmed = false
    var state = State.open

    /// Whether a connection that it yields is served.
    var letsIn: Bool {
        switch state {
        case .open, .retiring: true
        case .closed, .released: false
        }
    }
}
