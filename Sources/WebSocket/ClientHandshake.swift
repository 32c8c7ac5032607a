// ClientHandshake — the client's half of the opening handshake (RFC 6455 §4.1).

package import Bytes
package import HTTP1

/// Why a response does not open the WebSocket we asked for.
package enum HandshakeFailure: Error, Equatable, Sendable {
    /// The server answered with another status than 101.
    case refused(status: Int)
    case badUpgrade  // §4.1, 2 and 3
    case wrongAccept  // §4.1, 4
    case unexpectedSubprotocol  // §4.1, 6
    case unexpectedExtension  // §4.1, 5
}

/// One attempt to open a WebSocket.
package struct ClientHandshake: Sendable {
    package let key: HandshakeKey
    /// In order of preference.
    package let subprotocols: [String]
    package let deflate: DeflateOffer?

    /// Prepares an attempt.
    ///
    /// - Parameter random: 16 octets nobody can guess; fresh for every attempt.
    package init(
        random: (UInt64, UInt64), subprotocols: [String] = [], deflate: DeflateOffer? = nil
    ) {
        key = HandshakeKey(random: random)
        self.subprotocols = subprotocols
        self.deflate = deflate
    }

    /// Appends the request.
    ///
    /// - Parameters:
    ///   - host: The value of `Host`, with the port unless it is the scheme's own.
    ///   - target: Path and query, percent-encoded.
    ///   - origin: The value of `Origin`, if any.
    ///   - extraFields: Appends further fields, each with its line end.
    package func writeRequest(
        host: String, target: String, origin: String? = nil, into buffer: inout OctetBuffer,
        extraFields: (inout OctetBuffer) -> Void = { _ in }
    ) {
        buffer.append("GET ")
        buffer.append(target)
        buffer.append(" HTTP/1.1\r\n")
        ResponseHead.writeField("Host", text: host, into: &buffer)
        buffer.append("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ")
        key.write(into: &buffer)
        buffer.append("\r\nSec-WebSocket-Version: 13\r\n")
        if let origin { ResponseHead.writeField("Origin", text: origin, into: &buffer) }
        if !subprotocols.isEmpty {
            ResponseHead.writeField(
                "Sec-WebSocket-Protocol", text: subprotocols.joined(separator: ", "),
                into: &buffer)
        }
        if let deflate {
            buffer.append("Sec-WebSocket-Extensions: ")
            deflate.write(into: &buffer)
            buffer.append("\r\n")
        }
        extraFields(&buffer)
        buffer.append("\r\n")
    }

    /// What the server agreed to.
    package struct Opening: Sendable, Equatable {
        package var subprotocol: String?
        package var deflate: DeflateAgreement?
    }

    /// Checks the server's answer.
    package func check(
        _ head: ResponseHead, in bytes: RawSpan
    ) throws(HandshakeFailure) -> Opening {
        guard head.status == 101 else { throw .refused(status: head.status) }
        let table = head.table
        guard table.list(.upgrade, contains: "websocket", in: bytes),
            table.list(.connection, contains: "upgrade", in: bytes)
        else { throw .badUpgrade }
        var expected = OctetBuffer(capacity: 28)
        key.writeAccept(into: &expected)
        guard table.count(of: .webSocketAccept) == 1,
            let accept = head.value(of: .webSocketAccept, in: bytes),
            accept.equals(expected.octets)
        else { throw .wrongAccept }
        var opening = Opening()
        if let chosen = head.value(of: .webSocketProtocol, in: bytes) {
            let name = chosen.text
            guard table.count(of: .webSocketProtocol) == 1, subprotocols.contains(name) else {
                throw .unexpectedSubprotocol
            }
            opening.subprotocol = name
        }
        if let answer = head.value(of: .webSocketExtensions, in: bytes) {
            guard table.count(of: .webSocketExtensions) == 1, let deflate,
                let agreement = deflate.agreement(response: answer)
            else { throw .unexpectedExtension }
            opening.deflate = agreement
        }
        return opening
    }
}
