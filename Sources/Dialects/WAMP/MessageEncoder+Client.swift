// MessageEncoder+Client — what a client sends: `carillon-load`, client commands, tests.

package import Hub
package import Bytes
package import Codecs

/// Options of a PUBLISH; what is `nil` or empty is left out.
package struct PublishOptions: Sendable {
    package var acknowledge: Bool?
    package var excludeMe: Bool?
    package var discloseMe: Bool?
    package var retain: Bool?
    /// Session ids.
    package var eligible: [UInt64]?
    package var exclude: [UInt64]?
    package var eligibleAuthIDs: [String]?
    package var eligibleAuthRoles: [String]?
    package var excludeAuthIDs: [String]?
    package var excludeAuthRoles: [String]?

    package init() {}
}

/// Options of a CALL.
package struct ClientCallOptions: Sendable {
    /// Milliseconds.
    package var timeout: UInt64?
    package var receiveProgress: Bool?
    package var progress: Bool?
    package var discloseMe: Bool?

    package init() {}
}

/// Options of a REGISTER.
package struct ClientRegisterOptions: Sendable {
    package var match: MatchPolicy?
    package var invoke: InvocationPolicy?
    package var concurrency: UInt64?
    package var discloseCaller: Bool?
    package var forwardTimeout: Bool?
    package var forceReregister: Bool?

    package init() {}
}

// MARK: - Sessions

extension MessageEncoder {
    package static func hello(_ hello: ClientHello, into buffer: inout OctetBuffer) {
        var writer = Writer()
        let message = begin(.hello, count: 3, &writer, &buffer)
        writer.append(string: hello.realm, into: &buffer)
        let details = writer.beginMap(into: &buffer)
        hello.append(to: &writer, into: &buffer)
        writer.end(details, into: &buffer)
        writer.end(message, into: &buffer)
    }

    package static func authenticate(
        signature: String, extra: Extra = [], into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(.authenticate, count: 3, &writer, &buffer)
        writer.append(string: signature, into: &buffer)
        writer.append(extra: extra, into: &buffer)
        writer.end(message, into: &buffer)
    }
}

// MARK: - Broker

