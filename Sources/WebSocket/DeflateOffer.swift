// DeflateOffer — permessage-deflate from the client's side: what to offer, and what an answer may
// say (RFC 7692 §5.1, §7.1).

package import Bytes
internal import HTTP1

/// What a client offers.
package struct DeflateOffer: Sendable, Equatable {
    /// Asks the server not to refer to earlier messages.
    package var serverNoContextTakeover: Bool
    /// Announces that we shall not refer to earlier messages.
    package var clientNoContextTakeover: Bool
    /// The window the server may use at most, 8 to 15; `nil` leaves it to the server.
    package var serverWindowBits: Int?
    /// The window we use at most, 9 to 15. Mentioned always, so that the server may ask for less.
    package var clientWindowBits: Int

    package init(
        serverNoContextTakeover: Bool = false, clientNoContextTakeover: Bool = false,
        serverWindowBits: Int? = nil, clientWindowBits: Int = 15
    ) {
        precondition((9...15).contains(clientWindowBits))
        precondition(serverWindowBits.map { (8...15).contains($0) } ?? true)
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverWindowBits = serverWindowBits
        self.clientWindowBits = clientWindowBits
    }

    /// Appends the value of the request header.
    package func write(into buffer: inout OctetBuffer) {
        buffer.append("permessage-deflate; client_max_window_bits")
        if clientWindowBits != 15 {
            buffer.append(0x3D)
            buffer.append(decimal: clientWindowBits)
        }
        if serverNoContextTakeover { buffer.append("; server_no_context_takeover") }
        if clientNoContextTakeover { buffer.append("; client_no_context_takeover") }
        if let serverWindowBits {
            buffer.append("; server_max_window_bits=")
            buffer.append(decimal: serverWindowBits)
        }
    }

    /// Reads the server's answer to this offer.
    ///
    /// - Parameter response: The one `Sec-WebSocket-Extensions` value of the response.
    /// - Returns: `nil` if the answer does not fit: fail the connection (RFC 7692 §5.1). With
    ///   `clientWindowBits` 8 we may agree but send nothing compressed, since zlib cannot.
    package func agreement(response: RawSpan) -> DeflateAgreement? {
        var reader = ExtensionReader()
        guard let name = reader.nextName(response),
            response.extracting(name).equalsIgnoringCase("permessage-deflate")
        else { return nil }
        var parameters = DeflateParameters()
        while let parameter = reader.nextParameter(response) {
            parameters.take(parameter, in: response)
        }
        // Nothing but the one extension was offered, so nothing else can be accepted.
        guard reader.nextName(response) == nil, !reader.isMalformed, parameters.isValid else {
            return nil
        }
        var agreement = DeflateAgreement(
            serverNoContextTakeover: parameters.serverNoContextTakeover,
            clientNoContextTakeover: parameters.clientNoContextTakeover || clientNoContextTakeover,
            clientWindowBits: UInt8(clientWindowBits))
        // §7.1.1.1: the server must keep what it accepts.
        guard parameters.serverNoContextTakeover || !serverNoContextTakeover else { return nil }
        switch parameters.serverWindow {
        case .none: if let serverWindowBits, serverWindowBits < 15 { return nil }
        case .mentioned: return nil
        case .bits(let bits):
            guard bits <= serverWindowBits ?? 15 else { return nil }
            agreement.serverWindowBits = UInt8(bits)
        }
        switch parameters.clientWindow {
        case .none: break
        case .mentioned: return nil
        case .bits(let bits):
            agreement.clientWindowBits = UInt8(min(bits, clientWindowBits))
        }
        return agreement
    }
}
