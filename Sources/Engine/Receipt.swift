// Receipt — how many took a publication, summed over all cores.

import Synchronization

/// Travels with a publication; the core that finishes last reports the sum.
package final class Receipt: Sendable {
    private let coresLeft: Atomic<Int>
    private let receivers = Atomic<Int>(0)
    private let completion: @Sendable (_ receiverCount: Int) -> Void

    /// - Parameters:
    ///   - partCount: How often `complete` will be called; for 0 the sum is reported at once.
    ///   - completion: Called once, on the thread of the last part.
    package init(
        partCount: Int, completion: @escaping @Sendable (_ receiverCount: Int) -> Void
    ) {
        precondition(partCount >= 0)
        coresLeft = Atomic(partCount)
        self.completion = completion
        if partCount == 0 { completion(0) }
    }

    /// One core has queued the publication for `count` of its connections.
    func complete(_ count: Int) {
        receivers.wrappingAdd(count, ordering: .relaxed)
        // Pairs with itself: the last one to come sees every addition before it.
        if coresLeft.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
            completion(receivers.load(ordering: .relaxed))
        }
    }
}
