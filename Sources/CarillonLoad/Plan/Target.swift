// Target — the server a run is against: `ws://HOST:PORT/PATH`.

internal import CSystem

/// What is wrong with a URL, or why its host is not found.
struct TargetError: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// An address, looked up.
struct Target: Sendable, Equatable {
    /// As the user wrote it, for `Host` and the report.
    let host: String
    let port: UInt16
    /// The host in numbers.
    let address: String
    /// Path and query; `nil` when the URL has none.
    let path: String?

    /// Reads and looks up `ws://HOST[:PORT][/PATH]`; the scheme may be left out.
    init(_ url: String) throws(TargetError) {
        var rest = url[...]
        if let end = rest.range(of: "://") {
            let scheme = rest[..<end.lowerBound].lowercased()
            guard scheme == "ws" else {
                throw TargetError(
                    description:
                        "\(url): only ws:// is spoken; for wss:// put a TLS proxy in front "
                        + "and measure both")
            }
            rest = rest[end.upperBound...]
        }
        let slash = rest.firstIndex(of: "/")
        path = slash.map { String(rest[$0...]) }
        let authority = rest[..<(slash ?? rest.endIndex)]
        var name = authority
        var port: UInt16? = 80
        if authority.first == "[", let close = authority.firstIndex(of: "]") {
            name = authority[authority.index(after: authority.startIndex)..<close]
            let tail = authority[authority.index(after: close)...]
            if !tail.isEmpty { port = tail.first == ":" ? UInt16(tail.dropFirst()) : nil }
        } else if let colon = authority.lastIndex(of: ":") {
            name = authority[..<colon]
            port = UInt16(authority[authority.index(after: colon)...])
        }
        guard let port, port > 0, !name.isEmpty else {
            throw TargetError(
                description: "\(url) is no address; write ws://HOST:PORT/PATH")
        }
        self.port = port
        host = String(name)
        var text = [CChar](repeating: 0, count: 128)
        let status = unsafe carillon_look_up(host, &text, text.count)
        guard status == 0 else {
            let why = unsafe String(cString: carillon_look_up_error(status))
            throw TargetError(description: "\(host) is not found: \(why)")
        }
        address = String(
            decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var isIPv6: Bool { address.contains(":") }
    var isLoopback: Bool { address.hasPrefix("127.") }

    /// The value of `Host`.
    var hostField: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == 80 ? name : "\(name):\(port)"
    }
}

extension Substring {
    /// The first place of `text`.
    fileprivate func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
