// Dialler — opens the socket to a broker.
//
// Every address of a name is tried: `localhost` may be `::1` first and the broker on `127.0.0.1`
// only. The last good addresses are kept for the time when a name cannot be looked up.

internal import CSystem
internal import Glibc

/// Where a broker is.
package enum LinkAddress: Sendable, Equatable, CustomStringConvertible {
    case tcp(host: String, port: UInt16)
    case unix(path: String)

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}

/// Makes connections to one address.
package struct Dialler: Sendable {
    package let address: LinkAddress
    /// Numeric addresses of the host, as they were last found.
    private var known: [String] = []
    private let resolve: Resolver

    /// Finds the numeric addresses of a host; it may take its time.
    typealias Resolver = @Sendable (String) -> Result<[String], LinkFailure>

    package init(_ address: LinkAddress) { self.init(address, resolve: { Self.addresses(of: $0) }) }

    init(_ address: LinkAddress, resolve: @escaping Resolver) {
        self.address = address
        self.resolve = resolve
    }

    /// Connects.
    ///
    /// - Parameters:
    ///   - thread: The thread that waits; being asked to stop ends the attempt.
    ///   - limit: For all addresses together, the look-up of the name aside.
    /// - Returns: A connected socket that does not block and belongs to the caller.
    package mutating func dial(
        on thread: LinkThread, limit: Duration
    ) throws(LinkFailure) -> CInt {
        switch address {
        case .unix(let path): return try finish(Self.open(unix: path), thread, limit)
        case .tcp(let host, let port):
            let failure = lookUp(host, thread)
            if thread.isStopping { throw LinkFailure("stopped") }
            guard !known.isEmpty else { throw failure ?? LinkFailure("\(host) has no address") }
            var refusal = LinkFailure("nobody was asked")
            for numeric in known {
                do throws(LinkFailure) {
                    let descriptor = unsafe carillon_connect(numeric, port, nil)
                    return try finish(descriptor, thread, limit / known.count)
                } catch {
                    refusal = error
                    if thread.isStopping { break }
                }
            }
            throw refusal
        }
    }

    /// Waits until a connection that was begun stands.
    ///
    /// - Parameter begun: A descriptor, or a negative errno.
    private func finish(
        _ begun: CInt, _ thread: LinkThread, _ limit: Duration
    ) throws(LinkFailure) -> CInt {
        guard begun >= 0 else { throw LinkFailure("connecting to \(address)", errno: -begun) }
        let deadline = ContinuousClock.now + limit
        while true {
            let wake = thread.wait(for: begun, writing: true, until: deadline)
            if thread.isStopping {
                close(begun)
                throw LinkFailure("stopped")
            }
            if wake.isEmpty {
                close(begun)
                throw LinkFailure("connecting to \(address)", errno: ETIMEDOUT)
            }
            if !wake.isDisjoint(with: [.readable, .writable]) { break }
        }
        var refusal: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        let status = unsafe getsockopt(begun, SOL_SOCKET, SO_ERROR, &refusal, &size)
        guard status == 0, refusal == 0 else {
            close(begun)
            throw LinkFailure("connecting to \(address)", errno: refusal)
        }
        return begun
    }

    /// Renews what is known of `host`; after a failure what was known before stays.
    private mutating func lookUp(_ host: String, _ thread: LinkThread) -> LinkFailure? {
        switch thread.beyondReach({ [resolve] in resolve(host) }) {
        case .success(let found):
            if !found.isEmpty { known = found }
            return nil
        case .failure(let failure): return failure
        }
    }

    private static func addresses(of host: String) -> Result<[String], LinkFailure> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            return .failure(LinkFailure("looking up \(host): \(resolverText(status))"))
        }
        defer { unsafe freeaddrinfo(list) }
        var found: [String] = []
        var entry = unsafe list
        while let one = unsafe entry {
            if let numeric = unsafe Self.numeric(one.pointee) { found.append(numeric) }
            unsafe entry = unsafe one.pointee.ai_next
        }
        return .success(found)
    }

    private static func numeric(_ entry: addrinfo) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { room in
            guard let start = room.baseAddress else { return nil }
            let status = unsafe getnameinfo(
                entry.ai_addr, entry.ai_addrlen, start, socklen_t(room.count), nil, 0,
                NI_NUMERICHOST)
            return status == 0 ? unsafe String(cString: start) : nil
        }
    }

    /// - Returns: A descriptor, or a negative errno.
    private static func open(unix path: String) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = Array(path.utf8)
        // One octet stays 0: the path is NUL-terminated.
        let fits = unsafe withUnsafeMutableBytes(of: &address.sun_path) { room in
            guard octets.count < room.count else { return false }
            unsafe room.copyBytes(from: octets)
            return true
        }
        guard fits else { return -ENAMETOOLONG }
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return -errno }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        let status = unsafe withUnsafeBytes(of: &address) { octets in
            guard let start = octets.baseAddress else { return CInt(-1) }
            return unsafe connect(
                descriptor, start.assumingMemoryBound(to: sockaddr.self), socklen_t(octets.count))
        }
        if status == 0 { return descriptor }
        let code = errno
        close(descriptor)
        return -code
    }
}
