// Message+Decode — from octets to a message, or to the answer the reference asks for (§3, §4).
//
// The whole message is walked first and judged afterwards: broken octets behind an invalid topic
// are a violation and no refusal. The walk follows the row of the catalogue, and the first
// violation ends it. A session walks and judges apart, since what it refuses counts as a request
// all the same, and a part of a call in progress is not refused for what it says (§8.10).

package import Codecs
internal import Hub

extension Message {
    /// Reads and judges one message.
    ///
    /// - Throws: ``MessageError``, as ``read(_:as:for:)`` does, or for what
    ///   ``refusal(under:in:)`` finds.
    package static func decode(
        _ octets: RawSpan, as serialization: Serialization, for receiver: Receiver
    ) throws(MessageError) -> Message {
        let message = try read(octets, as: serialization, for: receiver)
        if case .router(_, let rules) = receiver,
            let refusal = message.refusal(under: rules, in: octets)
        {
            throw message.error(for: refusal)
        }
        return message
    }

    /// Reads one message.
    ///
    /// - Parameters:
    ///   - octets: The message and nothing else; JSON must be known to be UTF-8, as text frames are
    ///     (over RawSocket: `UTF8Checker.accepts`). Its size is bounded by the transport.
    ///   - receiver: Decides what may come.
    /// - Throws: ``MessageError``, which knows its answer.
    /// - Complexity: O(octets). Allocates nothing, unless a URI is written with escapes or chunks.
    package static func read(
        _ octets: RawSpan, as serialization: Serialization, for receiver: Receiver
    ) throws(MessageError) -> Message {
        do throws(MessageError) {
            guard octets.byteCount <= sizeLimit else { throw .violation(nil, .oversized) }
            switch serialization {
            case .json: return try read(JSONReader(octets), receiver)
            case .messagePack: return try read(MessagePackReader(octets), receiver)
            case .cbor: return try read(CBORReader(octets), receiver)
            }
        } catch {
            if case .router(let phase, _) = receiver, phase.ignoresTheRest { throw .ignored }
            throw error
        }
    }

    private static func read<Reader: ItemReader & ~Escapable>(
        _ reader: consuming Reader, _ receiver: Receiver
    ) throws(MessageError) -> Message {
        var reader = reader
        var message = Message(serialization: Reader.serialization)
        let fault: Fault?
        do throws(CodecError) {
            fault = try message.scan(&reader, receiver)
        } catch {
            fault = .undecodable
        }
        if let fault { throw .violation(message.knownCode, fault) }
        // The rules of the realm are unknown until it is known.
        if message.code == .hello, !message.accepts(.name, .loose, reader.octets) {
            throw .invalidRealm
        }
        return message
    }
}

// MARK: - The walk

extension Message {
    /// Walks the whole message.
    ///
    /// - Returns: The first violation, if any; the reader is then somewhere inside.
    /// - Throws: When the octets cannot be decoded.
    private mutating func scan<Reader: ItemReader & ~Escapable>(
        _ reader: inout Reader, _ receiver: Receiver
    ) throws(CodecError) -> Fault? {
        guard reader.isAtArray() else {
            _ = try reader.item()
            try reader.end()
            return .notAList
        }
        var list = try reader.beginArray()
        guard try reader.next(&list) else { return .emptyList }
        if let fault = readCode(try reader.item(), reader) { return fault }
        if let fault = receiver.fault(of: code) { return fault }
        var shape = code.shape
        var element = shape.next()
        while element != .end {
            guard try reader.next(&list) else {
                guard element == .revocation else { return .missing(element) }
                try reader.end()
                return nil
            }
            if let fault = try readElement(element, &reader, receiver) { return fault }
            element = shape.next()
        }
        if try reader.next(&list) {
            guard shape.hasPayload else { return .tooManyElements }
            if let fault = try readPayload(&list, &reader) { return fault }
        }
        try reader.end()
        if code == .hello, hello.features.isDisjoint(with: .roles) { return .noRoles }
        return nil
    }

    private mutating func readCode<Reader: ItemReader & ~Escapable>(
        _ item: Item, _ reader: borrowing Reader
    ) -> Fault? {
        guard item.kind == .integer else { return .codeIsNoInteger }
        guard let number = reader.unsigned(item), let octet = UInt8(exactly: number),
            let code = MessageCode(rawValue: octet)
        else { return .unknownCode }
        knownCode = code
        return nil
    }

