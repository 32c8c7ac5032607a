// ConnectBody — what a back end is told about a client that wants to connect.

internal import Bytes
internal import Codecs
internal import DialectKit

extension BackEndGate {
    /// Fields that are about this one connection and this one handshake (RFC 9110 §7.6.1, RFC 6455
    /// §11.3), not about the client. The subprotocols have a member of their own.
    private static let handshakeFields: Set<String> = [
        "connection", "upgrade", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "content-length", "sec-websocket-key", "sec-websocket-version",
        "sec-websocket-extensions", "sec-websocket-protocol",
    ]

    /// The question, as JSON.
    static func body(of request: OpeningRequest, _ settings: BackEndGateSettings) -> [UInt8] {
        var body = OctetBuffer(capacity: 1024)
        body.append(#"{"path":"# as StaticString)
        body.append(jsonString: request.path)
        body.append(#","query":"# as StaticString)
        body.append(jsonString: request.query)
        body.append(#","headers":{"# as StaticString)
        for (place, field) in fields(of: request, settings).enumerated() {
            if place > 0 { body.append(0x2C) }
            body.append(jsonString: field.name)
            body.append(0x3A)
            body.append(jsonString: field.value)
        }
        body.append(#"},"subprotocols":["# as StaticString)
        for (place, subprotocol) in request.subprotocols.enumerated() {
            if place > 0 { body.append(0x2C) }
            body.append(jsonString: subprotocol)
        }
        body.append(#"],"dialect":"# as StaticString)
        body.append(jsonString: settings.dialect)
        body.append(0x7D)
        return body.octets.array
    }

    /// One value for each name, in the order in which the names were met: several are one list
    /// (RFC 9110 §5.3), cookies one string of pairs (RFC 6265 §4.2.1).
    private static func fields(
        of request: OpeningRequest, _ settings: BackEndGateSettings
    ) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        for field in request.headers {
            let isWanted =
                settings.headerNames?.contains(field.name)
                ?? !handshakeFields.contains(field.name)
            guard isWanted else { continue }
            if let place = fields.firstIndex(where: { $0.name == field.name }) {
                fields[place].value += (field.name == "cookie" ? "; " : ", ") + field.value
            } else {
                fields.append(field)
            }
        }
        return fields
    }
}
