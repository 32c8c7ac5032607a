import Glibc
import Testing
import Uring

/// Features forced absent for the whole run, as the server's hidden setting does.
let absentFeatures: Features = {
    guard let text = unsafe getenv("CARILLON_TESTING_ABSENT") else { return [] }
    return Features(list: unsafe String(cString: text)) ?? []
}()

@Suite("ring")
struct RingTests {
    static func options() -> RingOptions {
        var options = RingOptions()
        options.entries = 64
        options.bufferCount = 16
        options.bufferSize = 256
        options.socketCount = 64
        options.absent = absentFeatures
        return options
    }

    @Test("a ring comes up with each single feature forced absent")
    func featuresDegradeOneByOne() throws {
        for (name, feature) in Features.names {
            var options = Self.options()
            options.absent.insert(feature)
            let ring = try Ring(options)
            #expect(!ring.features.contains(feature), "\(name)")
        }
    }

    @Test("all features are found on a new kernel")
    func featuresAreFound() throws {
        let ring = try Ring(Self.options())
        #expect(ring.features.intersection(absentFeatures).isEmpty)
        print("features:", ring.features.description)
    }

    @Test("an enter without completions times out")
    func timesOut() throws {
        var ring = try Ring(Self.options())
        while ring.unsubmittedCount > 0 { _ = ring.enter(timeout: 0) }
        // Without a buffer ring, giving the buffers out has completions of its own.
        var started: [Completion] = []
        ring.reap(into: &started)
        #expect(ring.enter(timeout: 1_000_000) == .timedOut)
    }

    @Test("a short immediate send posts its exact count, a whole one nothing")
    func shortSendsAreCounted() throws {
        var ring = try Ring(Self.options())
        var pair: [Int32] = [0, 0]
        let status = unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
        try #require(status == 0)
        defer {
            close(pair[0])
            close(pair[1])
        }
        let octets = [UInt8](repeating: 7, count: 4 << 20)
        let socket = SocketHandle(index: pair[0], isDirect: false)
        unsafe octets.withUnsafeBytes { octets in
            unsafe ring.send(octets.baseAddress!, size: 10, to: socket, mode: .immediate, token: 1)
            _ = ring.enter(timeout: 0)
            unsafe ring.send(
                octets.baseAddress!, size: octets.count, to: socket, mode: .immediate, token: 2)
            _ = ring.enter(timeout: 0)
            unsafe ring.send(octets.baseAddress!, size: 10, to: socket, mode: .immediate, token: 3)
            _ = ring.enter(timeout: 0)
        }
        var completions: [Completion] = []
        ring.reap(into: &completions)
        completions.removeAll { $0.token == 1 && $0.result == 10 }  // no skipped successes
        completions.removeAll { !(1...3).contains($0.token) }  // no buffer ring
        let short = try #require(completions.first { $0.token == 2 })
        #expect(short.result > 0 && Int(short.result) < octets.count)
        #expect(completions.contains { $0.token == 3 && $0.result == -EAGAIN })
        #expect(completions.count == 2)
    }

    /// Two ends of a TCP connection over the loopback.
    private func connectedPair() throws -> (server: Int32, client: Int32) {
        let stream = Int32(SOCK_STREAM.rawValue)
        let listener = socket(AF_INET, stream, 0)
        let client = socket(AF_INET, stream, 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                guard unsafe bind(listener, address, size) == 0, listen(listener, 1) == 0,
                    unsafe getsockname(listener, address, &size) == 0
                else { return -1 as Int32 }
                return unsafe connect(client, address, size)
            }
        }
        try #require(status == 0)
        return (accept(listener, nil, nil), client)
    }

    @Test("a disconnect ends a TCP connection with a reset, whatever its queue holds")
    func disconnects() throws {
        var ring = try Ring(Self.options())
        let (server, client) = try connectedPair()
        defer {
            close(server)
            close(client)
        }
        let octets = [UInt8](repeating: 7, count: 64 << 20)
        let socket = SocketHandle(index: server, isDirect: false)
        unsafe octets.withUnsafeBytes { octets in
            unsafe ring.send(
                octets.baseAddress!, size: octets.count, to: socket, mode: .immediate, token: 1)
            _ = ring.enter(timeout: 0)
        }
        ring.disconnect(socket, token: 2)
        var completions: [Completion] = []
        while !completions.contains(where: { $0.token == 2 }) {
            _ = ring.enter(timeout: 1_000_000_000)
            ring.reap(into: &completions)
        }
        let sent = try #require(completions.first { $0.token == 1 })
        #expect(sent.result > 0 && Int(sent.result) < octets.count)
        #expect(completions.contains { $0.token == 2 && $0.result == 0 })
        // What had arrived can be read; the rest is gone.
        var room = [UInt8](repeating: 0, count: 1 << 20)
        var received = 0
        var count = 0
        repeat {
            count = unsafe recv(client, &room, room.count, 0)
            received += max(count, 0)
        } while count > 0
        #expect(count == -1 && errno == ECONNRESET)
        #expect(received < Int(sent.result))
    }

    @Test("a disconnect ends the receive and the send that wait, without a cancel")
    func disconnectEndsWhatWaits() throws {
        var ring = try Ring(Self.options())
        let (server, client) = try connectedPair()
        defer {
            close(server)
            close(client)
        }
        let octets = [UInt8](repeating: 7, count: 64 << 20)
        let socket = SocketHandle(index: server, isDirect: false)
        var completions: [Completion] = []
        unsafe octets.withUnsafeBytes { octets in
            unsafe ring.send(
                octets.baseAddress!, size: octets.count, to: socket, mode: .immediate, token: 1)
            _ = ring.enter(timeout: 0)
            // Nothing comes from the client, and it takes nothing.
            ring.receive(from: socket, token: 2)
            unsafe ring.send(
                octets.baseAddress!, size: octets.count, to: socket, mode: .patient, token: 3)
            while ring.unsubmittedCount > 0 { _ = ring.enter(timeout: 0) }
            ring.reap(into: &completions)
            #expect(!completions.contains { $0.token == 2 })
            ring.disconnect(socket, token: 4)
            for _ in 0..<10 {
                if Set(completions.map(\.token)).isSuperset(of: [2, 3, 4]) { break }
                _ = ring.enter(timeout: 1_000_000_000)
                ring.reap(into: &completions)
            }
        }
        for token in [2, 3, 4] as [UInt64] {
            #expect(completions.contains { $0.token == token }, "\(token)")
        }
        #expect(completions.filter { $0.token == 2 }.allSatisfy { $0.result < 0 })
    }

    @Test("operations beyond the queue wait and are not dropped")
    func queueFullLosesNothing() throws {
        var ring = try Ring(Self.options())
        for index in 0..<1000 { ring.cancel(99_999, token: UInt64(index)) }
        var completions: [Completion] = []
        while completions.filter({ $0.token < 1000 }).count < 1000 {
            _ = ring.enter(timeout: 1_000_000_000)
            ring.reap(into: &completions)
        }
        #expect(Set(completions.map(\.token)).isSuperset(of: 0..<1000))
        #expect(completions.allSatisfy { $0.token >= 1000 || $0.result == -ENOENT })
    }
}
