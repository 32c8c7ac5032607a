import Bytes
import HTTP1
import Testing
import WebSocket

@Suite("client handshake")
struct ClientHandshakeTests {
    private func answer(_ octets: [UInt8], _ subprotocol: String?) throws -> [UInt8] {
        var buffer = OctetBuffer()
        try check(octets).writeResponse(subprotocol: subprotocol, into: &buffer)
        return buffer.octets.array
    }

    private func check(_ octets: [UInt8]) throws -> UpgradeRequest {
        let bytes = unsafe octets.span.bytes
        let head = try #require(try RequestHead.parse(bytes))
        return try UpgradeRequest.check(head, in: bytes)
    }

    private func opening(
        _ handshake: ClientHandshake, _ text: [UInt8]
    ) throws -> ClientHandshake.Opening {
        let bytes = unsafe text.span.bytes
        let head = try #require(try ResponseHead.parse(bytes))
        return try handshake.check(head, in: bytes)
    }

    @Test("opens with our own server")
    func agreement() throws {
        let handshake = ClientHandshake(
            random: (0x0123_4567_89AB_CDEF, 42), subprotocols: ["a", "b"], deflate: DeflateOffer())
        var buffer = OctetBuffer()
        handshake.writeRequest(
            host: "localhost:8000", target: "/ws?x=1", origin: "http://x", into: &buffer
        ) { $0.append("Authorization: Bearer t\r\n") }
        let request = buffer.octets.array
        #expect(
            String(decoding: request, as: UTF8.self).hasPrefix(
                "GET /ws?x=1 HTTP/1.1\r\nHost: localhost:8000\r\n"))
        let opened = try opening(handshake, answer(request, "b"))
        #expect(opened.subprotocol == "b")
        #expect(opened.deflate == DeflateAgreement())
        let bare = try opening(handshake, answer(request, nil))
        #expect(bare.subprotocol == nil)
    }

    @Test("refuses answers that do not fit the request")
    func refusals() throws {
        let handshake = ClientHandshake(random: (1, 2), subprotocols: ["a"])
        var buffer = OctetBuffer()
        handshake.writeRequest(host: "h", target: "/", into: &buffer)
        let good = String(decoding: try answer(buffer.octets.array, nil), as: UTF8.self)
        func refuses(_ failure: HandshakeFailure, _ text: String) {
            #expect(throws: failure, "\(text)") { try opening(handshake, Array(text.utf8)) }
        }
        func with(_ line: String) -> String { String(good.dropLast(1)) + line + "\r\n\r\n" }
        refuses(.refused(status: 404), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
        refuses(.badUpgrade, "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n\r\n")
        refuses(.badUpgrade, "HTTP/1.1 101 x\r\nConnection: upgrade\r\n\r\n")
        refuses(
            .wrongAccept, "HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        refuses(.wrongAccept, with("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        refuses(.unexpectedSubprotocol, with("Sec-WebSocket-Protocol: c"))
        refuses(.unexpectedExtension, with("Sec-WebSocket-Extensions: permessage-deflate"))
    }
}
