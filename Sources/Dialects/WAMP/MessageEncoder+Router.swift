// MessageEncoder+Router — what a router sends (reference §5.3, §7.3, §8.3, §8.4, §8.11, §8.12).
//
// An EVENT depends on the subscription and the serialization, never on the receiver: it is encoded
// once and shared (§19). Members of details come only when there is something to say.

package import Hub
package import Bytes
package import Codecs
package import DialectKit

// MARK: - Sessions

extension MessageEncoder {
    package static func welcome(
        session: UInt64, _ welcome: Welcome, into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(.welcome, count: 3, &writer, &buffer)
        writer.append(unsigned: session, into: &buffer)
        let details = writer.beginMap(into: &buffer)
        welcome.append(to: &writer, into: &buffer)
        writer.end(details, into: &buffer)
        writer.end(message, into: &buffer)
    }

    package static func challenge(
        method: String, extra: Extra = [], into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(.challenge, count: 3, &writer, &buffer)
        writer.append(string: method, into: &buffer)
        writer.append(extra: extra, into: &buffer)
        writer.end(message, into: &buffer)
    }
}

// MARK: - Broker

extension MessageEncoder {
    package static func published(
        request: UInt64, publication: UInt64, into buffer: inout OctetBuffer
    ) { pair(.published, request, publication, into: &buffer) }

    package static func subscribed(
        request: UInt64, subscription: UInt64, into buffer: inout OctetBuffer
    ) { pair(.subscribed, request, subscription, into: &buffer) }

    package static func unsubscribed(request: UInt64, into buffer: inout OctetBuffer) {
        withdrawn(.unsubscribed, request, into: &buffer)
    }

    /// The router withdraws a subscription (§7.12).
    package static func unsubscribed(
        revoking subscription: UInt64, reason: String, into buffer: inout OctetBuffer
    ) { revocation(.unsubscribed, "subscription", subscription, reason, into: &buffer) }

    /// Appends an EVENT.
    ///
    /// - Parameters:
    ///   - topic: For prefix and wildcard subscriptions.
    ///   - publisher: When disclosed.
    /// - Returns: Where the payload stands, with the comma in front of it in JSON.
    /// - Throws: `CodecError` never for payload that was decoded.
    @discardableResult
    package static func event(
        subscription: UInt64, publication: UInt64, topic: RawSpan? = nil,
        publisher: Identity? = nil, isRetained: Bool = false, trustLevel: UInt64? = nil,
        payload: borrowing Payload, into buffer: inout OctetBuffer
    ) throws(CodecError) -> Range<Int> {
        var writer = Writer()
        let message = begin(.event, count: 4 + payload.count, &writer, &buffer)
        writer.append(unsigned: subscription, into: &buffer)
        writer.append(unsigned: publication, into: &buffer)
        let details = writer.beginMap(into: &buffer)
        if let topic {
            writer.append(key: "topic", into: &buffer)
            writer.append(string: topic, into: &buffer)
        }
        if let publisher {
            writer.append(key: "publisher", into: &buffer)
            writer.append(unsigned: publisher.session, into: &buffer)
            writer.append("publisher_authid", publisher.authID, into: &buffer)
            writer.append("publisher_authrole", publisher.authRole, into: &buffer)
        }
        if isRetained { writer.append(true: "retained", into: &buffer) }
        if let trustLevel { writer.append("trustlevel", trustLevel, into: &buffer) }
        try writer.append(passthruOf: payload, into: &buffer)
        writer.end(details, into: &buffer)
        let start = buffer.count
        try writer.append(payload, into: &buffer)
        let place = start..<buffer.count
        writer.end(message, into: &buffer)
        return place
    }
}

// MARK: - Dealer

extension MessageEncoder {
    package static func registered(
        request: UInt64, registration: UInt64, into buffer: inout OctetBuffer
    ) { pair(.registered, request, registration, into: &buffer) }

    package static func unregistered(request: UInt64, into buffer: inout OctetBuffer) {
        withdrawn(.unregistered, request, into: &buffer)
    }

    /// The router withdraws a registration (§8.12).
    package static func unregistered(
        revoking registration: UInt64, reason: String, into buffer: inout OctetBuffer
    ) { revocation(.unregistered, "registration", registration, reason, into: &buffer) }

