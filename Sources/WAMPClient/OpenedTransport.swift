// OpenedTransport — from an address to a transport on which HELLO can be said.
//
// A WebSocket opens with a request and its answer (RFC 6455 §4.1), a RawSocket with four octets
// each way (reference §14). When a server answers the request with anything but an upgrade, what it
// says is kept for the error: "404, no such path" is worth more than "refused".

internal import Bytes
internal import Codecs
internal import Glibc
internal import HTTP1
internal import WAMP
internal import WebSocket

/// A connection whose transport is agreed on.
struct OpenedTransport: ~Copyable {
    let socket: StreamSocket
    let isWebSocket: Bool
    /// Octets of the largest message the router takes.
    let sendLimit: Int
    /// What came behind the agreement.
    let rest: OctetBuffer

    /// Octets of a refusal that are kept, and how long they are waited for.
    static let bodyLimit = 2048
    private static let bodyPatience = Duration.seconds(2)
    private static let receiveSize = 16_384

    /// Agrees on the transport of `address`.
    ///
    /// - Parameter socket: Connected; nothing has been said on it.
    static func open(
        _ socket: consuming StreamSocket, _ address: RouterAddress, _ options: ClientOptions,
        _ wait: Wait
    ) throws(ClientError) -> OpenedTransport {
        switch address.transport {
        case .webSocket(let target):
            return try openWebSocket(socket, address.hostField, target, options, wait)
        case .rawSocket: return try openRawSocket(socket, options, wait)
        }
    }

    // MARK: WebSocket

    private static func openWebSocket(
        _ socket: consuming StreamSocket, _ host: String, _ target: String,
        _ options: ClientOptions, _ wait: Wait
    ) throws(ClientError) -> OpenedTransport {
        let handshake = ClientHandshake(
            random: (options.random(), options.random()),
            subprotocols: [options.serialization.subprotocol.rawValue])
        var request = OctetBuffer(capacity: 512)
        handshake.writeRequest(host: host, target: target, into: &request) { buffer in
            buffer.append("User-Agent: ")
            buffer.append(options.agent)
            buffer.append("\r\n")
        }
        try send(request.octets, on: socket, wait)
        var incoming = OctetBuffer(capacity: receiveSize)
        while true {
            guard try receive(into: &incoming, from: socket, wait) else { throw .hungUp }
            let head: ResponseHead?
            do throws(HeadError) {
                head = try ResponseHead.parse(incoming.octets)
            } catch {
                throw .notHTTP(error)
            }
            guard let head else { continue }
            guard head.status == 101 else {
                let body = readBody(head, incoming, socket, wait)
                throw .upgradeRefused(status: head.status, body: body)
            }
            let opening: ClientHandshake.Opening
            do throws(HandshakeFailure) {
                opening = try handshake.check(head, in: incoming.octets)
            } catch {
                throw .badUpgrade(error)
            }
            // A server that answers without one speaks something else.
            guard opening.subprotocol != nil else { throw .noSubprotocol }
            incoming.removeFirst(head.headSize)
            return OpenedTransport(
                socket: socket, isWebSocket: true, sendLimit: .max, rest: incoming)
        }
    }

    /// The beginning of a body as text, as far as it comes in time; whatever goes wrong, the status
    /// is what counts.
    private static func readBody(
        _ head: ResponseHead, _ incoming: borrowing OctetBuffer,
        _ socket: borrowing StreamSocket, _ wait: Wait
    ) -> String {
        var wait = wait
        let end = ContinuousClock.now + bodyPatience
        wait.deadline = min(wait.deadline ?? end, end)
        var input = OctetBuffer(copying: incoming.octets)
        var offset = head.headSize
        var body = OctetBuffer(capacity: bodyLimit)
        guard var decoder = try? BodyDecoder(head.bodyLength, limit: 1 << 20) else { return "" }
        while body.count < bodyLimit {
            guard let isOver = try? decoder.decode(input.octets, offset: &offset, into: &body),
                !isOver
            else { break }
            input.removeAll()
            offset = 0
            guard (try? receive(into: &input, from: socket, wait)) == true else { break }
        }
        body.truncate(to: min(body.count, bodyLimit))
        return body.octets.text
    }

    // MARK: RawSocket

    private static func openRawSocket(
        _ socket: consuming StreamSocket, _ options: ClientOptions, _ wait: Wait
    ) throws(ClientError) -> OpenedTransport {
        let ours = RawSocketHandshake(options.serialization, messageLimit: options.messageLimit)
        var request = OctetBuffer(capacity: RawSocketHandshake.size)
        ours.append(to: &request)
        try send(request.octets, on: socket, wait)
        var incoming = OctetBuffer(capacity: receiveSize)
        while true {
            guard try receive(into: &incoming, from: socket, wait) else { throw .hungUp }
            let theirs: RawSocketHandshake?
            do throws(RawSocketError) {
                theirs = try ours.answer(incoming.octets)
            } catch {
                throw .rawSocket(error)
            }
            guard let theirs else { continue }
            incoming.removeFirst(RawSocketHandshake.size)
            return OpenedTransport(
                socket: socket, isWebSocket: false, sendLimit: theirs.messageLimit, rest: incoming)
        }
    }

    // MARK: Octets

    private static func send(
        _ octets: RawSpan, on socket: borrowing StreamSocket, _ wait: Wait
    ) throws(ClientError) {
        var start = 0
        while start < octets.byteCount {
            let rest = octets.extracting(start..<octets.byteCount)
            guard let sent = try socket.write(rest) else { throw .hungUp }
            start += sent
            if sent == 0, try !wait.until(socket.descriptor, POLLOUT) {
                throw .timedOut(.opening)
            }
        }
    }

    /// - Returns: `false` at the end.
    private static func receive(
        into buffer: inout OctetBuffer, from socket: borrowing StreamSocket, _ wait: Wait
    ) throws(ClientError) -> Bool {
        while true {
            switch try socket.read(into: &buffer, room: receiveSize) {
            case .some: return true
            case .end: return false
            case .none:
                guard try wait.until(socket.descriptor, POLLIN) else {
                    throw .timedOut(.opening)
                }
            }
        }
    }
}

extension Serialization {
    /// What is offered. Batches would save octets where many messages are under way at once; a
    /// client for scripts has one.
    var subprotocol: Subprotocol {
        switch self {
        case .json: .json
        case .messagePack: .messagePack
        case .cbor: .cbor
        }
    }
}
