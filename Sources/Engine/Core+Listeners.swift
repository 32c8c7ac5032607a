// Listeners — their accepts, and how they close.
//
// A listener that closes at once resets every connection that the kernel has set up and nobody has
// accepted: clients that were told they are connected. In a drain it is retired instead: it takes
// those who wait, and closes when nobody does.

import DialectKit
import Synchronization
import Telemetry

extension Core where Kernel: ~Copyable {
    /// Nanoseconds after which a retiring listener closes even though they do not cease to come.
    private static var retirementLimit: UInt64 { 250_000_000 }

    mutating func armAccept(_ place: Int) {
        guard !listeners[place].isArmed, listeners[place].letsIn, !isPaused(place) else { return }
        listeners[place].isArmed = true
        kernel.accept(on: listeners[place].descriptor, token: Token(.accept, slot: place))
    }

    /// The control listener goes on while clients wait: it is how one finds out why they do. So
    /// does one that retires, since whoever is not taken now is reset.
    func isPaused(_ place: Int) -> Bool {
        isAcceptPaused && listeners[place].role.isForClients && listeners[place].state == .open
    }

    /// Its accept has told something, or its state is another: what follows from that.
    mutating func goOnListening(_ place: Int) {
        switch listeners[place].state {
        case .open:
            guard !listeners[place].isArmed else { return }
            metrics.count(rearmed: .accept)
            armAccept(place)
        case .retiring(let end):
            if now < end, kernel.isAnyoneWaiting(at: listeners[place].descriptor) {
                armAccept(place)
            } else {
                endAccept(place)
            }
        case .closed:
            if !listeners[place].isArmed { release(listener: place) }
        case .released: break
        }
    }

    /// The listeners that a drain closes take those who wait, and close.
    mutating func retireListeners(_ plan: DrainPlan) {
        for place in listeners.indices where plan.closes(listeners[place]) {
            switch listeners[place].state {
            case .open:
                listeners[place].state = .retiring(until: now + Self.retirementLimit)
                goOnListening(place)
            case .retiring(let end) where now >= end: goOnListening(place)
            case .retiring, .closed, .released: break
            }
        }
    }

    /// When `retireListeners` is due again; `nil` when all of them are closed.
    func nextRetirement(_ plan: DrainPlan) -> UInt64? {
        var next: UInt64?
        for listener in listeners where plan.closes(listener) {
            switch listener.state {
            case .open: return plan.acceptsUntil
            case .retiring(let end): next = max(next ?? end, end)
            case .closed, .released: break
            }
        }
        return next
    }

    /// Lets nobody in from now on.
    mutating func close(listener place: Int) {
        guard listeners[place].letsIn else { return }
        listeners[place].state = .closed
        endAccept(place)
    }

    /// The accept may not have reached the kernel yet, which knows it by descriptor: that is given
    /// back when the accept has ended.
    private mutating func endAccept(_ place: Int) {
        if listeners[place].isArmed {
            kernel.cancel(Token(.accept, slot: place), token: Token(.cancel))
        } else {
            release(listener: place)
        }
    }

    /// Gives the descriptor back. No accept uses it any more, or the ring ends with it.
    mutating func release(listener place: Int) {
        guard listeners[place].state != .released else { return }
        listeners[place].state = .released
        kernel.closeListener(listeners[place].descriptor)
        if listeners[place].role.isForClients {
            state.acceptingCount.wrappingSubtract(1, ordering: .releasing)
        }
    }
}

extension DrainPlan {
    /// Whoever watches over the server asks it to its end, or its successor from now on.
    fileprivate func closes(_ listener: Listener) -> Bool {
        listener.role.isForClients || farewell == .restarting
    }
}