    /// Appends an INVOCATION.
    ///
    /// - Parameters:
    ///   - procedure: For prefix and wildcard registrations.
    ///   - caller: When disclosed.
    ///   - timeout: Milliseconds, when forwarded.
    /// - Throws: `CodecError` never for payload that was decoded.
    package static func invocation(
        request: UInt64, registration: UInt64, procedure: RawSpan? = nil,
        caller: Identity? = nil, receivesProgress: Bool = false, isProgress: Bool = false,
        timeout: UInt64? = nil, trustLevel: UInt64? = nil, payload: borrowing Payload,
        into buffer: inout OctetBuffer
    ) throws(CodecError) {
        var writer = Writer()
        let message = begin(.invocation, count: 4 + payload.count, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        writer.append(unsigned: registration, into: &buffer)
        let details = writer.beginMap(into: &buffer)
        if let procedure {
            writer.append(key: "procedure", into: &buffer)
            writer.append(string: procedure, into: &buffer)
        }
        if let caller {
            writer.append("caller", caller.session, into: &buffer)
            writer.append("caller_authid", caller.authID, into: &buffer)
            writer.append("caller_authrole", caller.authRole, into: &buffer)
        }
        if receivesProgress { writer.append(true: "receive_progress", into: &buffer) }
        if isProgress { writer.append(true: "progress", into: &buffer) }
        if let timeout { writer.append("timeout", timeout, into: &buffer) }
        if let trustLevel { writer.append("trustlevel", trustLevel, into: &buffer) }
        try writer.append(passthruOf: payload, into: &buffer)
        writer.end(details, into: &buffer)
        try writer.append(payload, into: &buffer)
        writer.end(message, into: &buffer)
    }

    /// Appends a RESULT.
    ///
    /// - Throws: `CodecError` never for payload that was decoded.
    package static func result(
        request: UInt64, isProgress: Bool = false, payload: borrowing Payload,
        into buffer: inout OctetBuffer
    ) throws(CodecError) {
        try answered(.result, request, isProgress, payload, into: &buffer)
    }

    /// Appends an INTERRUPT; `mode` is never skip.
    package static func interrupt(
        request: UInt64, mode: CancelMode, reason: URI? = nil, into buffer: inout OctetBuffer
    ) {
        precondition(mode != .skip)
        var writer = Writer()
        let message = begin(.interrupt, count: 3, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        let options = writer.beginMap(count: reason == nil ? 1 : 2, into: &buffer)
        writer.append(key: "mode", into: &buffer)
        writer.append(string: mode.name, into: &buffer)
        if let reason {
            writer.append(key: "reason", into: &buffer)
            writer.append(string: reason.text, into: &buffer)
        }
        writer.end(options, into: &buffer)
        writer.end(message, into: &buffer)
    }
}

// MARK: - What they have in common

extension MessageEncoder {
    /// RESULT and YIELD.
    internal static func answered(
        _ code: MessageCode, _ request: UInt64, _ isProgress: Bool, _ payload: borrowing Payload,
        into buffer: inout OctetBuffer
    ) throws(CodecError) {
        var writer = Writer()
        let message = begin(code, count: 3 + payload.count, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        let details = writer.beginMap(into: &buffer)
        if isProgress { writer.append(true: "progress", into: &buffer) }
        try writer.append(passthruOf: payload, into: &buffer)
        writer.end(details, into: &buffer)
        try writer.append(payload, into: &buffer)
        writer.end(message, into: &buffer)
    }

    private static func withdrawn(
        _ code: MessageCode, _ request: UInt64, into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(code, count: 2, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        writer.end(message, into: &buffer)
    }

    private static func revocation(
        _ code: MessageCode, _ key: StaticString, _ id: UInt64, _ reason: String,
        into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(code, count: 3, &writer, &buffer)
        writer.append(unsigned: 0, into: &buffer)
        let details = writer.beginMap(count: 2, into: &buffer)
        writer.append(key, id, into: &buffer)
        writer.append("reason", reason, into: &buffer)
        writer.end(details, into: &buffer)
        writer.end(message, into: &buffer)
    }
}

extension ItemWriter {
    /// Appends a member that is an integer.
    internal mutating func append(
        _ key: StaticString, _ number: UInt64, into buffer: inout OctetBuffer
    ) {
        append(key: key, into: &buffer)
        append(unsigned: number, into: &buffer)
    }

    /// Appends a member that is true.
    internal mutating func append(true key: StaticString, into buffer: inout OctetBuffer) {
        append(key: key, into: &buffer)
        append(bool: true, into: &buffer)
    }
}
