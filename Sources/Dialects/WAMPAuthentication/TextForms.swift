// TextForms — octets as the texts that travel in authextra: base 64 and hexadecimal digits.

internal import Bytes

/// Octets as text.
internal enum TextForm {
    static func base64(_ octets: RawSpan) -> String {
        var text = OctetBuffer(capacity: octets.byteCount * 2)
        Base64.encode(octets, into: &text)
        return text.octets.text
    }

    static func hex(_ octets: RawSpan) -> String {
        var text = OctetBuffer(capacity: octets.byteCount * 2)
        Hex.encode(octets, into: &text)
        return text.octets.text
    }

    /// The octets that a peer's base 64 stands for, or `nil` unless there are `count`.
    static func octets(base64 text: String, count: Int) -> [UInt8]? {
        guard text.utf8.count == (count + 2) / 3 * 4 else { return nil }
        var octets = OctetBuffer(capacity: count + 2)
        guard unsafe Base64.decode(Array(text.utf8).span.bytes, into: &octets),
            octets.count == count
        else { return nil }
        return octets.octets.array
    }

    /// The octets that a peer's base 64 stands for, or `nil` if it is none or longer than allowed.
    static func octets(base64 text: String, atMost limit: Int) -> [UInt8]? {
        guard text.utf8.count <= (limit + 2) / 3 * 4 else { return nil }
        var octets = OctetBuffer(capacity: limit)
        guard unsafe Base64.decode(Array(text.utf8).span.bytes, into: &octets),
            octets.count <= limit
        else { return nil }
        return octets.octets.array
    }

    /// The octets that a peer's digits stand for, or `nil` unless there are `count`.
    static func octets(hex text: String, count: Int) -> [UInt8]? {
        guard text.utf8.count == count * 2 else { return nil }
        var octets = OctetBuffer(capacity: count)
        guard unsafe Hex.decode(Array(text.utf8).span.bytes, into: &octets) else { return nil }
        return octets.octets.array
    }

    /// A name that nobody has had before: 80 random bits in letters that are hard to confuse
    /// (Crockford's base 32).
    static func name(_ random: [UInt8]) -> String {
        let letters = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
        var name = ""
        for (index, octet) in random.enumerated() {
            if index > 0 && index % 4 == 0 { name += "-" }
            name.unicodeScalars.append(Unicode.Scalar(letters[Int(octet & 31)]))
        }
        return name
    }
}
