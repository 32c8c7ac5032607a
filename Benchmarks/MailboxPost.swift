// MailboxPost — messages between cores (Mailbox). One item is one message posted and drained.
//
// With one thread: the work alone. With two: the owner drains as fast as another thread posts, and
// the line with the head of the mailbox goes back and forth.

import Glibc
import Lockfree

struct MailboxPost: Work, ~Copyable {
    private let mailbox = Mailbox<UInt64>()
    let itemCount: Int
    private let hasPoster: Bool

    init(itemCount: Int, hasPoster: Bool) {
        self.itemCount = itemCount
        self.hasPoster = hasPoster
    }

    mutating func pass() -> UInt64 {
        hasPoster ? passTwoThreads() : passOneThread()
    }

    /// Sixteen at a time, about what a busy turn finds.
    private func passOneThread() -> UInt64 {
        var sum = Checksum()
        var next = 0
        while next < itemCount {
            for number in next..<min(next + 16, itemCount) {
                _ = mailbox.post(UInt64(truncatingIfNeeded: number))
            }
            next += 16
            mailbox.drain { sum.add($0) }
        }
        return sum.value
    }

    private func passTwoThreads() -> UInt64 {
        let poster = Poster(mailbox, count: itemCount)
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(poster).toOpaque()
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Poster>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument)
        precondition(status == 0, "no second thread")
        var sum = Checksum()
        var taken = 0
        while taken < itemCount {
            let count = mailbox.drain { sum.add($0) }
            taken += count
            if count == 0 { sched_yield() }
        }
        pthread_join(thread, nil)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let count = suite.pick(small: 1000, real: 100_000)
        suite.measure("MailboxPost", "1 thread") {
            MailboxPost(itemCount: count, hasPoster: false)
        }
        suite.measure("MailboxPost", "2 threads") {
            MailboxPost(itemCount: count, hasPoster: true)
        }
    }
}

/// The other thread.
private final class Poster: Sendable {
    private let mailbox: Mailbox<UInt64>
    private let count: Int

    init(_ mailbox: Mailbox<UInt64>, count: Int) {
        self.mailbox = mailbox
        self.count = count
    }

    func run() {
        for number in 0..<count { _ = mailbox.post(UInt64(truncatingIfNeeded: number)) }
    }
}
