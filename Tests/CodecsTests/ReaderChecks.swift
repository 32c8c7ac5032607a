// ReaderChecks — what every reader must do, as functions that are generic like their callers.

import Bytes
import Codecs
import Testing

/// The item that a document is, or why it is none.
func scan(_ octets: [UInt8], _ serialization: Serialization) throws(CodecError) -> Item {
    switch serialization {
    case .json: try JSONReader.document(unsafe octets.span.bytes)
    case .messagePack: try MessagePackReader.document(unsafe octets.span.bytes)
    case .cbor: try CBORReader.document(unsafe octets.span.bytes)
    }
}

func error(of octets: [UInt8], _ serialization: Serialization) -> CodecError? {
    do throws(CodecError) {
        _ = try scan(octets, serialization)
        return nil
    } catch {
        return error
    }
}

/// The value of a document, found by going into everything instead of skipping it.
func walk(_ octets: [UInt8], _ serialization: Serialization) -> Value? {
    switch serialization {
    case .json: try? walk(JSONReader(unsafe octets.span.bytes))
    case .messagePack: try? walk(MessagePackReader(unsafe octets.span.bytes))
    case .cbor: try? walk(CBORReader(unsafe octets.span.bytes))
    }
}

private func walk<Reader: ItemReader & ~Escapable>(
    _ reader: consuming Reader
) throws(CodecError) -> Value {
    var reader = reader
    let value = try step(&reader)
    try reader.end()
    return value
}

/// Integers beyond 64 bits, tags and extensions are not told apart: the transcoder's tests are.
private func step<Reader: ItemReader & ~Escapable>(
    _ reader: inout Reader
) throws(CodecError) -> Value {
    if reader.isAtArray() {
        var items: [Value] = []
        var array = try reader.beginArray()
        while try reader.next(&array) { items.append(try step(&reader)) }
        return .array(items)
    }
    if reader.isAtMap() {
        var members: [Value.Member] = []
        var map = try reader.beginMap()
        while let key = try reader.nextKey(&map) {
            let text = text(of: key, in: reader)
            members.append(Value.Member(key: text, value: try step(&reader)))
        }
        return .map(members)
    }
    let item = try reader.item()
    switch item.kind {
    case .null: return .null
    case .false: return .bool(false)
    case .true: return .bool(true)
    case .integer:
        if let value = reader.unsigned(item) { return .integer(String(value)) }
        if let value = reader.integer(item) { return .integer(String(value)) }
        return .integer("wide")
    case .float: return .float(reader.double(item)!)
    case .string: return .string(text(of: item, in: reader))
    case .octets:
        return .octets(reader.octets.extracting(item.contents).array)
    case .array, .map: preconditionFailure("a container was not seen as one")
    }
}

func text<Reader: ItemReader & ~Escapable>(of item: Item, in reader: borrowing Reader) -> String {
    var text = OctetBuffer()
    _ = reader.append(textOf: item, to: &text)
    if item.isPlain {
        #expect(reader.octets.extracting(item.contents).array == text.octets.array)
    }
    return text.octets.text
}

/// Inputs derived from others by cutting, joining and changing octets.
func mutations(
    of inputs: [[UInt8]], pieces: [UInt8], seeds: ClosedRange<UInt64>,
    _ check: ([UInt8], UInt64) -> Void
) {
    for seed in seeds {
        var random = SplitMix64(seed: seed)
        var octets = inputs.randomElement(using: &random)!
        let other = inputs.randomElement(using: &random)!
        octets.insert(contentsOf: other, at: Int.random(in: 0...octets.count, using: &random))
        for _ in 0..<20 {
            let place = Int.random(in: 0...octets.count, using: &random)
            let piece = pieces.randomElement(using: &random)!
            switch UInt8.random(in: 0..<3, using: &random) {
            case 0: octets.insert(piece, at: place)
            case 1 where place < octets.count: octets[place] = piece
            case 2 where place < octets.count: octets.remove(at: place)
            default: break
            }
            check(octets, seed)
        }
    }
}
