// ForwardedHeaders — what the API learns about a client: the table of specification §2.
//
// The client's own Host, Origin, Authorization, X-Forwarded-For and subprotocols stay here. A value
// that is empty, or could not stand in a header line, is not sent at all.

import Bytes
import DialectKit
import HTTP1

internal enum ForwardedHeaders {
    /// The headers of every request about this client, in the order of the table.
    static func of(
        _ request: OpeningRequest, extra: [ExtraHeader]
    ) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        func add(_ name: String, _ value: String?) {
            guard let value, isFieldValue(value) else { return }
            let lowered = name.lowercased()
            headers.removeAll { $0.name.lowercased() == lowered }
            headers.append((name, value))
        }
        let cookies = cookies(of: request)
        add("Cookie", cookies)
        add("User-Agent", header("user-agent", of: request))
        add("X-Real-IP", header("x-real-ip", of: request))
        add("X-CSRFToken", cookie("csrftoken", in: cookies))
        if let token = parameter("token", of: request), !token.isEmpty {
            add("Authorization", "Token \(token)")
        }
        for header in extra {
            let value: String? =
                switch header.source {
                case .header(let name): self.header(name.lowercased(), of: request)
                case .queryParameter(let name): parameter(name, of: request)
                case .cookie(let name): cookie(name, in: cookies)
                case .fixed(let value): value
                }
            guard let value, !value.isEmpty else { continue }
            add(header.name, header.prefix + value + header.suffix)
        }
        return headers
    }

    private static func header(_ lowercase: String, of request: OpeningRequest) -> String? {
        request.headers.first { $0.name == lowercase }?.value
    }

    /// All cookies in one text, as a client has to send them (RFC 6265 §5.4); those of several
    /// lines are joined.
    private static func cookies(of request: OpeningRequest) -> String {
        request.headers.filter { $0.name == "cookie" }.map(\.value).joined(separator: "; ")
    }

    /// The value of the first cookie of that name, without the quotes it may have (RFC 6265
    /// §4.1.1).
    private static func cookie(_ name: String, in cookies: String) -> String? {
        for pair in cookies.utf8.split(separator: UInt8(ascii: ";")) {
            let parts = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, trimmed(parts[0]).elementsEqual(name.utf8) else { continue }
            var value = trimmed(parts[1])
            if value.count >= 2, value.first == UInt8(ascii: "\""),
                value.last == UInt8(ascii: "\"")
            {
                value = value.dropFirst().dropLast()
            }
            return String(Substring(value))
        }
        return nil
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text
        while let first = text.first, first == 0x20 || first == 0x09 { text = text.dropFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text = text.dropLast() }
        return text
    }

    /// The value of the first query parameter of that name, decoded; what cannot be decoded is
    /// taken as it was sent, as the reference does.
    private static func parameter(_ name: String, of request: OpeningRequest) -> String? {
        for pair in request.query.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard decoded(parts[0]).isExactly(name) else { continue }
            return parts.count == 2 ? decoded(parts[1]) : ""
        }
        return nil
    }

    private static func decoded(_ text: Substring.UTF8View) -> String {
        let octets = Array(text)
        return PercentCoding.decodedText(unsafe octets.span.bytes, plusIsSpace: true)
            ?? String(Substring(text))
    }

    /// Whether a header line can say it (RFC 9110 §5.5) and it says anything.
    private static func isFieldValue(_ value: String) -> Bool {
        !value.isEmpty && value.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }
    }
}
