// FieldName — the header fields the server itself looks at, recognised once while parsing.

internal import Bytes

/// A header field name the server acts on, or `other`.
package enum FieldName: UInt8, Sendable {
    case other
    case host
    case connection
    case upgrade
    case contentLength
    case transferEncoding
    case expect
    case origin
    case authorization
    case contentType
    case acceptEncoding
    case cookie
    case userAgent
    case forwardedFor
    case webSocketKey
    case webSocketVersion
    case webSocketProtocol
    case webSocketExtensions
    case webSocketAccept

    /// The field called `name`, compared without case; its length rules out nearly all.
    package init(_ name: RawSpan) {
        switch name.byteCount {
        case 4: self = name.equalsIgnoringCase("host") ? .host : .other
        case 6:
            if name.equalsIgnoringCase("origin") {
                self = .origin
            } else if name.equalsIgnoringCase("expect") {
                self = .expect
            } else {
                self = name.equalsIgnoringCase("cookie") ? .cookie : .other
            }
        case 7: self = name.equalsIgnoringCase("upgrade") ? .upgrade : .other
        case 10:
            if name.equalsIgnoringCase("connection") {
                self = .connection
            } else {
                self = name.equalsIgnoringCase("user-agent") ? .userAgent : .other
            }
        case 12: self = name.equalsIgnoringCase("content-type") ? .contentType : .other
        case 13: self = name.equalsIgnoringCase("authorization") ? .authorization : .other
        case 14: self = name.equalsIgnoringCase("content-length") ? .contentLength : .other
        case 15:
            if name.equalsIgnoringCase("accept-encoding") {
                self = .acceptEncoding
            } else {
                self = name.equalsIgnoringCase("x-forwarded-for") ? .forwardedFor : .other
            }
        case 17:
            if name.equalsIgnoringCase("sec-websocket-key") {
                self = .webSocketKey
            } else {
                self = name.equalsIgnoringCase("transfer-encoding") ? .transferEncoding : .other
            }
        case 20: self = name.equalsIgnoringCase("sec-websocket-accept") ? .webSocketAccept : .other
        case 21:
            self = name.equalsIgnoringCase("sec-websocket-version") ? .webSocketVersion : .other
        case 22:
            self = name.equalsIgnoringCase("sec-websocket-protocol") ? .webSocketProtocol : .other
        case 24:
            self =
                name.equalsIgnoringCase("sec-websocket-extensions") ? .webSocketExtensions : .other
        default: self = .other
        }
    }
}
