// PayloadText — what a broker carried, as one JSON text.
//
// Brokers carry octets. What is JSON goes on as it was written, digit by digit; everything else is
// text and becomes a JSON string, so that a publisher may simply say `PUBLISH notifications
// 'Hello'`.

internal import Bytes
internal import Codecs

package enum PayloadText {
    /// The JSON text of `payload`: itself without the white space around it, when it is UTF-8 and
    /// one JSON value (RFC 8259 §2); else a JSON string of it, in which octets that are not UTF-8
    /// are U+FFFD. Always valid UTF-8 and always one JSON value.
    package static func json(_ payload: [UInt8]) -> [UInt8] {
        let octets = payload.span
        let raw = unsafe octets.bytes
        if UTF8Checker.accepts(raw), let value = try? JSONScanner.document(raw) {
            return value.range.count == payload.count ? payload : Array(payload[value.range])
        }
        return jsonString(payload)
    }

    /// `text` as a JSON string, in which octets that are not UTF-8 are U+FFFD.
    package static func jsonString(_ text: [UInt8]) -> [UInt8] {
        let octets = text.span
        let raw = unsafe octets.bytes
        var buffer = OctetBuffer(capacity: text.count + 2)
        if UTF8Checker.accepts(raw) {
            buffer.append(jsonString: raw)
        } else {
            buffer.append(jsonString: raw.text)
        }
        return buffer.octets.array
    }
}
