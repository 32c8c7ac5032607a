import Bytes
import HTTP1
import Testing
import WebSocket

private let plain = [
    "Host: server.example.com", "Upgrade: websocket", "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13",
]

private func request(_ lines: [String], start: String = "GET /chat HTTP/1.1") -> [UInt8] {
    Array(([start] + lines).map { $0 + "\r\n" }.joined().utf8) + [0x0D, 0x0A]
}

private func check(
    _ octets: [UInt8], origins: OriginList? = nil, deflate: DeflateSettings = DeflateSettings()
) throws -> UpgradeRequest {
    let bytes = unsafe octets.span.bytes
    let head = try #require(try RequestHead.parse(bytes))
    return try UpgradeRequest.check(head, in: bytes, origins: origins, deflate: deflate)
}

private func response(_ upgrade: UpgradeRequest, subprotocol: String? = nil) -> String {
    var buffer = OctetBuffer()
    upgrade.writeResponse(subprotocol: subprotocol, into: &buffer)
    return buffer.octets.text
}

/// `plain` with the line of one field replaced, or without it.
private func lines(_ name: String, _ replacements: String...) -> [String] {
    plain.filter { !$0.hasPrefix(name + ":") } + replacements
}

@Suite("upgrade request")
struct UpgradeRequestTests {
    @Test("answers the example of RFC 6455 §1.3")
    func example() throws {
        let octets = request(
            plain + ["Origin: http://example.com", "Sec-WebSocket-Protocol: chat, superchat"])
        let upgrade = try check(octets)
        #expect(
            response(upgrade, subprotocol: "chat")
                == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                + "Sec-WebSocket-Protocol: chat\r\n\r\n")
        let bytes = unsafe octets.span.bytes
        let head = try #require(try RequestHead.parse(bytes))
        #expect(UpgradeRequest.isWanted(by: head, in: bytes) == true)
        #expect(UpgradeRequest.subprotocols(of: head, in: bytes) == ["chat", "superchat"])
    }

    @Test("offers that are no tokens are none, also where nobody has checked the request yet")
    func foreignOffers() throws {
        let octets = request(plain + ["Sec-WebSocket-Protocol: a\u{301}, chat, a b, \"c\""])
        let bytes = unsafe octets.span.bytes
        let head = try #require(try RequestHead.parse(bytes))
        #expect(UpgradeRequest.subprotocols(of: head, in: bytes) == ["chat"])
    }

    @Test("compares the tokens of Upgrade and Connection without case, in lists and lines")
    func tokens() throws {
        _ = try check(request(lines("Upgrade", "Upgrade: WebSocket")))
        _ = try check(request(lines("Upgrade", "upgrade: h2c, WEBSOCKET")))
        _ = try check(request(lines("Connection", "connection: keep-alive, uPgRaDe")))
        _ = try check(request(lines("Connection", "Connection: keep-alive", "Connection: upgrade")))
        _ = try check(request(plain + ["Content-Length: 0"]))
    }

    @Test("refuses what is no handshake, each with its status")
    func refusals() {
        let key = "Sec-WebSocket-Key"
        let version = "Sec-WebSocket-Version"
        let cases: [([UInt8], UpgradeRefusal, Int)] = [
            (request(plain, start: "POST / HTTP/1.1"), .notGet, 405),
            (request(plain, start: "GET / HTTP/1.0"), .badRequest, 400),
            (request(lines("Upgrade")), .badRequest, 400),
            (request(lines("Upgrade", "Upgrade: websockets")), .badRequest, 400),
            (request(lines("Connection")), .badRequest, 400),
            (request(lines("Connection", "Connection: close")), .badRequest, 400),
            (request(lines(key)), .badRequest, 400),
            (request(plain + ["\(key): dGhlIHNhbXBsZSBub25jZQ=="]), .badRequest, 400),
            (request(lines(key, "\(key): dGhlIHNhbXBsZSBub25jZQ")), .badRequest, 400),
            (request(lines(key, "\(key): dGhlIHNhbXBsZSBub25jZSE=")), .badRequest, 400),
            (request(lines(key, "\(key): dGhlIHNhbXBsZSBub25jZSEh")), .badRequest, 400),
            (request(lines(key, "\(key): dGhlIHNhbXBsZSBub25j!Q==")), .badRequest, 400),
            (request(lines(key, "\(key):")), .badRequest, 400),
            (request(lines(version)), .unsupportedVersion, 426),
            (request(lines(version, "\(version): 8")), .unsupportedVersion, 426),
            (request(lines(version, "\(version): 013")), .unsupportedVersion, 426),
            (request(plain + ["\(version): 13"]), .badRequest, 400),
            (request(plain + ["Content-Length: 1"]), .badRequest, 400),
            (request(plain + ["Transfer-Encoding: chunked"]), .badRequest, 400),
            (request(plain + ["Sec-WebSocket-Protocol:"]), .badRequest, 400),
            (request(plain + ["Sec-WebSocket-Protocol: a b"]), .badRequest, 400),
        ]
        for (octets, refusal, status) in cases {
            #expect(throws: refusal, "\(String(decoding: octets, as: UTF8.self))") {
                try check(octets)
            }
            #expect(refusal.status == status)
        }
        var fields = OctetBuffer()
        UpgradeRefusal.unsupportedVersion.writeFields(into: &fields)
        #expect(fields.octets.text.hasPrefix("Sec-WebSocket-Version: 13\r\n"))
    }

    @Test("admits exactly the origins on the list")
    func origins() throws {
        let list = try #require(
            OriginList(["https://example.org", "http://localhost:3000", "http://[::1]:8080"]))
        let admitted = [
            "https://example.org", "HTTPS://Example.ORG:443", "http://localhost:3000",
            "http://[::1]:8080",
        ]
        for origin in admitted {
            _ = try check(request(plain + ["Origin: \(origin)"]), origins: list)
        }
        let refused = [
            "null", "http://example.org", "https://example.org:8443",
            "https://example.org.evil.net",
            "https://evil-example.org", "https://xexample.org", "https://example.org/",
            "https://example.org@evil.net", "https://example.or", "http://localhost",
            "http://localhost:30000", "http://localhost:3000:1", "http://localhost:",
            "localhost:3000",
            "http://localhost:99999", "https://", "://example.org", "", "http://[::1:8080",
        ]
        for origin in refused {
            #expect(throws: UpgradeRefusal.forbiddenOrigin, "\(origin)") {
                try check(request(plain + ["Origin: \(origin)"]), origins: list)
            }
        }
        #expect(throws: UpgradeRefusal.forbiddenOrigin) { try check(request(plain), origins: list) }
        #expect(throws: UpgradeRefusal.forbiddenOrigin) {
            try check(
                request(plain + ["Origin: https://example.org", "Origin: https://example.org"]),
                origins: list)
        }
        #expect(OriginList(["example.org"]) == nil)
    }

    @Test("agrees on compression and says so, or goes on without it")
    func compression() throws {
        let field = "Sec-WebSocket-Extensions"
        let upgrade = try check(
            request(plain + ["\(field): x-unknown", "\(field): permessage-deflate"]))
        #expect(upgrade.deflate == DeflateAgreement())
        #expect(
            response(upgrade).contains(
                "\r\n\(field): permessage-deflate; server_no_context_takeover\r\n"))
        let without = try check(request(plain + ["\(field): permessage-deflate; what"]))
        #expect(without.deflate == nil)
        #expect(!response(without).contains(field))
        let disabled = try check(
            request(plain + ["\(field): permessage-deflate"]),
            deflate: DeflateSettings(isEnabled: false))
        #expect(disabled.deflate == nil)
    }
}
