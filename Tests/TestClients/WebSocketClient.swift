// WebSocketClient — the client role of the WebSocket module on a blocking socket.

import Bytes
import HTTP1
package import WebSocket

/// One open WebSocket. One thread.
package final class WebSocketClient {
    private let socket: Socket
    /// What has to live as long as this client does: a server that is stopped when let go.
    package var owner: AnyObject?
    private var receiver = Receiver(role: .client, deflate: nil)
    private var inflaters = InflaterPool()

    /// Opens a WebSocket on `path`.
    package init(_ address: String, path: String = "/stream", origin: String? = nil) throws {
        socket = try Socket(address)
        let handshake = ClientHandshake(
            random: (UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max)))
        var request = OctetBuffer()
        handshake.writeRequest(host: address, target: path, origin: origin, into: &request)
        try socket.send(request.octets.array)
        while true {
            let received = socket.received
            let octets = unsafe received.span.bytes
            if let head = try ResponseHead.parse(octets) {
                _ = try handshake.check(head, in: octets)
                socket.received.removeFirst(head.headSize)
                return
            }
            guard try socket.receive() else { throw ClientError("no answer to the handshake") }
        }
    }

    package func send(_ text: String) throws {
        var frame = OctetBuffer()
        let payload = Array(text.utf8)
        unsafe FrameWriter.writeMessage(
            .text, payload.span.bytes, mask: MaskKey(0x37, 0xFA, 0x21, 0x3D), into: &frame)
        try socket.send(frame.octets.array)
    }

    /// Starts or answers the closing handshake, and does not wait for the rest of it.
    package func close(_ code: CloseCode = .normal) {
        var frame = OctetBuffer()
        FrameWriter.writeClose(code, mask: MaskKey(0x37, 0xFA, 0x21, 0x3D), into: &frame)
        try? socket.send(frame.octets.array)
    }

    /// What the server said last.
    package enum Said: Equatable, Sendable {
        case message(String)
        case close(UInt16?)
        case end
    }

    /// The next message, close frame or end. Pings are passed over.
    package func next() throws -> Said {
        while true {
            if let said = try read() { return said }
            guard try socket.receive() else { return .end }
        }
    }

    /// The next message.
    package func message() throws -> String {
        let said = try next()
        guard case .message(let text) = said else { throw ClientError("no message but \(said)") }
        return text
    }

    /// Reads what has come; `nil` while nothing of it is complete.
    private func read() throws -> Said? {
        var offset = 0
        defer { socket.received.removeFirst(offset) }
        return try unsafe socket.received.withUnsafeMutableBytes { input in
            while true {
                let event = try unsafe receiver.next(
                    input, offset: &offset, limits: ReceiverLimits(), inflaters: &inflaters)
                switch event {
                case .message(_, let place):
                    let octets = unsafe Array(receiver.payload(of: place, input: input))
                    return .message(String(decoding: octets, as: UTF8.self))
                case .close(let code, _): return .close(code?.rawValue)
                case .ping, .pong, .yielded: continue
                case .needsMore: return nil
                }
            }
        }
    }
}
