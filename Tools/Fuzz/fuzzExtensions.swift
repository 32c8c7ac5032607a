// Fuzz target: Sec-WebSocket-Extensions values, as a server and as a client reads them (RFC 7692).

import Bytes
import WebSocket

/// Checks that whatever is offered, an agreement keeps its bounds, and that a client which makes
/// the same promises accepts our answer.
package func fuzzExtensions(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= 1 else { return }
    let choices = unsafe bytes[0]
    let octets = unsafe Array(bytes[1...])
    let span = unsafe octets.span.bytes
    let settings = DeflateSettings(
        serverWindowBits: 9 + Int(choices) % 7, clientWindowBits: 9 + Int(choices >> 3) % 7,
        demandsClientNoContextTakeover: choices & 0x80 != 0)
    if let agreement = DeflateAgreement.accept(offers: span, settings: settings) {
        precondition(agreement.serverNoContextTakeover)
        precondition((9...settings.serverWindowBits).contains(Int(agreement.serverWindowBits)))
        precondition((8...15).contains(agreement.clientWindowBits))
        precondition(
            agreement.clientNoContextTakeover || !settings.demandsClientNoContextTakeover)
        var response = OctetBuffer()
        agreement.writeResponse(into: &response)
        let read = DeflateOffer().agreement(response: response.octets)
        precondition(read == agreement, "our answer does not say what was agreed on")
        // An answer is a valid offer too, and leads to the same agreement.
        let again = DeflateAgreement.accept(offers: response.octets, settings: settings)
        precondition(again == agreement)
    }
    if let agreement = DeflateOffer().agreement(response: span) {
        precondition((8...15).contains(agreement.serverWindowBits))
        precondition((8...15).contains(agreement.clientWindowBits))
    }
}
