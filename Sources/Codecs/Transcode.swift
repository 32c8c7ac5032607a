// Transcode — a value from one serialization into another, by the table of the WAMP reference §1.2.
//
//     JSON                      MessagePack      CBOR
//     null, true, false         nil, true, false 22, 21, 20 of major type 7
//     number without . and e    shortest int     major types 0 and 1, beyond 64 bits tags 2 and 3
//     number with . or e        float64          float64
//     string                    str              major type 3
//     U+0000 and base 64        bin              major type 2
//     array, object             array, map       major types 4 and 5
//
// Where the table says nothing:
// - NaN and the infinities become `null` in JSON; a JSON number beyond float64 becomes infinite.
// - An integer that MessagePack cannot hold becomes the nearest float64, as in most JSON readers.
//   One of more than 1024 bits is larger than every float64 and is treated as infinite everywhere.
// - `-0` is an integer, hence 0; `-0.0` stays what it is.
// - CBOR's undefined and unassigned simple values become null; a tag is left out and what it stands
//   in front of stays (tags 2 and 3 in front of octets are integers).
// - A MessagePack extension becomes the octet string of its data, but a timestamp (type -1) the
//   number of seconds since 1970, an integer if there are no nanoseconds.
// - A string that begins with U+0000 and goes on as base 64 cannot be told from octets in JSON.
// - Half of a surrogate pair in JSON becomes U+FFFD.
// - Keys are strings and stay strings, U+0000 or not; keys that occur twice stay twice.

package import Bytes

/// Appends `value`, written in `source`, as it is written in `target`.
///
/// The value is validated; between equal serializations it is copied without the white space
/// around it.
///
/// - Parameter value: One value and nothing else, of less than 4 GiB: MessagePack has no larger
///   strings, and limits of messages are far below. JSON must be known to be UTF-8.
/// - Throws: ``CodecError``; `buffer` is then as before.
/// - Complexity: O(octets). Containers without an announced size (JSON's, some of CBOR's) with more
///   than 15 items are moved by 2 octets or more when they end, at most once per level of 64.
///   Recurses once per level. Allocates for strings with escapes or in chunks, and for floats
///   into and out of JSON that need many digits.
package func transcode(
    _ value: RawSpan, from source: Serialization, to target: Serialization,
    into buffer: inout OctetBuffer
) throws(CodecError) {
    precondition(value.byteCount <= 0xFFFF_FFFF)
    let before = buffer.count
    do throws(CodecError) {
        switch source {
        case .json: try transcode(JSONReader(value), to: target, into: &buffer)
        case .messagePack: try transcode(MessagePackReader(value), to: target, into: &buffer)
        case .cbor: try transcode(CBORReader(value), to: target, into: &buffer)
        }
    } catch {
        buffer.truncate(to: before)
        throw error
    }
}

extension ItemWriter {
    /// Appends one item, written in `source`; see ``transcode(_:from:to:into:)``.
    ///
    /// - Throws: ``CodecError``; what was begun with this writer is then to be given up.
    package mutating func append(
        transcoding item: RawSpan, from source: Serialization, into buffer: inout OctetBuffer
    ) throws(CodecError) {
        prepareItem(into: &buffer)
        try transcode(item, from: source, to: Self.serialization, into: &buffer)
    }
}

private func transcode<Reader: TranscodableReader & ~Escapable>(
    _ reader: consuming Reader, to target: Serialization, into buffer: inout OctetBuffer
) throws(CodecError) {
    var reader = reader
    if target == Reader.serialization {
        let item = try reader.item()
        try reader.end()
        buffer.append(reader.octets.extracting(item.range))
        return
    }
    // Holds one string whose escapes or chunks are resolved; allocates with the first of them.
    var scratch = OctetBuffer(capacity: 0)
    switch target {
    case .json:
        var writer = JSONWriter()
        try copyValue(from: &reader, to: &writer, &scratch, &buffer)
    case .messagePack:
        var writer = MessagePackWriter()
        try copyValue(from: &reader, to: &writer, &scratch, &buffer)
    case .cbor:
        var writer = CBORWriter()
        try copyValue(from: &reader, to: &writer, &scratch, &buffer)
    }
    try reader.end()
}

/// A reader whose scalar items can be written in any serialization.
internal protocol TranscodableReader: ItemReader, ~Escapable {
    /// Appends what a scalar item that is neither a plain string nor one of the simple values says.
    func append<Writer: ItemWriter>(
        _ item: Item, to writer: inout Writer, scratch: inout OctetBuffer,
        into buffer: inout OctetBuffer)
}

/// Copies the value that begins here. The reader's depth limit bounds the recursion.
private func copyValue<Reader: TranscodableReader & ~Escapable, Writer: ItemWriter>(
    from reader: inout Reader, to writer: inout Writer, _ scratch: inout OctetBuffer,
    _ buffer: inout OctetBuffer
) throws(CodecError) {
    if reader.isAtArray() {
        var array = try reader.beginArray()
        let opening = writer.beginArray(count: array.announcedCount, into: &buffer)
        while try reader.next(&array) {
            try copyValue(from: &reader, to: &writer, &scratch, &buffer)
        }
        writer.end(opening, into: &buffer)
    } else if reader.isAtMap() {
        var map = try reader.beginMap()
        let opening = writer.beginMap(count: map.announcedCount, into: &buffer)
        while let key = try reader.nextKey(&map) {
            if key.isPlain {
                writer.append(key: reader.octets.extracting(key.contents), into: &buffer)
            } else {
                scratch.removeAll()
                _ = reader.append(textOf: key, to: &scratch)
                writer.append(key: scratch.octets, into: &buffer)
            }
            try copyValue(from: &reader, to: &writer, &scratch, &buffer)
        }
        writer.end(opening, into: &buffer)
    } else {
        let item = try reader.item()
        switch item.kind {
        case .null: writer.appendNull(into: &buffer)
        case .false: writer.append(bool: false, into: &buffer)
        case .true: writer.append(bool: true, into: &buffer)
        case .string where item.isPlain:
            writer.append(string: reader.octets.extracting(item.contents), into: &buffer)
        default: reader.append(item, to: &writer, scratch: &scratch, into: &buffer)
        }
    }
}
