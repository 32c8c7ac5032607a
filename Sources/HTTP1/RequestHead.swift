// RequestHead — the request line and header fields of one request (RFC 9112 §3, §5).
//
// Pure and without a String: the head keeps where things lie in its octets, and whoever asks for
// the text brings the same octets again. A head may be fed as it arrives (`resume`): no octet is
// looked at twice, and the limits refuse an endless line before it ends.

internal import Bytes

/// A request method (RFC 9110 §9); `other` is any token we have no word for.
package enum Method: UInt8, Sendable {
    case get, head, post, put, delete, options, patch, connect, trace, other

    init(_ token: RawSpan) {
        if token.equals("GET") {
            self = .get
        } else if token.equals("POST") {
            self = .post
        } else if token.equals("HEAD") {
            self = .head
        } else if token.equals("PUT") {
            self = .put
        } else if token.equals("DELETE") {
            self = .delete
        } else if token.equals("OPTIONS") {
            self = .options
        } else if token.equals("PATCH") {
            self = .patch
        } else if token.equals("CONNECT") {
            self = .connect
        } else if token.equals("TRACE") {
            self = .trace
        } else {
            self = .other
        }
    }
}

/// The minor version of HTTP/1; a higher one than 1 is treated as 1 (RFC 9110 §2.5).
package enum Version: UInt8, Sendable { case http10, http11 }

/// How the body of a message is delimited (RFC 9112 §6.3).
package enum BodyLength: Equatable, Sendable {
    case none
    /// Octets announced.
    case sized(Int)
    case chunked
}

