// Forwarding — publications to the subscribers of other cores, posted together once a turn.
//
// What a core's clients publish in a turn reaches another core as one piece of mail, with one
// wake-up. Posted one by one, the first would be sent to hundreds of subscribers while the rest is
// still being read here: two sends each for what one takes. Nothing is later for it than it has to
// be: the flush of this turn, and with it the publisher's answer, comes behind the post.
//
// Order: first in, first out, and behind nothing that this core asks others for afterwards: what
// may post mail of its own (a dealer, a note, an announcement) calls ``postForwarded()`` first. Only
// what a dialect's services announce by themselves (a router's meta events, in rooms of their own)
// may be ahead of publications of the same turn.

import DialectKit
import Lockfree
import Synchronization
import Telemetry
import Uring

/// Publications of the running turn that wait to be posted, in their order.
struct Outbox {
    private(set) var mail: [Mail] = []

    var isEmpty: Bool { mail.isEmpty }
    var count: Int { mail.count }

    mutating func append(_ publication: Publication) {
        mail.append(.publication(publication, nil))
    }

    /// - Returns: Whether the owner of `mailbox` must be woken.
    mutating func post(to mailbox: Mailbox<Mail>) -> Bool { mailbox.post(all: &mail) }
}

extension Core where Kernel: ~Copyable {
    /// Publications that are gathered for a core; with more, it begins while we go on.
    private static var outboxLimit: Int { 256 }

    /// Puts a publication into the mail of other cores, one bit each.
    mutating func forward(_ publication: Publication, to cores: UInt64) {
        var rest = cores
        while rest != 0 {
            let core = rest.trailingZeroBitCount
            rest &= rest - 1
            // Counted now, so that a publisher is held back within its turn.
            state.mailOctets.wrappingAdd(publication.mailSize, ordering: .relaxed)
            outboxes[core].append(publication)
            if outboxes[core].count >= Self.outboxLimit { postForwarded(to: core) }
        }
        waitingOutboxes |= cores
    }

    /// Posts what was forwarded in this turn.
    mutating func postForwarded() {
        guard waitingOutboxes != 0 else { return }
        var rest = waitingOutboxes
        waitingOutboxes = 0
        while rest != 0 {
            postForwarded(to: rest.trailingZeroBitCount)
            rest &= rest - 1
        }
    }

    private mutating func postForwarded(to core: Int) {
        let count = outboxes[core].count
        guard count > 0 else { return }
        metrics.add(.mailsPosted, count)
        guard outboxes[core].post(to: state.mailboxes[core]),
            let handle = state.wakeHandle(of: core)
        else { return }
        metrics.add(.mailWakeUps)
        kernel.wake(handle, token: Token(.wakeUp, slot: 1 + core))
    }
}
