import Bytes
import HTTP1
import Testing

@Suite("response head")
struct ResponseHeadTests {
    private func parse(_ text: String) throws(HeadError) -> ResponseHead? {
        let octets = Array(text.utf8)
        return try unsafe ResponseHead.parse(octets.span.bytes)
    }

    @Test("reads back what was written, and nothing sooner")
    func identity() throws {
        var buffer = OctetBuffer()
        let body = Array("not here\n".utf8)
        unsafe ResponseHead.write(
            status: 404, body: body.span.bytes, keepsAlive: false, into: &buffer
        ) { ResponseHead.writeField("Retry-After", 1, into: &$0) }
        let text = buffer.octets.text
        #expect(
            text
                == "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; charset=utf-8\r\n"
                + "Content-Length: 9\r\nConnection: close\r\nRetry-After: 1\r\n\r\nnot here\n")
        let headSize = text.utf8.count - 9
        for cut in 0..<headSize {
            #expect(try parse(String(decoding: text.utf8.prefix(cut), as: UTF8.self)) == nil)
        }
        let head = try #require(try parse(text))
        #expect(head.status == 404 && head.headSize == headSize)
        #expect(head.bodyLength == .sized(9) && !head.keepsAlive && head.fields.count == 4)
    }

    @Test("takes a status line without a reason and refuses other nonsense")
    func statusLines() throws {
        #expect(try parse("HTTP/1.1 204\r\n\r\n")?.status == 204)
        #expect(try parse("HTTP/1.0 200 \r\n\r\n")?.keepsAlive == false)
        #expect(try parse("HTTP/1.1 101 Fine, thanks\r\nUpgrade: x\r\n\r\n")?.status == 101)
        for line in [
            "HTTP/1.1 20 OK", "HTTP/1.1 2000", "HTTP/1.1  200", "200 OK", "HTTP/1.1 099 x",
        ] {
            #expect(throws: HeadError.badStartLine, "\(line)") { try parse(line + "\r\n\r\n") }
        }
    }

    @Test("lets no value add a line")
    func injection() {
        var buffer = OctetBuffer()
        ResponseHead.writeField("X", text: "a\r\nSet-Cookie: b\u{0}", into: &buffer)
        #expect(buffer.octets.text == "X: a  Set-Cookie: b \r\n")
    }

    @Test("writes no length where none may be, and no body for HEAD")
    func bodies() {
        var buffer = OctetBuffer()
        let none: [UInt8] = []
        let two: [UInt8] = [0x61, 0x62]
        unsafe ResponseHead.write(
            status: 204, body: none.span.bytes, keepsAlive: true, into: &buffer)
        #expect(buffer.octets.text == "HTTP/1.1 204 No Content\r\n\r\n")
        buffer.removeAll()
        unsafe ResponseHead.write(
            status: 200, body: two.span.bytes, keepsAlive: true,
            headOnly: true, into: &buffer)
        #expect(
            buffer.octets.text
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 2\r\n\r\n"
        )
    }

    @Test("has a reason phrase for every status it sends")
    func reasons() {
        let statuses = [
            101, 200, 400, 401, 403, 404, 405, 408, 411, 413, 414, 426, 429, 431, 501, 503, 505,
        ]
        for status in statuses {
            #expect("\(ResponseHead.reason(of: status))" != "Unknown", "\(status)")
        }
    }
}
