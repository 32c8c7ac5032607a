// Body lengths — where the body ends, decided once and strictly (RFC 9112 §6).
//
// Two parties that read a length differently see different requests in the same octets, so every
// ambiguity is refused: a list of lengths, a sign, a length beside a transfer coding, a coding in
// HTTP/1.0, or chunked anywhere but alone.

internal import Bytes

extension FieldTable {
    /// How long the body is.
    func bodyLength(in bytes: RawSpan, version: Version) throws(HeadError) -> BodyLength {
        let lengths = count(of: .contentLength)
        guard has(.transferEncoding) else {
            guard lengths > 0, let field = first(.contentLength) else { return .none }
            guard lengths == 1 else { throw .badContentLength }
            return .sized(try Self.length(bytes.extracting(field.valueRange)))
        }
        guard lengths == 0 else { throw .conflictingLengths }
        guard version == .http11 else { throw .badTransferCoding }
        var chunkedCount = 0
        for field in fields where field.name == .transferEncoding {
            let list = bytes.extracting(field.valueRange)
            var offset = 0
            while let element = Grammar.nextElement(of: list, from: &offset) {
                guard list.extracting(element).equalsIgnoringCase("chunked") else {
                    throw .unknownTransferCoding
                }
                chunkedCount += 1
            }
        }
        guard chunkedCount == 1 else { throw .badTransferCoding }
        return .chunked
    }

    /// §6.2: digits alone. A number that no memory holds is too large rather than malformed.
    private static func length(_ text: RawSpan) throws(HeadError) -> Int {
        guard text.byteCount > 0 else { throw .badContentLength }
        var length = 0
        for index in 0..<text.byteCount {
            let octet = text[octet: index]
            guard octet >= 0x30, octet <= 0x39 else { throw .badContentLength }
            // 2^60 stays 2^60 and is refused below, but the rest must be digits still.
            length = min(length * 10 + Int(octet - 0x30), 1 << 58)
        }
        guard length < 1 << 58 else { throw .bodyTooLarge }
        return length
    }
}
