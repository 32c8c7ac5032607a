// RouterAddress — where a router is, and what is spoken there, as one URL.
//
//     ws://HOST[:PORT][/PATH]       WebSocket over TCP; port 80
//     rs://HOST:PORT                RawSocket over TCP
//     unix:/PATH                    RawSocket over a Unix socket
//     ws+unix:/PATH[:/TARGET]       WebSocket over a Unix socket, as nginx writes it
//
// The text goes into a request, so what could end a line or a word there is refused here.

/// Where a router is.
package struct RouterAddress: Equatable, Sendable {
    package enum Transport: Equatable, Sendable {
        /// Path and query of the request.
        case webSocket(target: String)
        case rawSocket
    }

    package enum Place: Equatable, Sendable {
        /// A name or a numeric address, IPv6 without brackets.
        case tcp(host: String, port: UInt16)
        case unix(path: String)
    }

    package let transport: Transport
    package let place: Place

    package init(_ transport: Transport, at place: Place) {
        self.transport = transport
        self.place = place
    }

    /// Octets of a Unix socket's path, its end included (unix(7)).
    private static let pathLimit = 108

    /// Reads a URL.
    ///
    /// - Throws: ``ClientError`` `badAddress`, with a sentence.
    package init(_ url: String) throws(ClientError) {
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .badAddress("\"\(url)\" has a space or another octet that URLs do not have")
        }
        guard let colon = url.firstIndex(of: ":") else { throw Self.unknown(url) }
        let rest = url[url.index(after: colon)...]
        switch url[..<colon].lowercased() {
        case "ws":
            let (authority, target) = try Self.split(rest, url)
            place = try Self.tcp(authority, port: 80, url)
            transport = .webSocket(target: target)
        case "rs":
            let (authority, target) = try Self.split(rest, url)
            guard target == "/" else {
                throw .badAddress("\(url): a RawSocket has no path; write rs://HOST:PORT")
            }
            place = try Self.tcp(authority, port: nil, url)
            transport = .rawSocket
        case "unix":
            place = try Self.unix(rest, url)
            transport = .rawSocket
        case "ws+unix":
            let end = rest.firstIndex(of: ":")
            place = try Self.unix(rest[..<(end ?? rest.endIndex)], url)
            let target = end.map { String(rest[rest.index(after: $0)...]) } ?? "/"
            guard target.hasPrefix("/") else {
                throw .badAddress("\(url): behind the second colon comes a path, such as :/ws")
            }
            transport = .webSocket(target: target)
        case "wss", "rss":
            throw .badAddress(
                "\(url): TLS is not spoken here; connect through a TLS proxy on this machine, such "
                    + "as stunnel, and give its ws:// address")
        default: throw Self.unknown(url)
        }
    }

    private static func unknown(_ url: String) -> ClientError {
        .badAddress(
            "\"\(url)\" is no address of a router; write ws://HOST:PORT/PATH, rs://HOST:PORT, "
                + "unix:/PATH or ws+unix:/PATH:/TARGET")
    }

    /// Takes `//AUTHORITY/PATH` apart; the path is `/` when there is none.
    private static func split(
        _ rest: Substring, _ url: String
    ) throws(ClientError) -> (Substring, String) {
        guard rest.hasPrefix("//") else { throw unknown(url) }
        let tail = rest.dropFirst(2)
        let end = tail.firstIndex { $0 == "/" || $0 == "?" } ?? tail.endIndex
        guard !tail[..<end].contains("@") else {
            throw .badAddress("\(url): a name or secret does not belong into the URL")
        }
        var target = String(tail[end...].prefix { $0 != "#" })
        if !target.hasPrefix("/") { target = "/" + target }
        return (tail[..<end], target)
    }

    private static func tcp(
        _ authority: Substring, port standard: UInt16?, _ url: String
    ) throws(ClientError) -> Place {
        var host = authority
        var port = standard
        if authority.first == "[", let close = authority.firstIndex(of: "]") {
            host = authority[..<close].dropFirst()
            let tail = authority[close...].dropFirst()
            if !tail.isEmpty { port = tail.first == ":" ? UInt16(tail.dropFirst()) : nil }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            port = UInt16(authority[colon...].dropFirst())
        }
        guard let port, port > 0, !host.isEmpty, !host.contains("[") else { throw unknown(url) }
        return .tcp(host: String(host), port: port)
    }

    private static func unix(
        _ path: Substring, _ url: String
    ) throws(ClientError) -> Place {
        // `unix:///run/x` is how others write it.
        let path = path.hasPrefix("//") ? path.dropFirst(2) : path
        guard path.hasPrefix("/") else { throw unknown(url) }
        guard path.utf8.count < pathLimit else {
            throw .badAddress("\(url): the path of a socket has at most \(pathLimit - 1) octets")
        }
        return .unix(path: String(path))
    }

    /// The value of `Host` (RFC 9110 §7.2); Unix sockets have no name, so they are local.
    package var hostField: String {
        switch place {
        case .unix: "localhost"
        case .tcp(let host, let port):
            (host.contains(":") ? "[\(host)]" : host) + (port == 80 ? "" : ":\(port)")
        }
    }
}

extension RouterAddress: CustomStringConvertible {
    package var description: String {
        switch (transport, place) {
        case (.webSocket(let target), .tcp): "ws://\(hostField)\(target)"
        case (.webSocket(let target), .unix(let path)): "ws+unix:\(path):\(target)"
        case (.rawSocket, .tcp(let host, let port)):
            "rs://" + (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
        case (.rawSocket, .unix(let path)): "unix:\(path)"
        }
    }
}
