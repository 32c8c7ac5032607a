// Writing answers — status line, fields and bodies straight into an octet buffer.
//
// Nothing here concatenates: constant text is copied from the program, numbers are written as
// digits. Values that may come from a peer lose CR, LF and NUL, so no input can add a line.

package import Bytes

extension ResponseHead {
    /// Appends `HTTP/1.1 status reason CRLF`.
    ///
    /// - Parameter reason: `nil` is the standard phrase. Control characters of another are left
    ///   out.
    package static func writeStatusLine(
        _ status: Int, reason: String? = nil, into buffer: inout OctetBuffer
    ) {
        buffer.append("HTTP/1.1 ")
        buffer.append(decimal: status)
        buffer.append(0x20)
        if let reason {
            for octet in reason.utf8 where octet >= 0x20 && octet != 0x7F { buffer.append(octet) }
        } else {
            buffer.append(Self.reason(of: status))
        }
        buffer.append("\r\n")
    }

    /// Appends one field whose value is part of the program.
    package static func writeField(
        _ name: StaticString, _ value: StaticString, into buffer: inout OctetBuffer
    ) {
        buffer.append(name)
        buffer.append(": ")
        buffer.append(value)
        buffer.append("\r\n")
    }

    /// Appends one field with a number as its value.
    package static func writeField(
        _ name: StaticString, _ value: Int, into buffer: inout OctetBuffer
    ) {
        buffer.append(name)
        buffer.append(": ")
        buffer.append(decimal: value)
        buffer.append("\r\n")
    }

    /// Appends one field; CR, LF and NUL in the value become spaces.
    package static func writeField(
        _ name: StaticString, octets value: RawSpan, into buffer: inout OctetBuffer
    ) {
        buffer.append(name)
        buffer.append(": ")
        for index in 0..<value.byteCount {
            let octet = value[octet: index]
            buffer.append(octet == 0x0D || octet == 0x0A || octet == 0 ? 0x20 : octet)
        }
        buffer.append("\r\n")
    }

    /// Appends one field; CR, LF and NUL in the value become spaces.
    package static func writeField(
        _ name: StaticString, text value: String, into buffer: inout OctetBuffer
    ) {
        var value = value
        value.withUTF8 { unsafe writeField(name, octets: $0.span.bytes, into: &buffer) }
    }

    /// Appends the empty line that ends a head.
    package static func writeEnd(into buffer: inout OctetBuffer) { buffer.append("\r\n") }

    /// Appends a whole answer.
    ///
    /// - Parameters:
    ///   - keepsAlive: Whether another answer may follow; otherwise `Connection: close` is said.
    ///   - headOnly: Leaves the body out but not its length, as `HEAD` wants it.
    ///   - extraFields: Appends further fields, each with its line end.
    package static func write(
        status: Int, contentType: StaticString = "text/plain; charset=utf-8", body: RawSpan,
        keepsAlive: Bool, headOnly: Bool = false, into buffer: inout OctetBuffer,
        extraFields: (inout OctetBuffer) -> Void = { _ in }
    ) {
        buffer.reserve(256 + body.byteCount)
        writeStatusLine(status, into: &buffer)
        if body.byteCount > 0 { writeField("Content-Type", contentType, into: &buffer) }
        // RFC 9110 §8.6: no length on 1xx and 204.
        if status >= 200 && status != 204 {
            writeField("Content-Length", body.byteCount, into: &buffer)
        }
        if !keepsAlive { writeField("Connection", "close", into: &buffer) }
        extraFields(&buffer)
        writeEnd(into: &buffer)
        if !headOnly { buffer.append(body) }
    }

    /// The reason phrase of `status` (RFC 9110 §15, RFC 6585).
    package static func reason(of status: Int) -> StaticString {
        switch status {
        case 100: "Continue"
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Unknown"
        }
    }
}
