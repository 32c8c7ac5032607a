// TriggerIntake — where the triggers of one realm come in, by HTTP or from a broker, and are
// counted (specification §3.4, §5, §6).
//
// The inputs live on threads of their own; clients ask for the counts on their cores.

import Bytes
package import DialectKit
package import Rooms
import Synchronization

package final class TriggerIntake: Sendable {
    package let realm: Realm
    package let match: PublishMatch
    private let received = Atomic(0)
    private let dropped = Atomic(0)
    private let unusable = Atomic(0)

    /// - Parameter match: What `*` means in them.
    package init(realm: Realm, match: PublishMatch = .covering) {
        self.realm = realm
        self.match = match
    }

    /// Takes one trigger. Called from any thread.
    ///
    /// - Parameter octets: Its body, whatever it is.
    /// - Returns: What is to be published, in this order; nothing if no room is listed.
    /// - Throws: ``TriggerError``; nothing of the trigger is published then. It counts as received
    ///   all the same (§6).
    package func take(_ octets: RawSpan) throws(TriggerError) -> [Publication] {
        received.wrappingAdd(1, ordering: .relaxed)
        do throws(TriggerError) {
            let trigger = try Trigger(parsing: octets)
            unusable.wrappingAdd(trigger.unusableRoomCount, ordering: .relaxed)
            return trigger.publications(in: realm, match: match)
        } catch {
            dropped.wrappingAdd(1, ordering: .relaxed)
            throw error
        }
    }

    /// Triggers so far, right or wrong.
    package var receivedCount: Int { received.load(ordering: .relaxed) }

    /// Those of them that were wrong.
    package var droppedCount: Int { dropped.load(ordering: .relaxed) }

    /// Listed rooms that were skipped because nobody can be in them.
    package var unusableRoomCount: Int { unusable.load(ordering: .relaxed) }
}