    private mutating func readElement<Reader: ItemReader & ~Escapable>(
        _ element: Element, _ reader: inout Reader, _ receiver: Receiver
    ) throws(CodecError) -> Fault? {
        switch element {
        case .options, .revocation: return try readOptions(element, &reader)
        case .realm, .reason, .method, .signature, .errorURI, .topic, .procedure:
            let item = try reader.item()
            guard item.kind == .string else { return .wrongType(element) }
            name = item
            return nil
        case .request, .session, .subscription, .registration, .publication, .requestType:
            let item = try reader.item()
            guard item.kind == .integer else { return .wrongType(element) }
            guard let value = reader.unsigned(item) else { return .outOfRange(element) }
            return note(element, value, receiver)
        case .end, .arguments, .keywords: preconditionFailure("no row of the catalogue has it")
        }
    }

    /// Keeps an id, or the code of a request.
    private mutating func note(_ element: Element, _ value: UInt64, _ receiver: Receiver) -> Fault?
    {
        if element == .requestType {
            guard let octet = UInt8(exactly: value), let type = MessageCode(rawValue: octet),
                receiver.takesError(about: type)
            else { return .wrongRequestType }
            requestType = type
            return nil
        }
        // wampy draws request ids at random and may draw 0; a router revokes with 0 (§2.1).
        guard value <= Identifier.limit, value > 0 || element == .request else {
            return .outOfRange(element)
        }
        switch element {
        case .request: request = value
        case .publication: publication = value
        default: target = value
        }
        return nil
    }

    private mutating func readOptions<Reader: ItemReader & ~Escapable>(
        _ element: Element, _ reader: inout Reader
    ) throws(CodecError) -> Fault? {
        guard reader.isAtMap() else {
            _ = try reader.item()
            return .wrongType(element)
        }
        let start = reader.position
        if code == .hello {
            try hello.read(&reader)
        } else {
            try options.read(&reader, of: code)
        }
        details = Extent(start..<reader.position)
        return nil
    }

    /// Delimits arguments, which begin here, and keywords.
    private mutating func readPayload<Reader: ItemReader & ~Escapable>(
        _ list: inout Container, _ reader: inout Reader
    ) throws(CodecError) -> Fault? {
        let first = try reader.item()
        // The older passthru has an octet string in place of the list (§13.2).
        let isOpaque = !options.passthru.oldAlgorithm.isAbsent && reader.isOctetString(first)
        guard first.kind == .array || isOpaque else { return .wrongType(.arguments) }
        arguments = Extent(first.range)
        guard try reader.next(&list) else { return nil }
        let second = try reader.item()
        guard second.kind == .map else { return .wrongType(.keywords) }
        keywords = Extent(second.range)
        return try reader.next(&list) ? .tooManyElements : nil
    }
}

extension Receiver {
    /// What speaks against a message before its elements are looked at.
    fileprivate func fault(of code: MessageCode) -> Fault? {
        switch self {
        case .router(let phase, _):
            guard code.isFromClient else { return .wrongDirection }
            return phase.admits(code) ? nil : .unexpected(phase)
        case .client: return code.isFromRouter ? nil : .wrongDirection
        }
    }

    /// Whether this side sends requests of that kind.
    fileprivate func takesError(about type: MessageCode) -> Bool {
        switch self {
        case .router: type == .invocation
        case .client:
            switch type {
            case .publish, .subscribe, .unsubscribe, .call, .register, .unregister: true
            default: false
            }
        }
    }
}

// MARK: - The judgement

extension Message {
    /// What speaks against a request that was read: its URI or an option.
    package func refusal(under rules: URIRules, in octets: RawSpan) -> Refusal? {
        switch code {
        case .publish:
            !accepts(.name, rules, octets)
                ? .invalidTopic : isReserved(octets) ? .reservedTopic : invalidOption
        case .subscribe:
            invalidOption ?? (accepts(options.match.use, rules, octets) ? nil : .invalidTopic)
        case .call: accepts(.name, rules, octets) ? invalidOption : .invalidProcedure
        case .register:
            invalidOption
                ?? (!accepts(options.match.use, rules, octets)
                    ? .invalidProcedure : isReserved(octets) ? .reservedProcedure : nil)
        default: nil
        }
    }

    /// The answer to a request that is refused.
    package func error(for refusal: Refusal) -> MessageError {
        // Without acknowledgement there is never an answer (§7.2).
        if code == .publish, !options.has(.acknowledge) { return .ignored }
        return .refusal(code, request: request, refusal)
    }

    private var invalidOption: Refusal? { options.firstInvalidKey.map { .invalidOption($0) } }

    private func accepts(_ use: URIUse, _ rules: URIRules, _ octets: RawSpan) -> Bool {
        if let uri = plainName(in: octets) { return rules.accepts(uri, as: use) }
        guard let uri = nameText(in: octets) else { return false }
        return unsafe rules.accepts(uri.span.bytes, as: use)
    }

    private func isReserved(_ octets: RawSpan) -> Bool {
        if let uri = plainName(in: octets) { return URIRules.isReserved(uri) }
        guard let uri = nameText(in: octets) else { return false }
        return unsafe URIRules.isReserved(uri.span.bytes)
    }
}
