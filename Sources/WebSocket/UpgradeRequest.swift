// UpgradeRequest — the server's half of the opening handshake (RFC 6455 §4.2).
//
// `check` says whether a request head asks for a WebSocket in the right way, `writeResponse` says
// yes. Between the two the route decides, and nothing may be sent.

package import Bytes
package import HTTP1

/// Why a request does not become a WebSocket.
package enum UpgradeRefusal: Error, Equatable, Sendable {
    case notGet  // §4.2.1, 1
    case badRequest  // HTTP/1.0, a body, or a handshake field missing, repeated or malformed
    case unsupportedVersion  // §4.4
    case forbiddenOrigin  // §10.2

    /// The status code of the answer.
    package var status: Int {
        switch self {
        case .notGet: 405
        case .badRequest: 400
        case .unsupportedVersion: 426
        case .forbiddenOrigin: 403
        }
    }

    /// Appends the fields that belong to the status.
    package func writeFields(into buffer: inout OctetBuffer) {
        switch self {
        case .notGet: ResponseHead.writeField("Allow", "GET", into: &buffer)
        case .unsupportedVersion:
            ResponseHead.writeField("Sec-WebSocket-Version", "13", into: &buffer)
            // RFC 9110 §15.5.22: a 426 names what to upgrade to.
            ResponseHead.writeField("Upgrade", "websocket", into: &buffer)
        case .badRequest, .forbiddenOrigin: break
        }
    }
}

/// A valid request for a WebSocket.
package struct UpgradeRequest: Sendable {
    package let key: HandshakeKey
    /// What was agreed on for permessage-deflate; the route may still set it to `nil`.
    package var deflate: DeflateAgreement?

    private init(key: HandshakeKey, deflate: DeflateAgreement?) {
        self.key = key
        self.deflate = deflate
    }

    /// Whether the request means to become a WebSocket: `Upgrade: websocket` is all it takes, so
    /// that whatever else is wrong with it gets the answer for handshakes.
    package static func isWanted(by head: RequestHead, in bytes: RawSpan) -> Bool {
        head.table.list(.upgrade, contains: "websocket", in: bytes)
    }

    /// Checks the handshake in `head`.
    ///
    /// - Parameters:
    ///   - head: A complete request head.
    ///   - bytes: The octets it was read from.
    ///   - origins: Whom to admit; `nil` admits everyone, pages and programs alike.
    ///   - deflate: What the server is willing to agree on.
    /// - Throws: ``UpgradeRefusal``.
    package static func check(
        _ head: RequestHead, in bytes: RawSpan, origins: OriginList? = nil,
        deflate: DeflateSettings = DeflateSettings()
    ) throws(UpgradeRefusal) -> UpgradeRequest {
        guard head.method == .get else { throw .notGet }
        let table = head.table
        guard head.version == .http11, head.bodyLength == .none || head.bodyLength == .sized(0),
            table.has(.host),
            table.list(.upgrade, contains: "websocket", in: bytes),
            table.list(.connection, contains: "upgrade", in: bytes)
        else { throw .badRequest }
        // The version first: what another one makes of the other fields is not ours to judge.
        guard table.count(of: .webSocketVersion) <= 1 else { throw .badRequest }
        guard let version = head.value(of: .webSocketVersion, in: bytes), version.equals("13")
        else { throw .unsupportedVersion }
        guard table.count(of: .webSocketKey) == 1,
            let value = head.value(of: .webSocketKey, in: bytes), let key = HandshakeKey(value)
        else { throw .badRequest }
        if let origins {
            guard table.count(of: .origin) == 1, let origin = head.value(of: .origin, in: bytes),
                origins.admits(origin)
            else { throw .forbiddenOrigin }
        }
        guard areSubprotocolsValid(head, bytes) else { throw .badRequest }
        var agreement: DeflateAgreement?
        if table.has(.webSocketExtensions) {
            for field in head.fields where field.name == .webSocketExtensions && agreement == nil {
                agreement = DeflateAgreement.accept(
                    offers: bytes.extracting(field.valueRange), settings: deflate)
            }
        }
        return UpgradeRequest(key: key, deflate: agreement)
    }

    /// The subprotocols the client offers, in its order of preference; what is no token (RFC 9110
    /// §5.6.2) is left out.
    package static func subprotocols(of head: RequestHead, in bytes: RawSpan) -> [String] {
        var names: [String] = []
        guard head.table.has(.webSocketProtocol) else { return names }
        for field in head.fields where field.name == .webSocketProtocol {
            let list = bytes.extracting(field.valueRange)
            var offset = 0
            while let element = Grammar.nextElement(of: list, from: &offset) {
                guard Grammar.isToken(list.extracting(element)) else { continue }
                names.append(list.extracting(element).text)
            }
        }
        return names
    }

    /// §4.1, 10: tokens, at least one in a field that is there, and no more than can be meant.
    private static func areSubprotocolsValid(_ head: RequestHead, _ bytes: RawSpan) -> Bool {
        guard head.table.has(.webSocketProtocol) else { return true }
        var count = 0
        for field in head.fields where field.name == .webSocketProtocol {
            let list = bytes.extracting(field.valueRange)
            var offset = 0
            while let element = Grammar.nextElement(of: list, from: &offset) {
                guard Grammar.isToken(list.extracting(element)) else { return false }
                count += 1
            }
        }
        return count > 0 && count <= 64
    }

    /// Appends the answer that opens the WebSocket (§4.2.2, 5).
    ///
    /// - Parameter subprotocol: One of those offered, or `nil`.
    /// - Complexity: O(1); no allocation beyond the buffer's.
    package func writeResponse(subprotocol: String? = nil, into buffer: inout OctetBuffer) {
        buffer.append(
            """
            HTTP/1.1 101 Switching Protocols\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Accept:\u{20}
            """ as StaticString)
        key.writeAccept(into: &buffer)
        buffer.append("\r\n")
        if let subprotocol {
            ResponseHead.writeField("Sec-WebSocket-Protocol", text: subprotocol, into: &buffer)
        }
        if let deflate {
            buffer.append("Sec-WebSocket-Extensions: ")
            deflate.writeResponse(into: &buffer)
            buffer.append("\r\n")
        }
        buffer.append("\r\n")
    }
}
