// CallMemory — what calls hold until they are answered: a limit of the process.
//
// A call is never dropped to make room; the next one is refused. Counted are, each for as long as
// it is really there:
// - the record of a call that waits, in the tables of its dealer;
// - its arguments, until the last one lets go of them who may need them: its mail, the dealer
//   while the call may be handed on to another callee, a handler until it is done;
// - what a handler has made of them besides, such as the request to a back end.
// Not counted is what others bound: an invocation that a client has not read yet stands in its send
// queue, answers on their way are mail, and a back end's own limits say how large its answers may
// be.
//
// Whoever fills all of it with slow calls would have the calls of everybody else refused. So a
// connection's arguments may hold at most as much as nobody holds: one that fills what it can has
// half of the limit, two have a third each, and some is always left for who has little.
//
// The number is one line that all cores write, twice or four times per call, beside the lock of
// their dealer. Taking parts of the limit in steps, as for input, would save that and leave each
// core's spare part to nobody.

internal import Synchronization

package final class CallMemory: Sendable {
    /// In octets. Passed by one call at most, so that the largest one has its chance.
    package let limit: Int
    private let held = Atomic<Int>(0)

    package init(limit: Int) { self.limit = limit }

    /// Octets that are held now.
    package var size: Int { held.load(ordering: .relaxed) }

    /// Counts so many octets more.
    ///
    /// - Returns: Whether there was room. They are counted in any case: whoever is refused lets go
    ///   of them.
    @discardableResult
    package func add(_ size: Int) -> Bool { takeRoom(size) > 0 }

    /// Counts so many octets more.
    ///
    /// - Returns: How many were free before.
    fileprivate func takeRoom(_ size: Int) -> Int {
        // Relaxed: only the number itself is shared, and it is changed in one step.
        limit - held.wrappingAdd(size, ordering: .relaxed).oldValue
    }

    package func remove(_ size: Int) { held.wrappingSubtract(size, ordering: .relaxed) }

    /// What a call takes besides its octets, about: in the tables of its dealer, which grow to
    /// twice what is in them; and again in the objects that are passed on.
    package static var recordSize: Int { 512 }
}

/// What the arguments of one connection's calls hold of it.
package final class CallAccount: Sendable {
    private let memory: CallMemory
    private let held = Atomic<Int>(0)

    package init(of memory: CallMemory) { self.memory = memory }

    /// Counts so many octets more, here and in the process.
    ///
    /// - Returns: Whether there was room. They are counted in any case.
    package func add(_ size: Int) -> Bool {
        let own = held.wrappingAdd(size, ordering: .relaxed).oldValue
        return own < memory.takeRoom(size)
    }

    package func remove(_ size: Int) {
        held.wrappingSubtract(size, ordering: .relaxed)
        memory.remove(size)
    }
}
