// Extent — where an encoded value lies in a message, in eight octets.
//
// A message that was decoded is mostly places in its octets: options, arguments and keywords are
// validated, delimited and left alone. What such a place says is read when somebody asks, in the
// serialization the octets came in. Absent is a size of zero, since no value takes no octets.

internal import Bytes

/// The place of one encoded value, or of none.
package struct Extent: Equatable, Sendable {
    /// Octets in front of it.
    package let start: UInt32
    /// Octets of the value; 0 when there is none.
    package let size: UInt32

    /// No value.
    package static var absent: Extent { Extent(start: 0, size: 0) }

    /// The largest place, so that all of them fit 32 bits.
    package static var placeLimit: Int { 0x7FFF_FFFF }

    package init(start: UInt32, size: UInt32) {
        self.start = start
        self.size = size
    }

    /// Notes a place, which lies below ``placeLimit``.
    package init(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= Self.placeLimit)
        start = UInt32(truncatingIfNeeded: range.lowerBound)
        size = UInt32(truncatingIfNeeded: range.count)
    }

    package var isAbsent: Bool { size == 0 }

    /// The place as a range of the message.
    package var range: Range<Int> { Int(start)..<Int(start) + Int(size) }

    /// The encoded value; `octets` are those of the message. Empty when absent.
    @_lifetime(copy octets)
    package func encoded(in octets: RawSpan) -> RawSpan { octets.extracting(range) }
}

// MARK: - What the value says

extension Extent {
    /// The text of a string; `nil` for every other kind, and for half a surrogate pair in JSON,
    /// which must not be repaired into another name.
    package func text(in octets: RawSpan, as serialization: Serialization) -> [UInt8]? {
        guard !isAbsent else { return nil }
        let value = encoded(in: octets)
        return switch serialization {
        case .json: soleText(JSONReader(value))
        case .messagePack: soleText(MessagePackReader(value))
        case .cbor: soleText(CBORReader(value))
        }
    }

    /// The value of an integer that is not negative; `nil` for everything else.
    package func unsigned(in octets: RawSpan, as serialization: Serialization) -> UInt64? {
        guard !isAbsent else { return nil }
        let value = encoded(in: octets)
        return switch serialization {
        case .json: soleUnsigned(JSONReader(value))
        case .messagePack: soleUnsigned(MessagePackReader(value))
        case .cbor: soleUnsigned(CBORReader(value))
        }
    }

