// JSONText — one JSON value as its text: what is published, asked and answered.
//
// The server never turns payloads into values: it checks that they are JSON and passes their octets
// on. So the library asks for text, and leaves it to its user how that is made: by hand, by an
// encoder, by a database.

import Bytes
import Codecs

/// A JSON value (RFC 8259), as text in UTF-8.
///
/// Making one does not check it. Where it is used it is: publishing what is no JSON throws
/// ``PublishError/notJSON``, and a handler that answers with it gives its caller an error.
///
/// A literal may have interpolations. They go in as they are, so text belongs into ``string(_:)``:
///
///     let greeting: JSONText = "{\"hello\": \(JSONText.string(name)), \"visits\": \(count)}"
public struct JSONText: Sendable, Hashable, ExpressibleByStringInterpolation,
    CustomStringConvertible
{
    /// The text, in UTF-8.
    public let octets: [UInt8]

    public init(_ text: String) { octets = Array(text.utf8) }

    /// - Parameter octets: The text in UTF-8, as JSON encoders write it.
    public init(octets: some Sequence<UInt8>) { self.octets = Array(octets) }

    public init(stringLiteral text: String) { self.init(text) }

    /// A JSON string that says `text`, quoted and escaped.
    public static func string(_ text: String) -> JSONText {
        var buffer = OctetBuffer(capacity: text.utf8.count + 16)
        buffer.append(jsonString: text)
        return JSONText(octets: buffer.octets.array)
    }

    /// The text.
    public var text: String { String(decoding: octets, as: UTF8.self) }

    public var description: String { text }

    /// Whether this is exactly one JSON value, in UTF-8.
    public var isValid: Bool {
        let octets = octets
        let text = unsafe octets.span.bytes
        return UTF8Checker.accepts(text) && (try? JSONScanner.document(text)) != nil
    }
}
