// PostAnswers — what a server says to publications that were posted, answer by answer.
//
// Requests of a connection follow each other without waiting, and answers come in their order
// (RFC 9112 §9.3.2). However the octets are cut, the answers are the same.

internal import Bytes
internal import HTTP1

/// An answer to one request.
struct PostAnswer: Equatable {
    let status: Int
    /// For people: the reason and the beginning of the body; empty when it is a good one.
    let words: String
    /// Whether another request may follow.
    let keepsAlive: Bool

    /// 2xx (RFC 9110 §15.3).
    var isGood: Bool { status / 100 == 2 }
}

/// What one connection has been told.
struct PostAnswers: ~Copyable {
    /// The largest body of an answer, octets.
    private static let bodyLimit = 1 << 20

    private var octets = OctetBuffer(capacity: 0)
    private var body = OctetBuffer(capacity: 0)
    /// The answer whose body is being read.
    private var open: (status: Int, reason: String, keepsAlive: Bool, decoder: BodyDecoder)?

    /// Takes what has come.
    mutating func append(_ octets: RawSpan) { self.octets.append(octets) }

    /// The next answer that is complete; `nil` while octets are missing.
    ///
    /// - Throws: ``HeadError`` when it is not HTTP; close the connection.
    mutating func next() throws(HeadError) -> PostAnswer? {
        while true {
            if open == nil {
                guard let head = try ResponseHead.parse(octets.octets) else { return nil }
                let reason = octets.octets.extracting(head.reasonRange).text
                octets.removeFirst(head.headSize)
                // Interim ones are followed by the answer (RFC 9110 §15.2).
                guard head.status >= 200 else { continue }
                body.removeAll()
                open = (
                    head.status, head.status / 100 == 2 ? "" : reason, head.keepsAlive,
                    try BodyDecoder(head.bodyLength, limit: Self.bodyLimit)
                )
            }
            guard var answer = open else { return nil }
            var offset = 0
            var body = OctetBuffer(capacity: 0)
            swap(&body, &self.body)
            defer { swap(&body, &self.body) }
            let isComplete = try answer.decoder.decode(
                octets.octets, offset: &offset, into: &body)
            octets.removeFirst(offset)
            guard isComplete else {
                open = answer
                return nil
            }
            open = nil
            var words = ""
            if answer.status / 100 != 2 {
                let size = min(body.count, 120)
                let said = body.octets.extracting(0..<size).text
                    .split(whereSeparator: \.isNewline).joined(separator: " ")
                words = answer.reason + (said.isEmpty ? "" : ": \(said)")
            }
            return PostAnswer(
                status: answer.status, words: words, keepsAlive: answer.keepsAlive)
        }
    }
}

/// A publisher's side of its connection.
final class PostExchange {
    /// Where it posts.
    let path: String
    var answers = PostAnswers()
    /// Requests that have no answer yet.
    var openCount = 0

    init(path: String) { self.path = path }
}
