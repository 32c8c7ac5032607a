// Violation — what ends a connection with code 3012, and the words for it (specification §3).
//
// The words are the reference's, which quotes values as Python writes them. A close frame has 123
// octets for them (RFC 6455 §5.5), so what does not fit is left out, by whole characters.

import Bytes
import Codecs

internal enum Violation {
    case binary
    case notJSON
    /// Limits of ours; the reference has others, and a client that meets one should be told which.
    case tooDeep
    case tooManyMembers
    case kind(JSONItem, StaticString)
    case pattern(JSONItem)
    case minimum(JSONItem)
    case missing(StaticString)

    static let closeCode: UInt16 = 3012
    /// Octets of a close frame's reason.
    private static let reasonLimit = 123
    /// Octets of a value up to which Python would be asked how it writes it; its text would be cut
    /// anyway, and a megabyte of marks or of members that occur twice makes finding it expensive.
    private static let renderedSize = 1024

    init(_ error: JSONError) {
        switch error {
        case .malformed, .numberTooLong: self = .notJSON
        case .tooDeep: self = .tooDeep
        case .tooManyKeys: self = .tooManyMembers
        }
    }

    /// What the close frame says.
    ///
    /// - Parameter message: What the items are places of.
    func reason(_ message: RawSpan) -> String {
        var reason = OctetBuffer(capacity: 256)
        reason.append("Protocol violation: " as StaticString)
        switch self {
        case .binary: reason.append("binary messages not supported" as StaticString)
        case .notJSON: reason.append("invalid json" as StaticString)
        case .tooDeep: reason.append("more than \(JSONScanner.depthLimit) levels of nesting")
        case .tooManyMembers: reason.append("more than \(Request.keyLimit) members")
        case .kind(let item, let name):
            Self.append(item, of: message, to: &reason)
            reason.append(" is not of type '" as StaticString)
            reason.append(name)
            reason.append("'" as StaticString)
        case .pattern(let item):
            Self.append(item, of: message, to: &reason)
            reason.append(" does not match 'request'" as StaticString)
        case .minimum(let item):
            Self.append(item, of: message, to: &reason)
            reason.append(" is less than the minimum of 0" as StaticString)
        case .missing(let name):
            reason.append("'" as StaticString)
            reason.append(name)
            reason.append("' is a required property" as StaticString)
        }
        return Self.cut(reason.octets).text
    }

    private static func append(
        _ item: JSONItem, of message: RawSpan, to reason: inout OctetBuffer
    ) {
        if item.range.count <= renderedSize {
            reason.append(pythonText: item, of: message)
        } else if item.kind == .string {
            // What is behind is cut, so it does not matter how that ends.
            reason.append(
                pythonString: message.extracting(item.contents).extracting(first: renderedSize))
        } else {
            reason.append(message.extracting(item.range).extracting(first: reasonLimit))
        }
    }

    /// The first octets, up to a character that does not fit.
    @_lifetime(copy text)
    private static func cut(_ text: RawSpan) -> RawSpan {
        guard text.byteCount > reasonLimit else { return text }
        var end = reasonLimit
        while end > 0, text[octet: end] & 0xC0 == 0x80 { end -= 1 }
        return text.extracting(0..<end)
    }
}
