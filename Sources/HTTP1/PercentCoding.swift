// PercentCoding — `%41` to `A`, once (RFC 3986 §2.1).

package import Bytes

/// Percent-encoded octets of paths and queries.
package enum PercentCoding {
    /// Appends the octets that `text` stands for.
    ///
    /// - Parameter plusIsSpace: Reads `+` as a space, as forms write queries.
    /// - Returns: `false` if a `%` is not followed by two hexadecimal digits; `decoded` is then as
    ///   before.
    package static func decode(
        _ text: RawSpan, plusIsSpace: Bool = false, into decoded: inout OctetBuffer
    ) -> Bool {
        let before = decoded.count
        decoded.reserve(text.byteCount)
        var index = 0
        while index < text.byteCount {
            let octet = text[octet: index]
            index += 1
            if octet == 0x25 {
                guard text.byteCount - index >= 2, let high = Hex.value(of: text[octet: index]),
                    let low = Hex.value(of: text[octet: index + 1])
                else {
                    decoded.truncate(to: before)
                    return false
                }
                decoded.append(high << 4 | low)
                index += 2
            } else {
                decoded.append(octet == 0x2B && plusIsSpace ? 0x20 : octet)
            }
        }
        return true
    }

    /// The text that `text` stands for; `nil` if it is malformed, not UTF-8 or holds a NUL.
    package static func decodedText(_ text: RawSpan, plusIsSpace: Bool = false) -> String? {
        // Most paths have nothing to decode.
        var decoded = OctetBuffer(capacity: text.byteCount)
        guard decode(text, plusIsSpace: plusIsSpace, into: &decoded) else { return nil }
        guard UTF8Checker.accepts(decoded.octets), decoded.octets.firstIndex(of: 0) == nil else {
            return nil
        }
        return decoded.octets.text
    }
}

extension RequestHead {
    /// The decoded path, or `nil` where it stands for no text: answer 400.
    package func path(in bytes: RawSpan) -> String? {
        PercentCoding.decodedText(bytes.extracting(pathRange))
    }
}
