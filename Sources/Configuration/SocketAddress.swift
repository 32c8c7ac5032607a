// SocketAddress — where a listener without HTTP stands: an IP address, or a Unix socket.

/// `127.0.0.1:8081`, or `unix:/run/carillon.sock`.
package enum SocketAddress: Hashable, Sendable, CustomStringConvertible {
    case internet(ListenAddress)
    /// The path of a Unix socket, absolute.
    case unix(path: String)

    /// Octets of a Unix socket's path: `sun_path` holds 108 with the final zero (unix(7)).
    package static let pathLimit = 107

    /// Reads `host:port`, `[host]:port` or `unix:/path`; `nil` when it is none of them.
    package init?(_ text: String) {
        if text.hasPrefix("unix:") {
            let path = text.dropFirst(5)
            guard path.first == "/", path.utf8.count > 1, path.utf8.count <= Self.pathLimit,
                path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else { return nil }
            self = .unix(path: String(path))
        } else {
            guard let address = ListenAddress(text) else { return nil }
            self = .internet(address)
        }
    }

    /// Whether only this machine can reach it.
    package var isLocal: Bool {
        switch self {
        case .internet(let address): address.isLoopback
        case .unix: true
        }
    }

    package var description: String {
        switch self {
        case .internet(let address): address.description
        case .unix(let path): "unix:\(path)"
        }
    }
}

extension Format where Value == SocketAddress {
    internal static var socket: Format {
        word(
            "an IP address with a port, or the path of a socket, such as \"127.0.0.1:8081\" or "
                + "\"unix:/run/carillon.sock\"",
            parse: { SocketAddress($0) }, write: { $0.description })
    }
}
