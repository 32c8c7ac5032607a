// Arguments — the positional and keyword arguments of one message, and the details beside them.
//
// Kept as they came, in the serialization they came in, and turned into JSON when somebody looks:
// what is only handed on is never converted. What people type is JSON, so they are made of that.

internal import Bytes
package import Codecs
package import WAMP

/// What a publication, call, result or error carries.
package struct Arguments: Sendable, Equatable {
    /// The list, then the map; each may be missing.
    internal let octets: [UInt8]
    package let serialization: Serialization
    private let list: Range<Int>
    private let map: Range<Int>

    /// None.
    package init() { self.init([], listSize: 0, .json) }

    private init(_ octets: [UInt8], listSize: Int, _ serialization: Serialization) {
        self.octets = octets
        self.serialization = serialization
        list = 0..<listSize
        map = listSize..<octets.count
    }

    /// Takes arguments that are JSON already.
    ///
    /// - Parameters:
    ///   - positional: JSON texts, one per argument.
    ///   - keywords: Names, as they are, and JSON texts.
    /// - Throws: `CodecError` for a text that is no JSON.
    package init(
        positional: [String], keywords: [(key: String, value: String)] = []
    ) throws(CodecError) {
        var buffer = OctetBuffer()
        guard !positional.isEmpty || !keywords.isEmpty else {
            self.init()
            return
        }
        var writer = JSONWriter()
        let array = writer.beginArray(count: positional.count, into: &buffer)
        for text in positional { try writer.append(json: text, into: &buffer) }
        writer.end(array, into: &buffer)
        let listSize = buffer.count
        if !keywords.isEmpty {
            var writer = JSONWriter()
            let members = writer.beginMap(count: keywords.count, into: &buffer)
            for (key, value) in keywords {
                let octets = Array(key.utf8)
                writer.append(key: unsafe octets.span.bytes, into: &buffer)
                try writer.append(json: value, into: &buffer)
            }
            writer.end(members, into: &buffer)
        }
        self.init(buffer.octets.array, listSize: listSize, .json)
    }

    /// Takes arguments that are a JSON list and a JSON map already; either may be missing.
    package init(list: String?, map: String?) throws(CodecError) {
        guard list != nil || map != nil else {
            self.init()
            return
        }
        let octets = Array((list ?? "[]").utf8)
        let members = Array((map ?? "").utf8)
        let item = try JSONReader.document(unsafe octets.span.bytes)
        guard item.kind == .array else { throw .unexpectedKind(at: 0) }
        if map != nil {
            let item = try JSONReader.document(unsafe members.span.bytes)
            guard item.kind == .map else { throw .unexpectedKind(at: 0) }
        }
        self.init(octets + members, listSize: octets.count, .json)
    }

    /// Copies those of a message.
    internal init(_ message: Message, in octets: RawSpan) {
        var copy: [UInt8] = []
        if !message.arguments.isAbsent { copy = message.arguments.encoded(in: octets).array }
        let listSize = copy.count
        if !message.keywords.isAbsent { copy += message.keywords.encoded(in: octets).array }
        self.init(copy, listSize: listSize, message.serialization)
    }

    /// Whether there is neither list nor map.
    package var isEmpty: Bool { octets.isEmpty }

    /// Lends them in the form that messages are written from.
    internal func withPayload<R>(
        _ body: (borrowing Payload) throws(CodecError) -> R
    ) throws(CodecError) -> R {
        let span = unsafe octets.span.bytes
        let payload = Payload(
            octets: span, serialization: serialization, arguments: Extent(list),
            keywords: Extent(map))
        return try body(payload)
    }
}

// MARK: - As JSON

extension Arguments {
    /// The arguments in their order, each as a JSON text.
    package var positional: [String] {
        var texts: [String] = []
        let span = unsafe octets.span.bytes
        Extent(list).forEachItem(in: span, as: serialization) { item in
            texts.append(jsonText(item.encoded(in: span), serialization))
        }
        return texts
    }

    /// The keyword arguments in their order, each name with a JSON text.
    package var keywords: [(key: String, value: String)] {
        guard !map.isEmpty else { return [] }
        var members: [(key: String, value: String)] = []
        let span = unsafe octets.span.bytes.extracting(map)
        switch serialization {
        case .json: collect(JSONReader(span), into: &members)
        case .messagePack: collect(MessagePackReader(span), into: &members)
        case .cbor: collect(CBORReader(span), into: &members)
        }
        return members
    }

