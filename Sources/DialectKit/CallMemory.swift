// CallMemory — what calls hold until they are answered: a limit of the process.
//
// A call is never dropped to make room; the next one is refused. Counted are, each for as long as it
// is really there:
// - the record of a call that waits, in the tables of its dealer;
// - its arguments, until the last one lets go of them who may need them: its mail, the dealer
//   while the call may be handed on to another callee, a handler until it is done;
// - what a handler has made of them besides, such as the request to a back end.
// Not counted is what others bound: an invocation that a client has not read yet stands in its send
// queue, answers on their way are mail, and a back end's own limits say how large its answers may be.
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
    package func add(_ size: Int) -> Bool {
        // Relaxed: only the number itself is shared, and it is changed in one step.
        held.wrappingAdd(size, ordering: .relaxed).oldValue < limit
    }

    package func remove(_ size: Int) { held.wrappingSubtract(size, ordering: .relaxed) }

    /// What a call takes besides its octets, about: in the tables of its dealer, which grow to twice
    /// what is in them; and again in the objects that are passed on.
    package static var recordSize: Int { 512 }
}
