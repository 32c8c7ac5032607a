// ListenAddress — where a listener stands: `127.0.0.1:8000`, `[::1]:8000`, `localhost:8000`.
//
// Names are not looked up (but for `localhost`): what a server listens on must not depend on what
// a resolver answers at start. The C library's `inet_pton` decides what an address is.

internal import Glibc

/// An IP address with a port.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// The address in network order: 4 octets, or 16 for IPv6.
    package let octets: [UInt8]
    /// The port; 0 lets the kernel choose a free one.
    package let port: UInt16

    package var isIPv6: Bool { octets.count == 16 }

    /// `127.0.0.1` with `port`.
    package init(loopback port: UInt16) {
        octets = [127, 0, 0, 1]
        self.port = port
    }

    /// Reads `host:port` or `[host]:port`; `nil` when it is neither.
    package init?(_ text: String) {
        guard let colon = text.utf8.lastIndex(of: 0x3A) else { return nil }
        let digits = text[text.utf8.index(after: colon)...]
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(digits)
        else { return nil }
        var host = text[..<colon]
        self.port = port
        if host.first == "[" {
            guard host.last == "]" else { return nil }
            host = host.dropFirst().dropLast()
            guard let octets = Self.octets(of: String(host), family: AF_INET6, size: 16) else {
                return nil
            }
            self.octets = octets
        } else {
            let name = host == "localhost" ? "127.0.0.1" : String(host)
            guard let octets = Self.octets(of: name, family: AF_INET, size: 4) else { return nil }
            self.octets = octets
        }
    }

    /// The address as text, without brackets or port.
    package var host: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = isIPv6 ? AF_INET6 : AF_INET
        let length = socklen_t(text.count)
        let result = unsafe inet_ntop(family, octets, &text, length)
        precondition(unsafe result != nil)  // The buffer is long enough for any address.
        return String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package var description: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// Whether only this machine can reach the address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
    package var isLoopback: Bool {
        if !isIPv6 { return octets[0] == 127 }
        let isMapped =
            octets[..<10].allSatisfy { $0 == 0 } && octets[10] == 0xFF && octets[11] == 0xFF
        if isMapped { return octets[12] == 127 }
        return octets[..<15].allSatisfy { $0 == 0 } && octets[15] == 1
    }

    private static func octets(of text: String, family: Int32, size: Int) -> [UInt8]? {
        var octets = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(family, text, &octets) == 1 else { return nil }
        return Array(octets[..<size])
    }
}

extension Format where Value == ListenAddress {
    package static var address: Format {
        word(
            "an IP address with a port, such as \"127.0.0.1:8000\" or \"[::1]:8000\"",
            parse: { ListenAddress($0) }, write: { $0.description })
    }
}
