// Socket — a blocking TCP client for tests, with a time limit on every wait.

import Glibc

/// What can go wrong between a test and its server.
package struct ClientError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A connected socket. One thread.
package final class Socket {
    private let descriptor: Int32
    /// What has to live as long as this client does: a server that is stopped when let go.
    package var owner: AnyObject?
    /// Octets received and not consumed.
    package var received: [UInt8] = []

    /// Connects to `address`, which is `host:port` with an IPv4 host.
    package init(_ address: String) throws {
        let parts = address.split(separator: ":")
        guard parts.count == 2, let port = UInt16(parts[1]) else {
            throw ClientError("no address: \(address)")
        }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = port.bigEndian
        unsafe inet_pton(AF_INET, String(parts[0]), &place.sin_addr)
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw ClientError("no socket: errno \(errno)") }
        var limit = timeval(tv_sec: 90, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        let status = unsafe withUnsafePointer(to: &place) { place in
            unsafe place.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                unsafe connect(descriptor, place, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw ClientError("cannot connect to \(address): errno \(errno)") }
    }

    deinit { close(descriptor) }

    package func send(_ octets: [UInt8]) throws {
        var sent = 0
        while sent < octets.count {
            let count = unsafe octets.withUnsafeBytes {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: $0[sent...])
                return unsafe Glibc.send(
                    descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw ClientError("send failed: errno \(errno)") }
            sent += count
        }
    }

    package func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Appends what comes next to `received`.
    ///
    /// - Returns: `false` at the end of the stream.
    package func receive() throws -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        var count: Int
        repeat {
            count = unsafe recv(descriptor, &piece, piece.count, 0)
            // Where the process was stopped meanwhile, a wait with a time limit ends so.
        } while count < 0 && errno == EINTR
        guard count >= 0 else { throw ClientError("nothing came: errno \(errno)") }
        received += piece[..<count]
        return count > 0
    }
}
