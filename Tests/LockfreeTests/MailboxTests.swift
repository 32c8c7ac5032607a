import Glibc
import Synchronization
import Testing

@testable import Lockfree

@Suite("mailbox")
struct MailboxTests {
    @Test("gives back what was posted, first in first out")
    func order() {
        let mailbox = Mailbox<Int>()
        #expect(mailbox.isEmpty)
        for number in 0..<100 { #expect(!mailbox.post(number)) }
        #expect(!mailbox.isEmpty)
        var messages: [Int] = []
        #expect(mailbox.drain(into: &messages) == 100)
        #expect(messages == Array(0..<100))
        #expect(mailbox.drain(into: &messages) == 0)
        #expect(mailbox.isEmpty)
    }

    @Test("lets the owner sleep only when there is no mail")
    func sleeping() {
        let mailbox = Mailbox<Int>()
        _ = mailbox.post(1)
        #expect(!mailbox.prepareToSleep())
        var messages: [Int] = []
        mailbox.drain(into: &messages)
        #expect(mailbox.prepareToSleep())
        #expect(mailbox.prepareToSleep())
        #expect(mailbox.isEmpty)
    }

    @Test("tells exactly one of several posts to wake the sleeper")
    func oneDuty() {
        let mailbox = Mailbox<Int>()
        #expect(mailbox.prepareToSleep())
        #expect(mailbox.post(1))
        #expect(!mailbox.post(2))
        #expect(!mailbox.prepareToSleep())
        var messages: [Int] = []
        mailbox.drain(into: &messages)
        #expect(messages == [1, 2])
        #expect(!mailbox.post(3))
    }

    @Test("knows an owner that woke up by itself")
    func stayAwake() {
        let mailbox = Mailbox<Int>()
        #expect(mailbox.prepareToSleep())
        mailbox.stayAwake()
        #expect(!mailbox.post(1))
        mailbox.stayAwake()
        var messages: [Int] = []
        mailbox.drain(into: &messages)
        #expect(mailbox.prepareToSleep())
        mailbox.drain(into: &messages)
        #expect(messages == [1])
        #expect(!mailbox.post(2))
    }

    @Test("frees what nobody fetched")
    func unread() {
        final class Counted: Sendable {
            static let alive = Atomic<Int>(0)
            init() { Self.alive.wrappingAdd(1, ordering: .relaxed) }
            deinit { Self.alive.wrappingSubtract(1, ordering: .relaxed) }
        }
        do {
            let mailbox = Mailbox<Counted>()
            for _ in 0..<10 { _ = mailbox.post(Counted()) }
            #expect(Counted.alive.load(ordering: .relaxed) == 10)
            mailbox.drain { _ in }
            #expect(Counted.alive.load(ordering: .relaxed) == 0)
            for _ in 0..<10 { _ = mailbox.post(Counted()) }
        }
        #expect(Counted.alive.load(ordering: .relaxed) == 0)
    }

    @Test("accepts posts while it is drained")
    func reentrant() {
        let mailbox = Mailbox<Int>()
        _ = mailbox.post(3)
        var seen: [Int] = []
        while mailbox.drain({ number in
            seen.append(number)
            if number > 0 { _ = mailbox.post(number - 1) }
        }) > 0 {}
        #expect(seen == [3, 2, 1, 0])
    }

    // A lost wake-up would leave the owner at the semaphore with mail in its box, and the test
    // would not end; one wake-up too many would leave the semaphore above zero.
    @Test("loses no message and no wake-up between threads, and keeps each poster's order")
    func stress() {
        struct Mail: Sendable {
            var poster: Int
            var number: Int
        }
        let posterCount = 3
        let perPoster = 200_000
        let mailbox = Mailbox<Mail>()
        let bell = Bell()
        let sleeps = Atomic<Int>(0)
        let wakes = Atomic<Int>(0)
        let received = Atomic<Int>(0)
        withExtendedLifetime((mailbox, bell)) {
            inThreads(posterCount + 1) { thread in
                if thread < posterCount {
                    for number in 0..<perPoster {
                        if mailbox.post(Mail(poster: thread, number: number)) {
                            wakes.wrappingAdd(1, ordering: .relaxed)
                            bell.ring()
                        }
                    }
                    return
                }
                var next = [Int](repeating: 0, count: posterCount)
                var count = 0
                while count < posterCount * perPoster {
                    if mailbox.prepareToSleep() {
                        sleeps.wrappingAdd(1, ordering: .relaxed)
                        bell.wait()
                    }
                    count += mailbox.drain { mail in
                        precondition(mail.number == next[mail.poster])
                        next[mail.poster] += 1
                    }
                }
                received.store(count, ordering: .relaxed)
            }
        }
        #expect(received.load(ordering: .relaxed) == posterCount * perPoster)
        #expect(sleeps.load(ordering: .relaxed) == wakes.load(ordering: .relaxed))
        #expect(bell.value == 0)
    }
}

/// A semaphore, standing for the ring message that wakes a core.
///
/// Safety: the semaphore has its own allocation, made in `init` and freed in `deinit`.
@safe
private final class Bell: Sendable {
    private nonisolated(unsafe) let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe semaphore.initialize(to: sem_t())
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    func ring() { unsafe _ = sem_post(semaphore) }

    func wait() { while unsafe sem_wait(semaphore) != 0 {} }

    var value: Int32 {
        var value: Int32 = 0
        unsafe sem_getvalue(semaphore, &value)
        return value
    }
}