extension MessageEncoder {
    package static func subscribe(
        request: UInt64, topic: RawSpan, match: MatchPolicy? = nil, getRetained: Bool? = nil,
        into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(.subscribe, count: 4, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        let options = writer.beginMap(into: &buffer)
        writer.append("match", match?.name, into: &buffer)
        writer.append("get_retained", getRetained, into: &buffer)
        writer.end(options, into: &buffer)
        writer.append(string: topic, into: &buffer)
        writer.end(message, into: &buffer)
    }

    package static func unsubscribe(
        request: UInt64, subscription: UInt64, into buffer: inout OctetBuffer
    ) { pair(.unsubscribe, request, subscription, into: &buffer) }

    /// - Throws: `CodecError` never for payload that was decoded.
    package static func publish(
        request: UInt64, topic: RawSpan, options: PublishOptions = PublishOptions(),
        payload: borrowing Payload, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        var writer = Writer()
        let message = begin(.publish, count: 4 + payload.count, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        let map = writer.beginMap(into: &buffer)
        writer.append("acknowledge", options.acknowledge, into: &buffer)
        writer.append("exclude_me", options.excludeMe, into: &buffer)
        writer.append("disclose_me", options.discloseMe, into: &buffer)
        writer.append("retain", options.retain, into: &buffer)
        writer.append("eligible", options.eligible, into: &buffer)
        writer.append("eligible_authid", options.eligibleAuthIDs, into: &buffer)
        writer.append("eligible_authrole", options.eligibleAuthRoles, into: &buffer)
        writer.append("exclude", options.exclude, into: &buffer)
        writer.append("exclude_authid", options.excludeAuthIDs, into: &buffer)
        writer.append("exclude_authrole", options.excludeAuthRoles, into: &buffer)
        try writer.append(passthruOf: payload, into: &buffer)
        writer.end(map, into: &buffer)
        writer.append(string: topic, into: &buffer)
        try writer.append(payload, into: &buffer)
        writer.end(message, into: &buffer)
    }
}

// MARK: - Dealer

extension MessageEncoder {
    /// - Throws: `CodecError` never for payload that was decoded.
    package static func call(
        request: UInt64, procedure: RawSpan, options: ClientCallOptions = ClientCallOptions(),
        payload: borrowing Payload, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        var writer = Writer()
        let message = begin(.call, count: 4 + payload.count, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        let map = writer.beginMap(into: &buffer)
        if let timeout = options.timeout { writer.append("timeout", timeout, into: &buffer) }
        writer.append("receive_progress", options.receiveProgress, into: &buffer)
        writer.append("progress", options.progress, into: &buffer)
        writer.append("disclose_me", options.discloseMe, into: &buffer)
        try writer.append(passthruOf: payload, into: &buffer)
        writer.end(map, into: &buffer)
        writer.append(string: procedure, into: &buffer)
        try writer.append(payload, into: &buffer)
        writer.end(message, into: &buffer)
    }

    package static func cancel(
        request: UInt64, mode: CancelMode? = nil, into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(.cancel, count: 3, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        let options = writer.beginMap(into: &buffer)
        writer.append("mode", mode?.name, into: &buffer)
        writer.end(options, into: &buffer)
        writer.end(message, into: &buffer)
    }

    package static func register(
        request: UInt64, procedure: RawSpan, options: ClientRegisterOptions = ClientRegisterOptions(),
        into buffer: inout OctetBuffer
    ) {
        var writer = Writer()
        let message = begin(.register, count: 4, &writer, &buffer)
        writer.append(unsigned: request, into: &buffer)
        let map = writer.beginMap(into: &buffer)
        writer.append("match", options.match?.name, into: &buffer)
        writer.append("invoke", options.invoke?.name, into: &buffer)
        if let limit = options.concurrency { writer.append("concurrency", limit, into: &buffer) }
        writer.append("disclose_caller", options.discloseCaller, into: &buffer)
        writer.append("forward_timeout", options.forwardTimeout, into: &buffer)
        writer.append("force_reregister", options.forceReregister, into: &buffer)
        writer.end(map, into: &buffer)
        writer.append(string: procedure, into: &buffer)
        writer.end(message, into: &buffer)
    }

    package static func unregister(
        request: UInt64, registration: UInt64, into buffer: inout OctetBuffer
    ) { pair(.unregister, request, registration, into: &buffer) }

    /// Appends a YIELD; `request` is the id of the invocation.
    ///
    /// - Throws: `CodecError` never for payload that was decoded.
    package static func yield(
        request: UInt64, isProgress: Bool = false, payload: borrowing Payload,
        into buffer: inout OctetBuffer
    ) throws(CodecError) {
        try answered(.yield, request, isProgress, payload, into: &buffer)
    }
}

// MARK: - Members that may be left out

extension ItemWriter {
    fileprivate mutating func append(
        _ key: StaticString, _ value: Bool?, into buffer: inout OctetBuffer
    ) {
        guard let value else { return }
        append(key: key, into: &buffer)
        append(bool: value, into: &buffer)
    }

    fileprivate mutating func append(
        _ key: StaticString, _ value: StaticString?, into buffer: inout OctetBuffer
    ) {
        guard let value else { return }
        append(key: key, into: &buffer)
        append(string: value, into: &buffer)
    }

    fileprivate mutating func append(
        _ key: StaticString, _ ids: [UInt64]?, into buffer: inout OctetBuffer
    ) {
        guard let ids else { return }
        append(key: key, into: &buffer)
        let list = beginArray(count: ids.count, into: &buffer)
        for id in ids { append(unsigned: id, into: &buffer) }
        end(list, into: &buffer)
    }

    fileprivate mutating func append(
        _ key: StaticString, _ texts: [String]?, into buffer: inout OctetBuffer
    ) {
        guard let texts else { return }
        append(key: key, into: &buffer)
        let list = beginArray(count: texts.count, into: &buffer)
        for text in texts { append(string: text, into: &buffer) }
        end(list, into: &buffer)
    }
}
