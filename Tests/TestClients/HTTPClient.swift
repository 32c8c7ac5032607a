// HTTPClient — one keep-alive connection that sends requests and reads whole answers.

import Bytes
import HTTP1

/// An answer.
package struct HTTPAnswer: Sendable {
    package let status: Int
    /// Names in lower case.
    package let fields: [String: String]
    package let body: String
}

package final class HTTPClient {
    private let socket: Socket
    /// What has to live as long as this client does: a server that is stopped when let go.
    package var owner: AnyObject?

    package init(_ address: String) throws { socket = try Socket(address) }

    /// Sends octets as they are.
    package func send(_ text: String) throws { try socket.send(text) }

    /// Sends one request; a body gets its length.
    package func send(
        _ method: String, _ path: String, fields: [String] = [], body: String? = nil
    ) throws {
        var lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + fields
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        try socket.send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    }

    /// Sends one request and reads its answer.
    package func request(
        _ method: String, _ path: String, fields: [String] = [], body: String? = nil
    ) throws -> HTTPAnswer {
        try send(method, path, fields: fields, body: body)
        return try answer(isHead: method == "HEAD")
    }

    /// Reads the next answer.
    package func answer(isHead: Bool = false) throws -> HTTPAnswer {
        while true {
            let received = socket.received
            if let head = try ResponseHead.parse(unsafe received.span.bytes) {
                var size = 0
                if !isHead, case .sized(let announced) = head.bodyLength { size = announced }
                while socket.received.count < head.headSize + size {
                    guard try socket.receive() else { throw ClientError("the body is cut off") }
                }
                let whole = socket.received
                let octets = unsafe whole.span.bytes
                var fields: [String: String] = [:]
                for field in head.fields {
                    fields[octets.extracting(field.nameRange).text.lowercased()] =
                        octets.extracting(field.valueRange).text
                }
                let body = octets.extracting(head.headSize..<head.headSize + size).text
                socket.received.removeFirst(head.headSize + size)
                return HTTPAnswer(status: head.status, fields: fields, body: body)
            }
            guard try socket.receive() else { throw ClientError("no answer") }
        }
    }

    /// Whether the server ends the connection without another octet.
    package func isAtEnd() throws -> Bool {
        try socket.received.count == 0 && !socket.receive() && socket.received.count == 0
    }
}
