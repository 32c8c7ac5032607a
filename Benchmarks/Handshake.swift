// Handshake — a browser's upgrade request read, checked and answered (RequestHead, UpgradeRequest).
//
// One item is one whole request in one piece, with the fields a browser sends.

import Bytes
import HTTP1
import WebSocket

struct Handshake: Work, ~Copyable {
    private let request: [UInt8]
    private var response = OctetBuffer(capacity: 512)
    private var head = RequestHead()
    private let roundCount: Int

    init(_ fields: String, roundCount: Int) {
        var request = OctetBuffer()
        request.append("GET /stream?token=abc HTTP/1.1\r\nHost: push.example.org\r\n")
        request.append(fields)
        request.append(
            """
            Connection: Upgrade\r
            Upgrade: websocket\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            \r

            """ as StaticString)
        self.request = request.octets.array
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        let request = self.request
        for _ in 0..<roundCount {
            // A core keeps heads and buffers, and so does this.
            head.reset()
            response.removeAll()
            guard (try? unsafe head.resume(request.span.bytes)) == true,
                let upgrade = unsafe try? UpgradeRequest.check(head, in: request.span.bytes)
            else { preconditionFailure("the request is valid") }
            upgrade.writeResponse(into: &response)
            sum.add(head.headSize)
        }
        sum.add(response.octets)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 20, real: 5000)
        suite.measure("Handshake", "bare") { Handshake("", roundCount: rounds) }
        suite.measure("Handshake", "browser") {
            Handshake(browserFields, roundCount: rounds)
        }
    }

    /// What browsers add, shortened where only the length matters.
    private static let browserFields = """
        User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)\r
        Pragma: no-cache\r
        Cache-Control: no-cache\r
        Origin: https://www.example.org\r
        Accept-Encoding: gzip, deflate, br, zstd\r
        Accept-Language: de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7\r
        Cookie: session=4f1c2b7de9a84c0c8f0f6a2f1d0a9c7b; theme=dark\r
        Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r

        """
}
