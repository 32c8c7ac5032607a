// Waker — ends the link's sleep when there is something to do, at most once per sleep.

internal import Lockfree
internal import Synchronization

final class Waker: Sendable {
    private let isWanted = Atomic(false)
    /// Gone when the thread is.
    private let multi: Guarded<Multi?>

    init(_ multi: Multi) { self.multi = Guarded(multi) }

    /// Asks for a turn. What it is about must be in place before, under a lock of its own.
    func wake() {
        // Pairs with the exchange in `beginTurn`: whoever finds the word set knows that the turn
        // which will clear it comes later, and looks at everything then.
        if isWanted.exchange(true, ordering: .acquiringAndReleasing) { return }
        multi.withLock { $0?.wake() }
    }

    /// The link's thread is about to look at everything.
    func beginTurn() { _ = isWanted.exchange(false, ordering: .acquiringAndReleasing) }

    /// The link's thread has ended.
    func close() {
        // The last reference may go here, and with it all connections: not under the lock.
        let last = multi.withLock { multi in
            let last = multi
            multi = nil
            return last
        }
        withExtendedLifetime(last) {}
    }
}
