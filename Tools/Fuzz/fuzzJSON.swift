// fuzzJSON — the scanner takes a text whole or not at all, and strings survive being rewritten.

import Bytes
import Codecs

func fuzzJSON(_ bytes: UnsafeRawBufferPointer) {
    let text = unsafe bytes.bytes
    let item = try? JSONScanner.document(text)
    precondition(isWalked(text) == (item?.kind == .object))
    guard let item else { return }

    // What was delimited stands for itself, and a container or string less its end is nothing.
    let value = text.extracting(item.range)
    let again = try? JSONScanner.document(value)
    precondition(again?.kind == item.kind)
    precondition(again?.range == 0..<value.byteCount)
    switch item.kind {
    case .array, .object, .string:
        let cut = value.extracting(0..<value.byteCount - 1)
        precondition((try? JSONScanner.document(cut)) == nil)
    default: break
    }
    if item.kind == .string { rewrite(text.extracting(item.contents)) }
}

/// Whether the text is an object, found out by going through its members instead of skipping it.
private func isWalked(_ text: RawSpan) -> Bool {
    var scanner = JSONScanner(text)
    do throws(JSONError) {
        var members = try scanner.beginObject()
        var previousEnd = 0
        while let key = try scanner.nextKey(&members) {
            precondition(key.kind == .string)
            precondition(key.range.lowerBound > previousEnd)
            let value = try scanner.value()
            precondition(value.range.lowerBound > key.range.upperBound)
            previousEnd = value.range.upperBound - 1
            rewrite(text.extracting(key.contents))
        }
        try scanner.end()
        return true
    } catch {
        if case .malformed(let place) = error { precondition(place <= text.byteCount) }
        return false
    }
}

/// Reads a string, writes it, reads it again: both readings are the same.
private func rewrite(_ contents: RawSpan) {
    var plain = OctetBuffer()
    _ = plain.append(unescaping: contents)
    var json = OctetBuffer()
    json.append(jsonString: plain.octets)
    guard let item = try? JSONScanner.document(json.octets), item.kind == .string else {
        preconditionFailure("what the writer wrote is no JSON")
    }
    var again = OctetBuffer()
    let isText = again.append(unescaping: json.octets.extracting(item.contents))
    precondition(isText)
    precondition(again.octets.equals(plain.octets))
}
