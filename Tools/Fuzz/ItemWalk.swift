// ItemWalk — what the targets of the codecs have in common: a value is gone into, and compared with
// what skipping it says.

import Bytes
import Codecs

/// Checks everything that holds for octets which claim to be a value of a binary serialization.
func check<Reader: ItemReader & ~Escapable>(_ octets: RawSpan, as reader: Reader.Type) {
    var item: Item?
    do throws(CodecError) { item = try Reader.document(octets) } catch { check(error, octets) }
    precondition(isWalked(octets, as: reader) == (item != nil), "skipping and entering disagree")
    guard let item else { return }
    precondition(item.range == 0..<octets.byteCount)
    // Heads say how long a value is, so no beginning of one is a value.
    let cuts = [octets.byteCount - 1, octets.byteCount / 2, item.contents.lowerBound]
    for cut in cuts where cut < octets.byteCount {
        precondition((try? Reader.document(octets.extracting(0..<cut))) == nil)
    }
    for target in Serialization.allCases {
        var buffer = OctetBuffer()
        guard (try? transcode(octets, from: Reader.serialization, to: target, into: &buffer)) != nil
        else { preconditionFailure("a valid value cannot be written otherwise") }
        precondition(isValue(buffer.octets, target))
    }
}

func isValue(_ octets: RawSpan, _ serialization: Serialization) -> Bool {
    switch serialization {
    case .json: UTF8Checker.accepts(octets) && (try? JSONReader.document(octets)) != nil
    case .messagePack: (try? MessagePackReader.document(octets)) != nil
    case .cbor: (try? CBORReader.document(octets)) != nil
    }
}

func check(_ error: CodecError, _ octets: RawSpan) {
    switch error {
    case .malformed(let place), .notText(let place), .keyIsNoString(let place),
        .unexpectedKind(let place):
        precondition(place >= 0 && place <= octets.byteCount)
    case .tooDeep: break
    }
}

/// Whether octets are one value, found out by entering every container.
func isWalked<Reader: ItemReader & ~Escapable>(_ octets: RawSpan, as: Reader.Type) -> Bool {
    var reader = Reader(octets)
    do throws(CodecError) {
        try walk(&reader)
        try reader.end()
        return true
    } catch {
        check(error, octets)
        return false
    }
}

private func walk<Reader: ItemReader & ~Escapable>(_ reader: inout Reader) throws(CodecError) {
    if reader.isAtArray() {
        var array = try reader.beginArray()
        while try reader.next(&array) { try walk(&reader) }
    } else if reader.isAtMap() {
        var map = try reader.beginMap()
        while let key = try reader.nextKey(&map) {
            precondition(key.kind == .string)
            read(key, in: reader)
            try walk(&reader)
        }
    } else {
        let start = reader.position
        let item = try reader.item()
        precondition(item.range.lowerBound >= start && item.range.upperBound == reader.position)
        read(item, in: reader)
    }
}

/// Asks an item for everything it can say.
private func read<Reader: ItemReader & ~Escapable>(_ item: Item, in reader: borrowing Reader) {
    precondition(
        item.contents.lowerBound >= item.range.lowerBound
            && item.contents.upperBound <= item.range.upperBound)
    let unsigned = reader.unsigned(item)
    let integer = reader.integer(item)
    let number = reader.double(item)
    precondition((number != nil) == (item.kind == .integer || item.kind == .float))
    if let unsigned { precondition(item.kind == .integer && number == Double(unsigned)) }
    if let integer {
        precondition(item.kind == .integer && number == Double(integer))
        precondition((unsigned == UInt64(exactly: integer)) || integer < 0)
    }
    _ = reader.isOctetString(item)
    let isName = reader.string(item, equals: "acknowledge")
    guard item.kind == .string else {
        precondition(!isName)
        return
    }
    var text = OctetBuffer()
    _ = reader.append(textOf: item, to: &text)
    precondition(text.octets.equals("acknowledge") == isName)
    precondition(UTF8Checker.accepts(text.octets))
    guard item.isPlain else { return }
    let contents = reader.octets.extracting(item.contents)
    precondition(text.octets.equals(contents))
}
