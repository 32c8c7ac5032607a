// ResponseHead — the status line and header fields of one answer (RFC 9112 §4, §5).
//
// Read where we are the client: the opening handshake of `carillon-load` and of tests.
// `ResponseHead+Write.swift` is the other direction.

internal import Bytes

/// The head of one response.
package struct ResponseHead: Sendable {
    package private(set) var version = Version.http11
    /// The status code, 100 to 999.
    package private(set) var status = 0
    package private(set) var reasonRange = 0..<0
    /// Octets of the whole head.
    package private(set) var headSize = 0
    package private(set) var bodyLength = BodyLength.none
    package private(set) var keepsAlive = true
    package private(set) var table = FieldTable()

    /// Reads the head at the start of `bytes`.
    ///
    /// - Returns: The head, or `nil` while octets are missing.
    /// - Throws: ``HeadError``; its `status` has no meaning here, close the connection.
    package static func parse(
        _ bytes: RawSpan, limits: HeadLimits = HeadLimits()
    ) throws(HeadError) -> ResponseHead? {
        var head = ResponseHead()
        let line = try head.table.nextLine(
            bytes, limit: limits.startLineSize, tooLong: .startLineTooLong)
        guard let line else { return nil }
        try head.readStatusLine(bytes, line)
        head.table.beginHeaders()
        guard try head.table.readHeaders(bytes, limits: limits) else { return nil }
        head.headSize = head.table.lineStart
        // RFC 9112 §6.3: these have no body whatever their fields say.
        if head.status >= 200 && head.status != 204 && head.status != 304 {
            head.bodyLength = try head.table.bodyLength(in: bytes, version: head.version)
        }
        let closes = head.table.list(.connection, contains: "close", in: bytes)
        let keeps = head.table.list(.connection, contains: "keep-alive", in: bytes)
        head.keepsAlive = !closes && (head.version == .http11 || keeps)
        return head
    }

    /// The fields, in the order sent.
    package var fields: [Field] { table.fields }

    /// The value of the first field called `name`.
    @_lifetime(copy bytes)
    package func value(of name: FieldName, in bytes: RawSpan) -> RawSpan? {
        guard let field = table.first(name) else { return nil }
        return bytes.extracting(field.valueRange)
    }

    /// §4: HTTP-version SP 3DIGIT SP [reason]; the last space may be missing in practice.
    private mutating func readStatusLine(
        _ bytes: RawSpan, _ line: Range<Int>
    ) throws(HeadError) {
        guard line.count >= 12, bytes[octet: line.lowerBound + 8] == 0x20 else {
            throw .badStartLine
        }
        version = try Version(bytes.extracting(line.lowerBound..<line.lowerBound + 8))
        for index in line.lowerBound + 9..<line.lowerBound + 12 {
            let octet = bytes[octet: index]
            guard octet >= 0x30, octet <= 0x39 else { throw .badStartLine }
            status = status * 10 + Int(octet - 0x30)
        }
        guard status >= 100 else { throw .badStartLine }
        if line.count > 12 {
            guard bytes[octet: line.lowerBound + 12] == 0x20 else { throw .badStartLine }
            reasonRange = line.lowerBound + 13..<line.upperBound
            guard Grammar.isFieldValue(bytes.extracting(reasonRange)) else { throw .badStartLine }
        }
    }
}
