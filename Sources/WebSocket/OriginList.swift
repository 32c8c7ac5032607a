// OriginList — which web pages may open a WebSocket here (RFC 6454 §4, RFC 6455 §10.2).
//
// Scheme, host and port are compared, each whole: `https://example.org` admits neither
// `https://example.org.evil.example` nor `http://example.org`, and equals
// `HTTPS://Example.org:443`.

internal import Bytes

/// An allow-list of exact origins.
package struct OriginList: Sendable {
    private struct Entry {
        var scheme: [UInt8]
        var host: [UInt8]
        var port: UInt16
    }

    private var entries: [Entry] = []

    /// Makes the list of `origins`, each like `https://example.org` or `http://localhost:3000`.
    ///
    /// - Returns: `nil` if one of them is not an origin; say so when the configuration is read.
    package init?(_ origins: [String]) {
        for origin in origins {
            var buffer = OctetBuffer()
            buffer.append(origin)
            guard let parts = Self.parts(of: buffer.octets) else { return nil }
            entries.append(
                Entry(
                    scheme: Self.lowercase(buffer.octets.extracting(parts.scheme)),
                    host: Self.lowercase(buffer.octets.extracting(parts.host)), port: parts.port))
        }
    }

    /// Whether `origin`, the value of an `Origin` field, is on the list; `null` never is.
    package func admits(_ origin: RawSpan) -> Bool {
        guard let parts = Self.parts(of: origin) else { return false }
        let scheme = origin.extracting(parts.scheme)
        let host = origin.extracting(parts.host)
        for entry in entries where entry.port == parts.port {
            if Self.equal(scheme, entry.scheme) && Self.equal(host, entry.host) { return true }
        }
        return false
    }

    private static func lower(_ octet: UInt8) -> UInt8 {
        octet >= 0x41 && octet <= 0x5A ? octet | 0x20 : octet
    }

    private static func lowercase(_ octets: RawSpan) -> [UInt8] { octets.array.map(lower) }

    private static func equal(_ octets: RawSpan, _ lowercase: [UInt8]) -> Bool {
        guard octets.byteCount == lowercase.count else { return false }
        for index in 0..<octets.byteCount where lower(octets[octet: index]) != lowercase[index] {
            return false
        }
        return true
    }

    /// scheme "://" host [ ":" port ], with the scheme's own port where none is said.
    private static func parts(
        of origin: RawSpan
    ) -> (scheme: Range<Int>, host: Range<Int>, port: UInt16)? {
        guard let colon = origin.firstIndex(of: 0x3A), colon > 0, origin.byteCount > colon + 3,
            origin[octet: colon + 1] == 0x2F, origin[octet: colon + 2] == 0x2F
        else { return nil }
        let scheme = 0..<colon
        let hostStart = colon + 3
        var hostEnd = hostStart
        // An IPv6 address keeps its colons inside brackets.
        if origin[octet: hostStart] == 0x5B {
            guard let bracket = origin.firstIndex(of: 0x5D, from: hostStart) else { return nil }
            hostEnd = bracket + 1
        } else {
            while hostEnd < origin.byteCount && origin[octet: hostEnd] != 0x3A { hostEnd += 1 }
        }
        for index in hostStart..<hostEnd {
            switch origin[octet: index] {
            case 0...0x20, 0x22, 0x23, 0x2F, 0x3F, 0x40, 0x5C, 0x7F...0xFF: return nil
            default: break
            }
        }
        guard hostEnd > hostStart else { return nil }
        let name = origin.extracting(scheme)
        var port: UInt16
        if name.equalsIgnoringCase("http") || name.equalsIgnoringCase("ws") {
            port = 80
        } else if name.equalsIgnoringCase("https") || name.equalsIgnoringCase("wss") {
            port = 443
        } else {
            port = 0
        }
        if hostEnd < origin.byteCount {
            guard origin[octet: hostEnd] == 0x3A, hostEnd + 1 < origin.byteCount,
                origin.byteCount - hostEnd <= 6
            else { return nil }
            var number: UInt32 = 0
            for index in hostEnd + 1..<origin.byteCount {
                let digit = origin[octet: index]
                guard digit >= 0x30, digit <= 0x39 else { return nil }
                number = number * 10 + UInt32(digit - 0x30)
            }
            guard let exact = UInt16(exactly: number) else { return nil }
            port = exact
        }
        return (scheme, hostStart..<hostEnd, port)
    }
}
