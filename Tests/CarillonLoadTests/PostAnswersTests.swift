import Bytes
import HTTP1
import Testing

@testable import CarillonLoad

@Suite("answers to what was posted")
struct PostAnswersTests {
    private static let conversation =
        "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\npublish success"
        + "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
        + "HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\nno\r\nrooms"
        + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        + "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    private static let answers = [
        PostAnswer(status: 200, words: "", keepsAlive: true),
        PostAnswer(status: 204, words: "", keepsAlive: true),
        PostAnswer(status: 400, words: "Bad Request: no rooms", keepsAlive: true),
        PostAnswer(status: 200, words: "", keepsAlive: true),
        PostAnswer(status: 503, words: "Service Unavailable", keepsAlive: false),
    ]

    /// The answers in `text`, which comes in pieces of `size` octets.
    private func answers(_ text: String, piece size: Int) throws -> [PostAnswer] {
        var answers = PostAnswers()
        var found: [PostAnswer] = []
        let octets = Array(text.utf8)
        for start in stride(from: 0, to: octets.count, by: size) {
            let piece = Array(octets[start..<min(start + size, octets.count)])
            unsafe answers.append(piece.span.bytes)
            while let answer = try answers.next() { found.append(answer) }
        }
        return found
    }

    @Test("are the same however they are cut")
    func cuts() throws {
        for size in [1, 2, 3, 7, 64, 1000] {
            #expect(try answers(Self.conversation, piece: size) == Self.answers)
        }
    }

    @Test("of 2xx are good")
    func goodness() {
        #expect(Self.answers.map(\.isGood) == [true, true, false, true, false])
    }

    @Test(
        "that are not HTTP are refused",
        arguments: [
            "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n",
        ])
    func refusals(text: String) {
        #expect(throws: HeadError.self) { _ = try answers(text, piece: 5) }
    }
}