    private func collect<Reader: ItemReader & ~Escapable>(
        _ reader: consuming Reader, into members: inout [(key: String, value: String)]
    ) {
        var reader = reader
        guard var map = try? reader.beginMap() else { return }
        while let key = try? reader.nextKey(&map), let value = try? reader.item() {
            var name = OctetBuffer(capacity: key.contents.count)
            _ = reader.append(textOf: key, to: &name)
            let text = jsonText(reader.octets.extracting(value.range), serialization)
            members.append((name.octets.text, text))
        }
    }

    /// The whole list as JSON; `[]` when there is none.
    package var listJSON: String {
        list.isEmpty ? "[]" : jsonText(unsafe octets.span.bytes.extracting(list), serialization)
    }

    /// The whole map as JSON; `{}` when there is none.
    package var mapJSON: String {
        map.isEmpty ? "{}" : jsonText(unsafe octets.span.bytes.extracting(map), serialization)
    }
}

/// The map of options or details of a message.
package struct Details: Sendable, Equatable {
    private let octets: [UInt8]
    private let serialization: Serialization

    package init(_ octets: [UInt8] = [], _ serialization: Serialization = .json) {
        self.octets = octets
        self.serialization = serialization
    }

    internal init(_ message: Message, in octets: RawSpan) {
        self.init(message.details.encoded(in: octets).array, message.serialization)
    }

    private var extent: Extent { Extent(0..<octets.count) }

    private func member(_ key: StaticString) -> Extent {
        extent.member(key, in: unsafe octets.span.bytes, as: serialization)
    }

    /// The value of a member that is a string.
    package func text(_ key: StaticString) -> String? {
        member(key).text(in: unsafe octets.span.bytes, as: serialization).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// The value of a member that is an integer from 0.
    package func number(_ key: StaticString) -> UInt64? {
        member(key).unsigned(in: unsafe octets.span.bytes, as: serialization)
    }

    /// The members of a member that is a map, as far as they are texts, numbers from 0 or null.
    package func map(_ key: StaticString) -> [String: ExtraValue] {
        let extent = member(key)
        guard !extent.isAbsent else { return [:] }
        return Details(Array(octets[extent.range]), serialization).values
    }

    /// The members that are texts, numbers from 0 or null.
    package var values: [String: ExtraValue] {
        let span = unsafe octets.span.bytes
        return switch serialization {
        case .json: collect(JSONReader(span))
        case .messagePack: collect(MessagePackReader(span))
        case .cbor: collect(CBORReader(span))
        }
    }

    private func collect<Reader: ItemReader & ~Escapable>(
        _ reader: consuming Reader
    ) -> [String: ExtraValue] {
        var reader = reader
        var values: [String: ExtraValue] = [:]
        guard reader.isAtMap(), var map = try? reader.beginMap() else { return [:] }
        while let key = try? reader.nextKey(&map), let item = try? reader.item() {
            var name = OctetBuffer(capacity: key.contents.count)
            _ = reader.append(textOf: key, to: &name)
            if item.kind == .string {
                var text = OctetBuffer(capacity: item.contents.count)
                _ = reader.append(textOf: item, to: &text)
                values[name.octets.text] = .text(text.octets.text)
            } else if let number = reader.unsigned(item) {
                values[name.octets.text] = .number(number)
            } else if item.kind == .null {
                values[name.octets.text] = .null
            }
        }
        return values
    }

    /// The whole map as JSON.
    package var json: String {
        octets.isEmpty
            ? "{}" : jsonText(unsafe octets.span.bytes, serialization)
    }
}

/// One value as JSON. It was validated when it came, so nothing can be wrong with it.
private func jsonText(_ value: RawSpan, _ serialization: Serialization) -> String {
    var buffer = OctetBuffer(capacity: value.byteCount)
    guard (try? transcode(value, from: serialization, to: .json, into: &buffer)) != nil else {
        return "null"
    }
    return buffer.octets.text
}

extension JSONWriter {
    /// Appends an item that is JSON already, if it is.
    fileprivate mutating func append(
        json text: String, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        let octets = Array(text.utf8)
        let span = unsafe octets.span.bytes
        let item = try JSONReader.document(span)
        append(encoded: span.extracting(item.range), into: &buffer)
    }
}
