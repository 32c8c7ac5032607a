// Mailbox — what other threads send to a core: many writers, one reader, no lock.
//
// A stack that is only ever pushed to or taken whole (Treiber 1986; taking everything at once
// leaves no room for the ABA problem), reversed by its reader: first in, first out per poster.
// Posting never fails and never waits; what bounds the memory is admission in front of it.
//
// Sleeping. An owner that goes to sleep and a poster that looks whether it sleeps must not miss
// each other: the classic handshake has two words and needs a sequentially consistent fence on
// both sides. Here both words are one: the owner may replace "empty" by "asleep" and only that,
// and whoever replaces "asleep" by mail owes the wake-up. Changes of a single word have one order
// that all threads agree on, so no fence is needed and exactly one poster wins the duty.

// Inlinable code shows its atomics to the modules it is inlined into.
public import Synchronization

/// A queue of messages for one owner.
///
/// Safety: a node is reachable from `head` until the owner takes it, belongs to its poster before
/// and to the owner after; nobody else reads or frees it. The words 0 and 1 are no addresses.
@safe
@usableFromInline
package final class Mailbox<Message: Sendable>: Sendable {
    @frozen
    @usableFromInline
    internal struct Node {
        @usableFromInline var next: UInt
        @usableFromInline var message: Message

        @inlinable
        init(next: UInt, message: consuming Message) {
            self.next = next
            self.message = message
        }
    }

    @inlinable internal static var empty: UInt { 0 }
    @inlinable internal static var asleep: UInt { 1 }

    /// The newest node's address, or one of the two words above.
    @usableFromInline internal let head = Atomic<UInt>(0)

    @inlinable
    package init() {}

    @inlinable
    deinit {
        while let node = unsafe Self.node(head.load(ordering: .acquiring)) {
            head.store(unsafe node.pointee.next, ordering: .relaxed)
            unsafe node.deinitialize(count: 1)
            unsafe node.deallocate()
        }
    }

    /// Adds a message, from any thread.
    ///
    /// - Returns: Whether the owner sleeps and the caller must wake it. Of all posts to one sleep
    ///   exactly one is told so, and the message is in the mailbox by then.
    @inlinable
    package func post(_ message: consuming Message) -> Bool {
        let node = UnsafeMutablePointer<Node>.allocate(capacity: 1)
        unsafe node.initialize(to: Node(next: Self.empty, message: message))
        var seen = head.load(ordering: .relaxed)
        while true {
            unsafe node.pointee.next = seen == Self.asleep ? Self.empty : seen
            // This releasing exchange pairs with the acquiring one in `takeAll()`: who takes the
            // node sees its message.
            let (exchanged, original) = head.weakCompareExchange(
                expected: seen, desired: UInt(bitPattern: node),
                successOrdering: .releasing, failureOrdering: .relaxed)
            if exchanged { return seen == Self.asleep }
            seen = original
        }
    }

    /// Announces that the owner is about to sleep. Owner only.
    ///
    /// - Returns: Whether it may: `false` means there is mail to drain first. After `true` the
    ///   next post reports that the owner must be woken, until `drain` or `stayAwake`.
    @inlinable
    package func prepareToSleep() -> Bool {
        // Pairs with the exchange in `post`: the order of the two changes of this one word decides
        // who sees whom. Nothing else is published by it, hence relaxed.
        let (exchanged, original) = head.compareExchange(
            expected: Self.empty, desired: Self.asleep, ordering: .relaxed)
        return exchanged || original == Self.asleep
    }

    /// Takes back the announcement: the owner woke up for another reason. Owner only. `drain` does
    /// the same; a poster that already saw the owner asleep wakes it for nothing.
    @inlinable
    package func stayAwake() {
        _ = head.compareExchange(
            expected: Self.asleep, desired: Self.empty, ordering: .relaxed)
    }

    /// Whether there is nothing to drain right now.
    @inlinable
    package var isEmpty: Bool {
        let seen = head.load(ordering: .relaxed)
        return seen == Self.empty || seen == Self.asleep
    }

    /// Whether the owner has announced to sleep and nobody has woken it. For watchers: the answer
    /// may be out of date at once.
    package var isOwnerAsleep: Bool { head.load(ordering: .relaxed) == Self.asleep }

    /// Hands every message posted so far to `body`, those of one poster in their order. Owner
    /// only; the owner counts as awake from here on.
    ///
    /// - Returns: How many there were.
    @discardableResult
    @inlinable
    package func drain(_ body: (consuming Message) -> Void) -> Int {
        var next = takeAll()
        var count = 0
        while let node = unsafe Self.node(next) {
            next = unsafe node.pointee.next
            let message = unsafe node.move().message
            unsafe node.deallocate()
            body(message)
            count += 1
        }
        return count
    }

    /// Appends every message posted so far to `messages`. Owner only.
    ///
    /// - Returns: How many there were.
    @discardableResult
    @inlinable
    package func drain(into messages: inout [Message]) -> Int {
        drain { messages.append($0) }
    }

    /// Takes the whole stack and turns it over.
    @inlinable
    internal func takeAll() -> UInt {
        // An owner that finds nothing need not write: the line stays with the posters.
        if head.load(ordering: .relaxed) == Self.empty { return Self.empty }
        // This acquiring exchange pairs with the releasing one in `post`. Pushes in between are
        // read-modify-writes, so the newest one carries on the release of all below it.
        var rest = head.exchange(Self.empty, ordering: .acquiring)
        var first = Self.empty
        while let node = unsafe Self.node(rest) {
            rest = unsafe node.pointee.next
            unsafe node.pointee.next = first
            first = UInt(bitPattern: node)
        }
        return first
    }

    @inlinable
    internal static func node(_ word: UInt) -> UnsafeMutablePointer<Node>? {
        word == empty || word == asleep ? nil : unsafe UnsafeMutablePointer(bitPattern: word)
    }
}
