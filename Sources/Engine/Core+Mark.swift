// Mark — memory of a flush that is never quite done.
//
// While publications keep coming, subscribers who were sent to wait again before the last of the
// others have had their turn. The dirty list is first in, first out, so everything that was
// written before some moment has been sent when the list has been passed as it was at that moment.
// That place is marked, and segments that are full by then go when it has been passed.

import Telemetry

/// A place in the dirty list, and what can go when the flush has passed it.
struct FlushMark {
    /// Place in the dirty list, as its ``SlotQueue/takenCount`` will be when it is passed.
    let end: UInt64
    let octets: Int
    /// Publications entered before it.
    let enteredCount: Int
    /// Lanes whose logs have retired segments.
    let lanes: [Int]
}

extension Core where Kernel: ~Copyable {
    /// Octets in logs from which on it is worth while to begin new segments.
    static var markSize: Int { 65_536 }

    /// Nothing may be postponed: what is, stands in the segments that retire.
    mutating func setMark() {
        precondition(postponed.publicationCount == 0)
        for lane in touchedLogs { logs[lane].retire() }
        privateLog.retire()
        mark = FlushMark(
            end: dirty.takenCount &+ UInt64(dirty.count), octets: unflushedOctets,
            enteredCount: entered.count,
            lanes: touchedLogs)
        touchedLogs.removeAll(keepingCapacity: true)
    }

    /// After a complete reap: lets go of what was written before the mark, if that has been passed.
    mutating func passMark() {
        guard let mark, Int64(bitPattern: dirty.takenCount &- mark.end) >= 0 else { return }
        self.mark = nil
        for lane in mark.lanes { logs[lane].recycleRetired(&store) }
        privateLog.recycleRetired(&store)
        unflushedOctets -= mark.octets
        recordLatencies(mark.enteredCount)
    }

    /// The earliest publications have been handed to the kernel for everybody.
    mutating func recordLatencies(_ count: Int) {
        guard count > 0 else { return }
        for time in entered[..<count] {
            metrics.record(.publishToSocket, nanoseconds: now &- time)
        }
        entered.removeFirst(count)
    }
}
