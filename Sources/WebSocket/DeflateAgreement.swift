// DeflateAgreement — what both sides settled on for permessage-deflate (RFC 7692 §5, §7.1).
//
// The server answers the first offer it can keep. It always promises `server_no_context_takeover`:
// then one compressed form of a message can serve every subscriber. An offer it cannot keep, or
// cannot read, is passed over; without one left the connection goes on uncompressed (§5.1).

package import Bytes
internal import HTTP1

/// What the server is willing to do.
package struct DeflateSettings: Sendable, Equatable {
    package var isEnabled: Bool
    /// The largest window our messages use, 9 to 15.
    package var serverWindowBits: Int
    /// The largest window we keep for a client that lets us choose, 9 to 15.
    package var clientWindowBits: Int
    /// Tells clients not to refer to earlier messages. Otherwise each of those that do keeps about
    /// 7 KiB and a window of 2^clientWindowBits octets here, from its first compressed message on.
    package var demandsClientNoContextTakeover: Bool

    package init(
        isEnabled: Bool = true, serverWindowBits: Int = 15, clientWindowBits: Int = 15,
        demandsClientNoContextTakeover: Bool = false
    ) {
        precondition((9...15).contains(serverWindowBits) && (9...15).contains(clientWindowBits))
        self.isEnabled = isEnabled
        self.serverWindowBits = serverWindowBits
        self.clientWindowBits = clientWindowBits
        self.demandsClientNoContextTakeover = demandsClientNoContextTakeover
    }
}

/// The agreed parameters of one connection.
package struct DeflateAgreement: Sendable, Equatable {
    package var serverNoContextTakeover: Bool
    package var clientNoContextTakeover: Bool
    /// 8 to 15; 15 unless something else was said.
    package var serverWindowBits: UInt8
    /// 8 to 15; 15 unless something else was said.
    package var clientWindowBits: UInt8

    package init(
        serverNoContextTakeover: Bool = true, clientNoContextTakeover: Bool = false,
        serverWindowBits: UInt8 = 15, clientWindowBits: UInt8 = 15
    ) {
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverWindowBits = serverWindowBits
        self.clientWindowBits = clientWindowBits
    }

    /// Picks the first acceptable offer of one `Sec-WebSocket-Extensions` value.
    ///
    /// Several header lines are asked in order; the first agreement wins.
    /// - Returns: `nil` if there is none: go on without the extension.
    package static func accept(offers: RawSpan, settings: DeflateSettings) -> DeflateAgreement? {
        guard settings.isEnabled else { return nil }
        var reader = ExtensionReader()
        while let name = reader.nextName(offers) {
            var parameters = DeflateParameters()
            while let parameter = reader.nextParameter(offers) {
                parameters.take(parameter, in: offers)
            }
            // What stands behind broken grammar cannot be told apart from it.
            if reader.isMalformed { return nil }
            guard offers.extracting(name).equalsIgnoringCase("permessage-deflate") else { continue }
            if let agreement = answer(parameters, settings) { return agreement }
        }
        return nil
    }

    private static func answer(
        _ offer: DeflateParameters, _ settings: DeflateSettings
    ) -> DeflateAgreement? {
        guard offer.isValid else { return nil }
        var agreement = DeflateAgreement(
            clientNoContextTakeover: offer.clientNoContextTakeover
                || settings.demandsClientNoContextTakeover)
        var serverBits = settings.serverWindowBits
        if let wanted = offer.serverWindow {
            guard case .bits(let bits) = wanted else { return nil }  // §7.1.2.1: value required
            guard bits >= 9 else { return nil }  // zlib's raw deflate has no 8
            serverBits = min(serverBits, bits)
        }
        agreement.serverWindowBits = UInt8(truncatingIfNeeded: serverBits)
        // §7.1.2.2: only a client that mentions its window can be asked for a smaller one.
        switch offer.clientWindow {
        case .none: break
        case .mentioned: agreement.clientWindowBits = UInt8(settings.clientWindowBits)
        case .bits(let bits):
            agreement.clientWindowBits = UInt8(min(bits, settings.clientWindowBits))
        }
        return agreement
    }

    /// Appends the value of the response header: exactly what differs from the defaults.
    package func writeResponse(into buffer: inout OctetBuffer) {
        buffer.append("permessage-deflate")
        if serverNoContextTakeover { buffer.append("; server_no_context_takeover") }
        if clientNoContextTakeover { buffer.append("; client_no_context_takeover") }
        if serverWindowBits != 15 {
            buffer.append("; server_max_window_bits=")
            buffer.append(decimal: Int(serverWindowBits))
        }
        if clientWindowBits != 15 {
            buffer.append("; client_max_window_bits=")
            buffer.append(decimal: Int(clientWindowBits))
        }
    }

    /// Octets of memory that a server takes to read a client's messages that refer to earlier ones.
    package var clientContextSize: Int { Inflater.memorySize(windowBits: Int(clientWindowBits)) }

    /// Whether messages that `role` reads may refer to earlier ones.
    func keepsContext(reading role: Role) -> Bool {
        role == .server ? !clientNoContextTakeover : !serverNoContextTakeover
    }

    /// The window of the messages that `role` reads.
    func windowBits(reading role: Role) -> UInt8 {
        role == .server ? clientWindowBits : serverWindowBits
    }
}

/// The parameters of one permessage-deflate element, in an offer or in an answer.
struct DeflateParameters {
    enum Window {
        case mentioned
        case bits(Int)
    }

    var isValid = true
    var serverNoContextTakeover = false
    var clientNoContextTakeover = false
    var serverWindow: Window?
    var clientWindow: Window?

    /// Takes one parameter; an unknown, repeated or malformed one spoils the whole (§7.1).
    mutating func take(_ parameter: ExtensionParameter, in list: RawSpan) {
        let name = list.extracting(parameter.name)
        if name.equalsIgnoringCase("server_no_context_takeover") {
            if serverNoContextTakeover || parameter.value != nil { isValid = false }
            serverNoContextTakeover = true
        } else if name.equalsIgnoringCase("client_no_context_takeover") {
            if clientNoContextTakeover || parameter.value != nil { isValid = false }
            clientNoContextTakeover = true
        } else if name.equalsIgnoringCase("server_max_window_bits") {
            if serverWindow != nil { isValid = false }
            serverWindow = window(parameter, in: list)
        } else if name.equalsIgnoringCase("client_max_window_bits") {
            if clientWindow != nil { isValid = false }
            clientWindow = window(parameter, in: list)
        } else {
            isValid = false
        }
    }

    /// §7.1.2: a number from 8 to 15 in decimal digits without leading zeros.
    private mutating func window(_ parameter: ExtensionParameter, in list: RawSpan) -> Window {
        guard let range = parameter.value else { return .mentioned }
        let digits = list.extracting(range)
        var bits = 0
        if digits.byteCount == 1 {
            bits = Int(digits[octet: 0]) - 0x30
        } else if digits.byteCount == 2, digits[octet: 0] == 0x31 {
            let last = Int(digits[octet: 1]) - 0x30
            bits = last >= 0 && last <= 5 ? 10 + last : 0
        }
        if bits < 8 || bits > 15 || (digits.byteCount == 1 && bits > 9) { isValid = false }
        return .bits(bits)
    }
}
