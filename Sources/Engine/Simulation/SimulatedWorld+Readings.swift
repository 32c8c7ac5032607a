// What tests and failed schedules read of simulated cores.

package import Rooms
import Telemetry

extension SimulatedWorld {
    /// One line per connection, for whoever looks into a schedule that failed.
    package var description: String {
        var text = ""
        for core in cores where !core.isInTurn {
            for slot in 0..<core.core.table.capacity {
                guard let connection = core.core.table.connection(at: slot) else { continue }
                text += "core \(core.ring.index) slot \(slot) \(connection.phase):"
                let facts = [
                    ("receiving", connection.isReceiving), ("sending", connection.isSending),
                    ("finished", connection.isPeerFinished), ("paused", connection.isPaused),
                    ("starved", connection.isStarved), ("runnable", connection.isRunnable),
                    ("held", connection.holdsInput), ("over rate", connection.waitsForTick),
                ]
                for (name, isTrue) in facts where isTrue { text += " \(name)" }
                text += " parked \(connection.parkedSize)"
                text += " backlog \(connection.backlog?.size ?? 0)\n"
            }
        }
        return text
    }

    /// Whether somebody is not read until the next tick.
    package var isAnybodyHeld: Bool {
        cores.contains { core in
            (0..<core.core.table.capacity).contains {
                core.core.table.connection(at: $0)?.waitsForTick == true
            }
        }
    }

    /// Octets that logs and backlogs have allocated, without those kept for later use.
    package var storedOctets: Int {
        cores.reduce(0) { $0 + ($1.isEnded ? 0 : $1.core.store.heldOctets) }
    }

    /// Octets in all backlogs.
    package var backlogSize: Int {
        state.metrics.reduce(0) { $0 + $1.value(of: .backlogOctets) }
    }

    /// Octets of memory for the input that all connections hold.
    package var inputSize: Int { cores.reduce(0) { $0 + inputSize(of: $1) } }

    /// How often cores have looked at all connections for those that hold input.
    package var inputLookCount: Int { cores.reduce(0) { $0 + $1.core.inputLookCount } }

    /// Has every core count its publications from here on.
    package func setStamp(_ stamp: UInt32) {
        for core in cores { core.core.stamp = stamp }
    }

    /// Messages that come again when those who sent them have departed.
    package var postponedMessageCount: Int {
        var count = 0
        for core in cores where !core.isEnded {
            for id in core.core.departing {
                for item in core.core.table.connection(id)?.departure?.later ?? [] {
                    if case .message = item { count += 1 }
                }
            }
        }
        return count
    }

    /// Receives submitted so far, and how many of them ended for want of a buffer.
    package var receiveCounts: (submitted: Int, exhausted: Int) {
        cores.reduce((0, 0)) { ($0.0 + $1.ring.receiveCount, $0.1 + $1.ring.exhaustedCount) }
    }

    /// Immediate sends submitted so far.
    package var sendCount: Int { cores.reduce(0) { $0 + $1.ring.sendCount } }

    /// How often completions overflowed a queue.
    package var overflowCount: Int { cores.reduce(0) { $0 + $1.ring.overflowCount } }

    /// WebSockets open on the server's side, over all cores.
    package var openSessionCount: Int {
        var count = 0
        for core in cores where !core.isEnded {
            for slot in 0..<core.core.table.capacity
            where core.core.table.connection(at: slot)?.phase == .open { count += 1 }
        }
        return count
    }

    /// Whether any core may still have subscribers of `room`, as publishers see it.
    package func hasInterest(in room: Room, realm: Realm = .standard) -> Bool {
        state.interest.cores(for: room, in: realm) != 0
    }
}
