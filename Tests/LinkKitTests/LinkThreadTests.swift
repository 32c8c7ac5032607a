import Glibc
import LinkKit
import Synchronization
import Telemetry
import Testing

@Suite("link thread", .timeLimit(.minutes(1)))
struct LinkThreadTests {
    @Test("stops a thread that waits for nothing in particular")
    func stops() throws {
        let thread = try LinkThread(name: "a name of more than fifteen octets")
        #expect(thread.name == "a name of more ")
        try thread.start { thread in
            while !thread.isStopping { _ = thread.wait(until: nil) }
        }
        thread.stop()
        thread.stop()
    }

    @Test("is woken by others, also when the wake-up came first")
    func wakes() throws {
        let thread = try LinkThread(name: "test")
        let count = Atomic<Int>(0)
        thread.wake()
        let pointer = Counter(count)
        try thread.start { thread in
            while !thread.isStopping {
                if thread.wait(until: nil).contains(.woken) { pointer.add() }
            }
        }
        while pointer.value < 1 { sched_yield() }
        thread.wake()
        while pointer.value < 2 { sched_yield() }
        thread.stop()
    }

    @Test("a stuck call ends when its socket is shut down")
    func interrupts() throws {
        var pair: [CInt] = [0, 0]
        #expect(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let (ours, theirs) = (pair[0], pair[1])
        let thread = try LinkThread(name: "test")
        let reached = Counter(Atomic<Int>(0))
        try thread.start { thread in
            thread.expose(ours)
            reached.add()
            var octet: UInt8 = 0
            // Blocks: nobody ever writes.
            _ = unsafe read(ours, &octet, 1)
            thread.withdraw()
        }
        while reached.value < 1 { sched_yield() }
        thread.stop(patience: .zero)
        close(ours)
        close(theirs)
    }

    @Test("says what a descriptor is ready for, and when the time is over")
    func readiness() throws {
        var pair: [CInt] = [0, 0]
        #expect(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
        let (ours, theirs) = (pair[0], pair[1])
        let thread = try LinkThread(name: "test")
        #expect(thread.wait(for: ours, until: .now) == [])
        #expect(thread.wait(for: ours, writing: true, until: nil) == .writable)
        #expect(unsafe write(theirs, "a", 1) == 1)
        #expect(thread.wait(for: ours, writing: true, until: nil) == [.readable, .writable])
        thread.wake()
        #expect(thread.wait(for: ours, until: nil).contains(.woken))
        close(theirs)
        #expect(thread.wait(for: ours, until: nil) == .readable)
        close(ours)
        thread.stop()
        #expect(thread.isStopping)
        #expect(thread.wait(until: nil) == .woken)
    }

    @Test("a link's life counts and announces connections, gaps and refusals")
    func life() throws {
        let thread = try LinkThread(name: "test")
        let status = LinkStatus(kind: .redis, name: "test")
        let events = Events()
        let desk = LinkDesk(status: status, handler: { _ in .taken }, report: events.add)
        let backOff = BackOff(floor: .milliseconds(1), ceiling: .milliseconds(1), seed: 1)
        try thread.start { thread in
            var life = LinkLife(
                thread: thread, desk: desk, backOff: backOff, countsGaps: true,
                present: { status.isConnected = $0 })
            var attempt = 0
            life.run { (life) throws(LinkFailure) in
                attempt += 1
                if attempt == 1 { throw LinkFailure("nobody there") }
                life.serves()
                if attempt < 4 { throw LinkFailure("gone") }
                while !thread.isStopping { _ = thread.wait(until: nil) }
            }
        }
        while status[.connects] < 3 || !status.isConnected { sched_yield() }
        thread.stop()
        #expect(!status.isConnected)
        #expect(status[.connects] == 3)
        // Being stopped is no gap.
        #expect(status[.gaps] == 2)
        let retry = Duration.milliseconds(1)
        let seen = events.all.map { event in
            if case .connected(let gap) = event { return gap == nil ? "first" : "again" }
            return switch event {
            case .lost("gone", retryIn: retry): "lost"
            case .refused("nobody there", retryIn: retry): "refused"
            default: "?"
            }
        }
        #expect(seen == ["refused", "first", "lost", "again", "lost", "again"])
    }

    @Test("dialling reaches a listener by name and by path, and says who refused")
    func dialling() throws {
        let thread = try LinkThread(name: "test")
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        #expect(Glibc.listen(listener, 4) == 0)
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutableBytes(of: &address) { octets in
            unsafe getsockname(
                listener, octets.baseAddress?.assumingMemoryBound(to: sockaddr.self), &size)
        }
        #expect(status == 0)
        let port = UInt16(bigEndian: address.sin_port)
        for host in ["localhost", "127.0.0.1"] {
            var dialler = Dialler(.tcp(host: host, port: port))
            close(try dialler.dial(on: thread, limit: .seconds(5)))
        }
        close(listener)
        var dialler = Dialler(.tcp(host: "127.0.0.1", port: port))
        #expect(throws: LinkFailure("connecting to 127.0.0.1:\(port): Connection refused")) {
            try dialler.dial(on: thread, limit: .seconds(5))
        }
        var unix = Dialler(.unix(path: "/nonexistent/socket"))
        #expect(throws: LinkFailure("connecting to /nonexistent/socket: No such file or directory"))
        {
            try unix.dial(on: thread, limit: .seconds(5))
        }
        var long = Dialler(.unix(path: String(repeating: "x", count: 200)))
        #expect(throws: LinkFailure.self) { try long.dial(on: thread, limit: .seconds(5)) }
    }
}

private final class Counter: Sendable {
    private let count: Atomic<Int>

    init(_ count: consuming Atomic<Int>) { self.count = count }

    var value: Int { count.load(ordering: .acquiring) }
    func add() { count.add(1, ordering: .releasing) }
}

private final class Events: Sendable {
    private let events = Mutex<[LinkEvent]>([])

    var all: [LinkEvent] { events.withLock { $0 } }

    @Sendable
    func add(_ event: LinkEvent) { events.withLock { $0.append(event) } }
}
