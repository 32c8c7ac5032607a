// ScriptedRouter — the other end of a socket pair, where everything a router will say lies ready
// before the client asks.
//
// Request ids count from 1 and the nonce is the test's, so a whole conversation can be written down
// beforehand. Nothing waits, nothing runs beside, and what the client said is read afterwards.

import Bytes
import Codecs
import Glibc
import Testing
import WAMP
import WebSocket

@testable import WAMPClient

final class ScriptedRouter {
    let serialization: Serialization
    let isWebSocket: Bool
    /// The client's end, until somebody takes it.
    private(set) var clientEnd: CInt
    private let ownEnd: CInt
    private var script = OctetBuffer()

    /// The nonce and mask of every client under test.
    static let random: UInt64 = 0x0102_0304_0506_0708

    init(_ serialization: Serialization = .json, isWebSocket: Bool = false) {
        self.serialization = serialization
        self.isWebSocket = isWebSocket
        var ends: [CInt] = [0, 0]
        let status = unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends)
        precondition(status == 0)
        ownEnd = ends[0]
        clientEnd = ends[1]
        if isWebSocket {
            script.append("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n")
            script.append("Connection: Upgrade\r\nSec-WebSocket-Accept: ")
            HandshakeKey(random: (Self.random, Self.random)).writeAccept(into: &script)
            script.append("\r\nSec-WebSocket-Protocol: ")
            script.append(serialization.subprotocol.rawValue)
            script.append("\r\n\r\n")
        } else {
            RawSocketHandshake(serialization).append(to: &script)
        }
    }

    deinit {
        close(ownEnd)
        if clientEnd >= 0 { close(clientEnd) }
    }

    static let address = RouterAddress(.webSocket(target: "/ws"), at: .unix(path: "/x"))
    static let rawAddress = RouterAddress(.rawSocket, at: .unix(path: "/x"))
    var address: RouterAddress { isWebSocket ? Self.address : Self.rawAddress }

    var options: ClientOptions {
        var options = ClientOptions()
        options.serialization = serialization
        options.random = { Self.random }
        return options
    }

    /// Joins with what was scripted so far.
    func join(
        _ options: ClientOptions? = nil,
        authenticate: ((Challenge) throws(ClientError) -> ChallengeAnswer)? = nil
    ) throws(ClientError) -> WAMPClient {
        flush()
        defer { clientEnd = -1 }
        return try WAMPClient.join(
            over: clientEnd, address, options ?? self.options, authenticate: authenticate)
    }

    // MARK: Saying

    /// Lets the router say messages, written in JSON.
    func say(_ messages: String...) {
        for message in messages { script.append(octets(of: message)) }
        if clientEnd < 0 { flush() }
    }

    /// What the router sends for a message that is written in JSON.
    func octets(of message: String) -> [UInt8] {
        var buffer = OctetBuffer()
        let octets = wire(message)
        if isWebSocket {
            unsafe FrameWriter.writeMessage(
                serialization == .json ? .text : .binary, octets.span.bytes, into: &buffer)
        } else {
            RawSocketHeader(.message, payloadSize: octets.count).append(to: &buffer)
            buffer.append(octets)
        }
        return buffer.octets.array
    }

    /// Lets the router say octets.
    func say(octets: [UInt8]) {
        script.append(octets)
        if clientEnd < 0 { flush() }
    }

    func sayPing() {
        let payload = Array("hi".utf8)
        if isWebSocket {
            unsafe FrameWriter.write(.ping, payload.span.bytes, into: &script)
        } else {
            RawSocketHeader(.ping, payloadSize: payload.count).append(to: &script)
            script.append(payload)
        }
        if clientEnd < 0 { flush() }
    }

    /// Replaces the answer to the handshake.
    func sayInstead(_ text: String) {
        script.removeAll()
        script.append(text)
    }

    func welcome() {
        say(
            #"[2,77,{"realm":"realm1","authid":"me","authrole":"user","authmethod":"anonymous","#
                + #""roles":{"broker":{},"dealer":{}}}]"#)
    }

    func hangUp() {
        flush()
        _ = shutdown(ownEnd, CInt(SHUT_WR))
    }

    private func flush() {
        let octets = script.octets.array
        script.removeAll()
        guard !octets.isEmpty else { return }
        let sent = unsafe send(ownEnd, octets, octets.count, CInt(MSG_NOSIGNAL))
        precondition(sent == octets.count, "a script fits the socket")
    }

    private func wire(_ json: String) -> [UInt8] {
        var buffer = OctetBuffer()
        let text = Array(json.utf8)
        try! transcode(unsafe text.span.bytes, from: .json, to: serialization, into: &buffer)
        return buffer.octets.array
    }

    // MARK: Hearing

    /// Everything the client has said, as far as it is: messages as JSON, control frames by name.
    /// The handshake is checked and left out.
    func heard() throws -> [String] {
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(ownEnd, &piece, piece.count, CInt(MSG_DONTWAIT))
            guard count > 0 else { break }
            octets += piece[..<count]
        }
        return isWebSocket ? try frames(octets) : try packets(octets)
    }

    private func frames(_ octets: [UInt8]) throws -> [String] {
        var octets = octets
        let text = String(decoding: octets, as: UTF8.self)
        var heard: [String] = []
        if text.hasPrefix("GET ") {
            #expect(text.contains("GET /ws HTTP/1.1\r\nHost: localhost\r\n"))
            #expect(text.contains("Sec-WebSocket-Protocol: wamp.2."))
            let end = try #require(
                octets.indices.first { octets[$0...].starts(with: Array("\r\n\r\n".utf8)) })
            octets.removeFirst(end + 4)
        }
        var receiver = WebSocket.Receiver(role: .server, deflate: nil)
        var inflaters = InflaterPool(idleLimit: 0)
        var offset = 0
        try unsafe octets.withUnsafeMutableBytes { input in
            while true {
                let event = try unsafe receiver.next(
                    input, offset: &offset, limits: ReceiverLimits(), inflaters: &inflaters)
                switch event {
                case .message(_, let place):
                    heard.append(json(unsafe Array(receiver.payload(of: place, input: input))))
                case .ping: heard.append("ping")
                case .pong: heard.append("pong")
                case .close(let code, _):
                    heard.append("close \(code?.rawValue ?? 0)")
                    return
                case .yielded: continue
                case .needsMore: return
                }
            }
        }
        return heard
    }

    private var sawHandshake = false

    private func packets(_ octets: [UInt8]) throws -> [String] {
        var heard: [String] = []
        var position = 0
        if !sawHandshake, octets.count >= 4 {
            #expect(octets[0] == RawSocketHandshake.magic)
            position = 4
            sawHandshake = true
        }
        var receiver = RawSocketReceiver(payloadLimit: 1 << 24)
        let span = unsafe octets.span.bytes
        while let frame = try receiver.next(in: span, at: &position) {
            guard case .input(let range) = frame.payload else { break }
            heard.append(frame.kind == .message ? json(Array(octets[range])) : "\(frame.kind)")
        }
        return heard
    }

    private func json(_ octets: [UInt8]) -> String {
        var buffer = OctetBuffer()
        try! transcode(unsafe octets.span.bytes, from: serialization, to: .json, into: &buffer)
        return buffer.octets.text
    }
}

/// Every serialization over both framings.
let everyTransport: [(Serialization, Bool)] = Serialization.allCases.flatMap {
    [($0, false), ($0, true)]
}
