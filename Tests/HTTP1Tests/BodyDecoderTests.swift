import Bytes
import HTTP1
import Testing

private enum Outcome: Equatable {
    case missing(String)
    case failed(HeadError)
    case complete(String, rest: String)
}

private func decode(_ text: String, _ length: BodyLength, limit: Int, pieces: [Int]) -> Outcome {
    let octets = Array(text.utf8)
    var body = OctetBuffer()
    do {
        var decoder = try BodyDecoder(length, limit: limit)
        var start = 0
        var piece = 0
        repeat {
            let end = min(octets.count, start + pieces[piece % pieces.count])
            piece += 1
            var offset = 0
            let bytes = unsafe octets.span.bytes.extracting(start..<end)
            if try decoder.decode(bytes, offset: &offset, into: &body) {
                let rest = String(decoding: octets[(start + offset)...], as: UTF8.self)
                return .complete(body.octets.text, rest: rest)
            }
            #expect(offset == end - start)
            start = end
        } while start < octets.count
        return .missing(body.octets.text)
    } catch {
        return .failed(error)
    }
}

private func outcome(_ text: String, _ length: BodyLength, limit: Int = 1000) -> Outcome {
    let size = max(1, text.utf8.count)
    let whole = decode(text, length, limit: limit, pieces: [size])
    for first in 1...size {
        let pieces = first == 1 ? [1] : [first - 1, size]
        let cut = decode(text, length, limit: limit, pieces: pieces)
        #expect(cut == whole, "\(text), pieces \(pieces)")
    }
    return whole
}

@Suite("body decoder")
struct BodyDecoderTests {
    @Test("takes a body of announced size and leaves what follows")
    func sized() {
        #expect(outcome("hello", .sized(5)) == .complete("hello", rest: ""))
        #expect(outcome("helloGET", .sized(5)) == .complete("hello", rest: "GET"))
        #expect(outcome("hel", .sized(5)) == .missing("hel"))
        #expect(outcome("GET", .sized(0)) == .complete("", rest: "GET"))
        #expect(outcome("GET", .none) == .complete("", rest: "GET"))
        #expect(outcome("", .sized(1001)) == .failed(.bodyTooLarge))
    }

    @Test("joins chunks, past extensions and trailers")
    func chunked() {
        #expect(
            outcome("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\nGET", .chunked)
                == .complete("hello world", rest: "GET"))
        #expect(
            outcome("A ; name=\"v\"\r\n0123456789\r\n00;x\r\nTrailer: a\r\nB: c\r\n\r\n", .chunked)
                == .complete("0123456789", rest: ""))
        #expect(outcome("0\r\n\r\n", .chunked) == .complete("", rest: ""))
        #expect(outcome("1\r\na\r\n", .chunked) == .missing("a"))
    }

    @Test("refuses malformed chunks")
    func malformed() {
        for text in [
            "\r\n", "g\r\n", "-1\r\n", "+1\r\n", " 1\r\n", "0x1\r\n", "1\na\r\n", "1\r\na\n",
            "1\r\nab", "1\rxa", "1;a\u{0}\r\n", "00000000000000001\r\n", "0\r\n\n", "0\r\nA: b\n",
            "0\r\n A: b\r\n", "0\r\nA: b\rc", "1x\r\n",
        ] {
            #expect(outcome(text, .chunked) == .failed(.badChunk), "\(text)")
        }
    }

    @Test("holds the limit over all chunks, from the size announced")
    func limits() {
        #expect(
            outcome("5\r\nhello\r\n0\r\n\r\n", .chunked, limit: 5) == .complete("hello", rest: ""))
        #expect(outcome("6", .chunked, limit: 5) == .failed(.bodyTooLarge))
        #expect(outcome("5\r\nhello\r\n1", .chunked, limit: 5) == .failed(.bodyTooLarge))
        #expect(outcome("FFFFFFFFFFFFFFFF", .chunked, limit: 5) == .failed(.bodyTooLarge))
        #expect(
            decode(
                "1;" + String(repeating: "x", count: 20_000), .chunked, limit: 5, pieces: [999])
                == .failed(.badChunk))
    }
}
