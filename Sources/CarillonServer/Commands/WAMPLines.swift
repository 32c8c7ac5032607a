// WAMPLines — lines out of standard input and into standard output, while a session goes on.

import Glibc

/// Lines of a descriptor that is read when poll says that it can be.
final class WAMPLineInput {
    /// Octets of a line, at most; a router takes no larger message.
    static let lineLimit = 16 << 20

    enum Failure: Error {
        case lineTooLong
        case notText
        case unreadable(CInt)
    }

    let descriptor: CInt
    private var octets: [UInt8] = []
    private var start = 0
    /// Where the search for the next line end goes on.
    private var searched = 0
    private(set) var isAtEnd = false

    init(_ descriptor: CInt = STDIN_FILENO) { self.descriptor = descriptor }

    /// Reads once; waits if nothing is there.
    func fill() throws(Failure) {
        octets.removeFirst(start)
        searched -= start
        start = 0
        guard octets.count <= Self.lineLimit else { throw .lineTooLong }
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(descriptor, &piece, piece.count)
        if count < 0 {
            let code = errno
            guard code == EINTR || code == EAGAIN else { throw .unreadable(code) }
            return
        }
        if count == 0 { isAtEnd = true }
        octets += piece[..<count]
    }

    /// The next line without its end; behind the last line end only when the input is over.
    func next() throws(Failure) -> String? {
        var end = searched
        while end < octets.count, octets[end] != 0x0A { end += 1 }
        searched = end
        guard end < octets.count || (isAtEnd && start < end) else { return nil }
        let line = octets[start..<end]
        start = min(end + 1, octets.count)
        searched = start
        guard let text = String(validating: line, as: UTF8.self) else { throw .notText }
        return text.hasSuffix("\r") ? String(text.dropLast()) : text
    }
}

extension WAMPLineInput.Failure {
    var sentence: String {
        switch self {
        case .lineTooLong: "a line has more than \(WAMPLineInput.lineLimit) octets"
        case .notText: "a line is not UTF-8"
        case .unreadable(let code): "cannot be read: " + systemText(code)
        }
    }
}

/// Standard output, a whole line at a time.
enum WAMPLineOutput {
    /// Nobody reads any more.
    struct ReaderGone: Error {}

    static func write(_ line: String) throws {
        let octets = Array((line + "\n").utf8)
        var written = 0
        while written < octets.count {
            let count = unsafe octets[written...].withUnsafeBytes {
                unsafe Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw ReaderGone() }
            written += count
        }
    }
}