/// The head of one request.
package struct RequestHead: Sendable {
    package private(set) var method = Method.other
    package private(set) var version = Version.http11
    package private(set) var methodRange = 0..<0
    /// The request target as sent.
    package private(set) var targetRange = 0..<0
    /// The path of the target, percent-encoded as sent; `*` for the server as a whole.
    package private(set) var pathRange = 0..<0
    /// The query behind the first `?`, without it; empty if there is none.
    package private(set) var queryRange = 0..<0
    package private(set) var bodyLength = BodyLength.none
    /// Whether another request may follow on the connection (RFC 9112 §9.3).
    package private(set) var keepsAlive = true
    /// Whether the peer waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    package private(set) var expectsContinue = false
    /// Octets of the whole head; what follows is the body or the next request.
    package private(set) var headSize = 0
    package private(set) var table = FieldTable()

    private enum Stage: UInt8 { case start, requestLine, headers, complete }
    private var stage = Stage.start

    package init() {}

    /// Reads the head at the start of `bytes`.
    ///
    /// - Returns: The head, or `nil` while octets are missing.
    /// - Throws: ``HeadError``; answer with its `status` and close.
    package static func parse(
        _ bytes: RawSpan, limits: HeadLimits = HeadLimits()
    ) throws(HeadError) -> RequestHead? {
        var head = RequestHead()
        return try head.resume(bytes, limits: limits) ? head : nil
    }

    /// Goes on reading a head of which more octets have arrived.
    ///
    /// - Parameter bytes: The octets of all earlier calls, and what follows them.
    /// - Returns: Whether the head is complete.
    /// - Complexity: O(octets that are new).
    package mutating func resume(
        _ bytes: RawSpan, limits: HeadLimits = HeadLimits()
    ) throws(HeadError) -> Bool {
        if stage == .start {
            guard bytes.byteCount > 0 else { return false }
            // §2.2: one empty line before the request is overlooked, for the sake of old clients.
            if bytes[octet: 0] == 0x0D && table.lineStart == 0 {
                guard bytes.byteCount >= 2 else { return false }
                guard bytes[octet: 1] == 0x0A else { throw .badStartLine }
                _ = try table.nextLine(bytes, limit: 2, tooLong: .badStartLine)
            }
            guard bytes.byteCount > table.lineStart else { return false }
            // A peer that speaks TLS or anything else is told at its first octet.
            guard Grammar.isTokenOctet(bytes[octet: table.lineStart]) else { throw .badStartLine }
            stage = .requestLine
        }
        if stage == .requestLine {
            let line = try table.nextLine(
                bytes, limit: limits.startLineSize, tooLong: .startLineTooLong)
            guard let line else { return false }
            try readRequestLine(bytes, line)
            table.beginHeaders()
            stage = .headers
        }
        if stage == .headers {
            guard try table.readHeaders(bytes, limits: limits) else { return false }
            try conclude(bytes)
            headSize = table.lineStart
            stage = .complete
        }
        return true
    }

    /// Makes the head ready for the next request and keeps its room.
    package mutating func reset() {
        // In place: a copy of the table would share its room, and emptying it would make another.
        table.reset()
        method = .other
        version = .http11
        methodRange = 0..<0
        targetRange = 0..<0
        pathRange = 0..<0
        queryRange = 0..<0
        bodyLength = .none
        keepsAlive = true
        expectsContinue = false
        headSize = 0
        stage = .start
    }

    /// The fields, in the order sent.
    package var fields: [Field] { table.fields }

    /// The value of the first field called `name`.
    @_lifetime(copy bytes)
    package func value(of name: FieldName, in bytes: RawSpan) -> RawSpan? {
        guard let field = table.first(name) else { return nil }
        return bytes.extracting(field.valueRange)
    }

    /// The value of the first field called `lowercase`, for names without a ``FieldName``.
    @_lifetime(copy bytes)
    package func value(named lowercase: StaticString, in bytes: RawSpan) -> RawSpan? {
        for field in table.fields
        where bytes.extracting(field.nameRange).equalsIgnoringCase(lowercase) {
            return bytes.extracting(field.valueRange)
        }
        return nil
    }

    /// §3: method SP request-target SP HTTP-version, with exactly one space each.
    private mutating func readRequestLine(
        _ bytes: RawSpan, _ line: Range<Int>
    ) throws(HeadError) {
        guard let methodEnd = bytes.firstIndex(of: 0x20, from: line.lowerBound),
            methodEnd < line.upperBound,
            let targetEnd = bytes.firstIndex(of: 0x20, from: methodEnd + 1),
            targetEnd < line.upperBound
        else { throw .badStartLine }
        methodRange = line.lowerBound..<methodEnd
        let token = bytes.extracting(methodRange)
        guard Grammar.isToken(token) else { throw .badStartLine }
        method = Method(token)
        targetRange = methodEnd + 1..<targetEnd
        version = try Version(bytes.extracting(targetEnd + 1..<line.upperBound))
        try readTarget(bytes)
    }

    /// §3.2: origin-form, absolute-form, authority-form for CONNECT, `*` for OPTIONS.
    private mutating func readTarget(_ bytes: RawSpan) throws(HeadError) {
        guard !targetRange.isEmpty else { throw .badTarget }
        var query: Int?
        for index in targetRange {
            let octet = bytes[octet: index]
            // RFC 3986 knows neither controls, spaces nor octets above 0x7E; a fragment stays home.
            guard octet > 0x20, octet < 0x7F, octet != 0x23 else { throw .badTarget }
            if octet == 0x3F && query == nil { query = index }
        }
        let end = query ?? targetRange.upperBound
        queryRange = query.map { $0 + 1..<targetRange.upperBound } ?? end..<end
        pathRange = targetRange.lowerBound..<end
        switch bytes[octet: targetRange.lowerBound] {
        case 0x2F: return
        case 0x2A where method == .options && targetRange.count == 1: return
        default: break
        }
        if method == .connect { return }
        // absolute-form: scheme "://" authority path
        let target = bytes.extracting(pathRange)
        var authority = 0
        if target.byteCount > 7, target.extracting(0..<7).equalsIgnoringCase("http://") {
            authority = 7
        } else if target.byteCount > 8, target.extracting(0..<8).equalsIgnoringCase("https://") {
            authority = 8
        } else {
            throw .badTarget
        }
        let path = target.firstIndex(of: 0x2F, from: authority) ?? target.byteCount
        guard path > authority else { throw .badTarget }
        pathRange = targetRange.lowerBound + path..<end
    }

    /// What the fields mean together.
    private mutating func conclude(_ bytes: RawSpan) throws(HeadError) {
        // §3.2: exactly one Host in HTTP/1.1, at most one in HTTP/1.0.
        let hosts = table.count(of: .host)
        guard hosts == 1 || (hosts == 0 && version == .http10) else { throw .badHost }
        if let host = value(of: .host, in: bytes), !Self.isHost(host) { throw .badHost }
        bodyLength = try table.bodyLength(in: bytes, version: version)
        keepsAlive =
            version == .http11
            ? !table.list(.connection, contains: "close", in: bytes)
            : table.list(.connection, contains: "keep-alive", in: bytes)
                && !table.list(.connection, contains: "close", in: bytes)
        expectsContinue =
            version == .http11 && bodyLength != .none
            && table.list(.expect, contains: "100-continue", in: bytes)
    }

    /// RFC 9110 §7.2: host and port; what would end an authority cannot stand in one.
    private static func isHost(_ host: RawSpan) -> Bool {
        for index in 0..<host.byteCount {
            switch host[octet: index] {
            case 0x21, 0x24...0x2B, 0x2D, 0x2E, 0x30...0x3B, 0x3D, 0x41...0x5B, 0x5D, 0x5F,
                0x61...0x7A, 0x7E, 0x25:
                break
            default: return false
            }
        }
        return true
    }
}

extension Version {
    /// §2.3: case matters; another major version is understood but not spoken.
    init(_ text: RawSpan) throws(HeadError) {
        guard text.byteCount == 8, text.extracting(0..<5).equals("HTTP/"), text[octet: 6] == 0x2E
        else { throw .badStartLine }
        let major = text[octet: 5]
        let minor = text[octet: 7]
        guard major >= 0x30, major <= 0x39, minor >= 0x30, minor <= 0x39 else {
            throw .badStartLine
        }
        guard major == 0x31 else { throw .unknownVersion }
        self = minor == 0x30 ? .http10 : .http11
    }
}