    /// The value of a boolean; `nil` for everything else.
    package func bool(in octets: RawSpan, as serialization: Serialization) -> Bool? {
        switch kind(in: octets, as: serialization) {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// What kind of value it is; `nil` when there is none.
    package func kind(in octets: RawSpan, as serialization: Serialization) -> ItemKind? {
        guard !isAbsent else { return nil }
        let value = encoded(in: octets)
        return switch serialization {
        case .json: try? JSONReader.document(value).kind
        case .messagePack: try? MessagePackReader.document(value).kind
        case .cbor: try? CBORReader.document(value).kind
        }
    }

    /// The value of member `key` of a map; absent when it is no map or has no such member. Of
    /// members that occur twice the last one counts.
    package func member(
        _ key: StaticString, in octets: RawSpan, as serialization: Serialization
    ) -> Extent {
        guard !isAbsent else { return .absent }
        let value = encoded(in: octets)
        let found: Range<Int>? =
            switch serialization {
            case .json: memberRange(key, JSONReader(value))
            case .messagePack: memberRange(key, MessagePackReader(value))
            case .cbor: memberRange(key, CBORReader(value))
            }
        guard let found else { return .absent }
        return Extent(start: start &+ UInt32(found.lowerBound), size: UInt32(found.count))
    }

    /// Lends the places of the items of a list, one after the other; of anything else its own, as
    /// very old clients write a list of one (reference §16).
    ///
    /// - Parameter limit: Items behind so many are not looked at.
    package func forEachItem(
        in octets: RawSpan, as serialization: Serialization, atMost limit: Int = .max,
        _ body: (Extent) -> Void
    ) {
        guard !isAbsent else { return }
        let value = encoded(in: octets)
        let start = start
        func shift(_ range: Range<Int>) {
            body(Extent(start: start &+ UInt32(range.lowerBound), size: UInt32(range.count)))
        }
        switch serialization {
        case .json: walk(JSONReader(value), atMost: limit, shift)
        case .messagePack: walk(MessagePackReader(value), atMost: limit, shift)
        case .cbor: walk(CBORReader(value), atMost: limit, shift)
        }
    }

    /// Lends the members of a map, one after the other; nothing of anything else. Keys with half a
    /// surrogate pair are left out.
    ///
    /// - Parameter limit: Members behind so many are not looked at.
    package func forEachMember(
        in octets: RawSpan, as serialization: Serialization, atMost limit: Int = .max,
        _ body: (_ key: String, _ value: Extent) -> Void
    ) {
        guard !isAbsent else { return }
        let value = encoded(in: octets)
        let start = start
        func shift(_ key: [UInt8], _ range: Range<Int>) {
            body(
                String(decoding: key, as: UTF8.self),
                Extent(start: start &+ UInt32(range.lowerBound), size: UInt32(range.count)))
        }
        switch serialization {
        case .json: walkMembers(JSONReader(value), atMost: limit, shift)
        case .messagePack: walkMembers(MessagePackReader(value), atMost: limit, shift)
        case .cbor: walkMembers(CBORReader(value), atMost: limit, shift)
        }
    }

    /// The ids in a list; those that are no integers or negative match nobody and are left out.
    ///
    /// - Parameter limit: Items behind so many are not looked at.
    package func ids(
        in octets: RawSpan, as serialization: Serialization, atMost limit: Int = .max
    ) -> [UInt64] {
        var ids: [UInt64] = []
        forEachItem(in: octets, as: serialization, atMost: limit) { item in
            if let id = item.unsigned(in: octets, as: serialization) { ids.append(id) }
        }
        return ids
    }

    /// The texts in a list; what is no text is left out.
    ///
    /// - Parameter limit: Items behind so many are not looked at.
    package func texts(
        in octets: RawSpan, as serialization: Serialization, atMost limit: Int = .max
    ) -> [[UInt8]] {
        var texts: [[UInt8]] = []
        forEachItem(in: octets, as: serialization, atMost: limit) { item in
            if let text = item.text(in: octets, as: serialization) { texts.append(text) }
        }
        return texts
    }
}

private func soleText<Reader: ItemReader & ~Escapable>(_ reader: consuming Reader) -> [UInt8]? {
    var reader = reader
    guard let item = try? reader.item(), item.kind == .string else { return nil }
    if item.isPlain { return reader.octets.extracting(item.contents).array }
    var text = OctetBuffer(capacity: item.contents.count)
    return reader.append(textOf: item, to: &text) ? text.octets.array : nil
}

private func soleUnsigned<Reader: ItemReader & ~Escapable>(
    _ reader: consuming Reader
) -> UInt64? {
    var reader = reader
    guard let item = try? reader.item() else { return nil }
    return reader.unsigned(item)
}

private func memberRange<Reader: ItemReader & ~Escapable>(
    _ key: StaticString, _ reader: consuming Reader
) -> Range<Int>? {
    var reader = reader
    var found: Range<Int>?
    guard reader.isAtMap(), var map = try? reader.beginMap() else { return nil }
    while let name = try? reader.nextKey(&map) {
        guard let value = try? reader.item() else { return nil }
        if reader.string(name, equals: key) { found = value.range }
    }
    return found
}

private func walk<Reader: ItemReader & ~Escapable>(
    _ reader: consuming Reader, atMost limit: Int, _ body: (Range<Int>) -> Void
) {
    var reader = reader
    guard reader.isAtArray() else {
        if let item = try? reader.item() { body(item.range) }
        return
    }
    guard var list = try? reader.beginArray() else { return }
    var rest = limit
    while rest > 0, (try? reader.next(&list)) == true {
        guard let item = try? reader.item() else { return }
        body(item.range)
        rest -= 1
    }
}

private func walkMembers<Reader: ItemReader & ~Escapable>(
    _ reader: consuming Reader, atMost limit: Int, _ body: ([UInt8], Range<Int>) -> Void
) {
    var reader = reader
    guard reader.isAtMap(), var map = try? reader.beginMap() else { return }
    var rest = limit
    while rest > 0, let key = try? reader.nextKey(&map) {
        var text = OctetBuffer(capacity: key.contents.count)
        let isText = reader.append(textOf: key, to: &text)
        guard let value = try? reader.item() else { return }
        if isText { body(text.octets.array, value.range) }
        rest -= 1
    }
}
