// MessageEncoder — messages into a buffer, in the serialization of the writer (reference §3).
//
// The shapes of the catalogue once more, from the other side; tests decode what is written here.
// This file has what both encoders share and the messages both sides send.

package import Bytes
package import Codecs

/// Appends messages to buffers. Generic over the writer; no state.
package enum MessageEncoder<Writer: ItemWriter> {
    /// Begins a message of `count` elements, the code included.
    @inline(__always)
    internal static func begin(
        _ code: MessageCode, count: Int, _ writer: inout Writer, _ buffer: inout OctetBuffer
    ) -> Opening {
        let message = writer.beginArray(count: count, into: &buffer)
        writer.append(unsigned: UInt64(code.rawValue), into: &buffer)
        return message
    }

    /// A message of two ids behind the code: the acknowledgements, and requests that withdraw.
    internal static func pair(
        _ code: MessageCode, _ first: UInt64, _ second: UInt64, into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(code, count: 3, &writer, &buffer)
        writer.append(unsigned: first, into: &buffer)
        writer.append(unsigned: second, into: &buffer)
        writer.end(message, into: &buffer)
    }

    /// `[code, {"message": …}, reason]`: exactly three elements, for wampy (§15).
    internal static func farewell(
        _ code: MessageCode, _ reason: RawSpan, message text: String?,
        into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(code, count: 3, &writer, &buffer)
        let details = writer.beginMap(count: text == nil ? 0 : 1, into: &buffer)
        if let text { writer.append("message", text, into: &buffer) }
        writer.end(details, into: &buffer)
        writer.append(string: reason, into: &buffer)
        writer.end(message, into: &buffer)
    }
}

// MARK: - Both sides

extension MessageEncoder {
    /// Appends an ABORT. The transport is closed behind it.
    package static func abort(
        _ reason: URI, message: String? = nil, into buffer: inout OctetBuffer
    ) {
        farewell(.abort, reason.octets, message: message, into: &buffer)
    }

    /// Appends an ABORT whose reason somebody else chose (authentication).
    package static func abort(
        reason: RawSpan, message: String? = nil, into buffer: inout OctetBuffer
    ) {
        farewell(.abort, reason, message: message, into: &buffer)
    }

    /// Appends a GOODBYE.
    package static func goodbye(
        _ reason: URI, message: String? = nil, into buffer: inout OctetBuffer
    ) {
        farewell(.goodbye, reason.octets, message: message, into: &buffer)
    }

    /// Appends a GOODBYE whose reason somebody else chose (`wamp.session.kill`).
    package static func goodbye(
        reason: RawSpan, message: String? = nil, into buffer: inout OctetBuffer
    ) {
        farewell(.goodbye, reason, message: message, into: &buffer)
    }

    /// Appends an ERROR that forwards another: same URI, same payload, details only of passthru.
    ///
    /// A callee says `.invocation` and the id of the invocation, a router the caller's request.
    /// - Throws: `CodecError` never for payload that was decoded.
    package static func error(
        _ type: MessageCode, request: UInt64, uri: RawSpan, payload: borrowing Payload,
        into buffer: inout OctetBuffer
    ) throws(CodecError) {
        var writer = Writer()
        let message = begin(.error, count: 5 + payload.count, &writer, &buffer)
        writer.append(unsigned: UInt64(type.rawValue), into: &buffer)
        writer.append(unsigned: request, into: &buffer)
        let details = writer.beginMap(into: &buffer)
        try writer.append(passthruOf: payload, into: &buffer)
        writer.end(details, into: &buffer)
        writer.append(string: uri, into: &buffer)
        try writer.append(payload, into: &buffer)
        writer.end(message, into: &buffer)
    }

    /// Appends an ERROR of ours, with `text` for people as its only argument.
    package static func error(
        _ type: MessageCode, request: UInt64, _ uri: URI, text: String? = nil,
        into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(.error, count: text == nil ? 5 : 6, &writer, &buffer)
        writer.append(unsigned: UInt64(type.rawValue), into: &buffer)
        writer.append(unsigned: request, into: &buffer)
        writer.appendEmptyMap(into: &buffer)
        writer.append(string: uri.text, into: &buffer)
        if let text {
            let arguments = writer.beginArray(count: 1, into: &buffer)
            writer.append(string: text, into: &buffer)
            writer.end(arguments, into: &buffer)
        }
        writer.end(message, into: &buffer)
    }

    /// Appends what a ``MessageError`` is answered with.
    ///
    /// - Returns: Whether there is an answer.
    @discardableResult
    package static func answer(
        _ error: MessageError, into buffer: inout OctetBuffer
    ) -> Bool {
        switch error.answer {
        case .abort(let reason, let text): abort(reason, message: text, into: &buffer)
        case .error(let type, let request, let uri, let text):
            Self.error(type, request: request, uri, text: text, into: &buffer)
        case .nothing: return false
        }
        return true
    }
}

extension URI {
    /// The text as octets; a static string lives as long as the process.
    internal var octets: RawSpan {
        @_lifetime(immortal) get {
            let span = unsafe RawSpan(
                _unsafeStart: text.utf8Start, byteCount: text.utf8CodeUnitCount)
            return unsafe _overrideLifetime(span, copying: ())
        }
    }
}
