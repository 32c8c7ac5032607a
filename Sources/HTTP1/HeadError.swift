// HeadError — what a peer can get wrong in a head or a body, and the status that says so.

/// What a peer can get wrong in an HTTP/1.1 message.
///
/// After any of these the place where the next message begins is unknown: answer with `status`,
/// `Connection: close`, and read no more.
package enum HeadError: Error, Equatable, Sendable {
    case badStartLine  // RFC 9112 §3, §4
    case badTarget  // §3.2
    case unknownVersion  // §2.3
    case startLineTooLong
    case headerLineTooLong
    case headersTooLarge
    case tooManyHeaders
    case bareLineFeed  // §2.2: line ends other than CR LF invite smuggling
    case badHeader  // §5: name, colon or a control character in the value
    case foldedHeader  // §5.2
    case badHost  // §3.2: missing, twice, or no host at all
    case badContentLength  // §6.2, §6.3
    case conflictingLengths  // §6.1: Content-Length beside Transfer-Encoding
    case badTransferCoding  // §6.1
    case unknownTransferCoding  // §6.1
    case bodyTooLarge
    case badChunk  // RFC 9112 §7.1

    /// The status code of the answer (RFC 9110 §15).
    package var status: Int {
        switch self {
        case .badStartLine, .badTarget, .bareLineFeed, .badHeader, .foldedHeader, .badHost,
            .badContentLength, .conflictingLengths, .badTransferCoding, .badChunk:
            400
        case .bodyTooLarge: 413
        case .startLineTooLong: 414
        case .headerLineTooLong, .headersTooLarge, .tooManyHeaders: 431
        case .unknownTransferCoding: 501
        case .unknownVersion: 505
        }
    }
}

/// How much of a head is read before it is refused.
package struct HeadLimits: Sendable, Equatable {
    /// Octets of the request or status line, its line end included.
    package var startLineSize: Int
    /// Octets of one header line, its line end included.
    package var headerLineSize: Int
    /// Octets of all header lines together.
    package var headersSize: Int
    package var headerCount: Int

    package init(
        startLineSize: Int = 8192, headerLineSize: Int = 8192, headersSize: Int = 16384,
        headerCount: Int = 100
    ) {
        // Places in a head are kept in 32 bits.
        precondition(startLineSize > 0 && startLineSize <= 1 << 24)
        precondition(headersSize > 0 && headersSize <= 1 << 24)
        self.startLineSize = startLineSize
        self.headerLineSize = headerLineSize
        self.headersSize = headersSize
        self.headerCount = headerCount
    }
}
