// Envelope — one call as a set of places in its message (specification §2.1).
//
// A message is scanned once. While the scanner passes the payload, the three members that pub/sub
// methods want are noted, whatever the method turns out to be: it may come behind its payload.
// Of members that occur twice the last one counts, as it does for the reference.

import Bytes
import Codecs

/// A message that is an object, and where its members are.
internal struct Envelope: ~Escapable {
    /// Longest number as a member of the envelope, in octets.
    static let digitLimit = 1024
    /// Members of an envelope.
    static let keyLimit = 1024

    let text: RawSpan
    private(set) var id: JSONItem? = nil
    private(set) var method: JSONItem? = nil
    private(set) var payload: JSONItem? = nil
    /// Members of the payload, if that is an object.
    private(set) var channel: JSONItem? = nil
    private(set) var event: JSONItem? = nil
    private(set) var data: JSONItem? = nil

    /// Scans the whole message: broken JSON behind the last brace is still no JSON.
    @_lifetime(copy text)
    init(scanning text: RawSpan) throws(JSONError) {
        self.text = text
        var scanner = JSONScanner(text)
        var members = try scanner.beginObject(keyLimit: Self.keyLimit)
        while let key = try scanner.nextKey(&members) {
            if scanner.string(key, equals: "id") {
                id = try scanner.value(digitLimit: Self.digitLimit)
            } else if scanner.string(key, equals: "method") {
                method = try scanner.value(digitLimit: Self.digitLimit)
            } else if scanner.string(key, equals: "payload") {
                payload = try scanPayload(&scanner)
            } else {
                _ = try scanner.value(digitLimit: Self.digitLimit)
            }
        }
        try scanner.end()
    }

    private mutating func scanPayload(
        _ scanner: inout JSONScanner
    ) throws(JSONError) -> JSONItem {
        channel = nil
        event = nil
        data = nil
        guard scanner.isAtObject() else { return try scanner.value(digitLimit: Self.digitLimit) }
        let start = scanner.position
        var members = try scanner.beginObject()
        while let key = try scanner.nextKey(&members) {
            let value = try scanner.value()
            if scanner.string(key, equals: "channel") {
                channel = value
            } else if scanner.string(key, equals: "event") {
                event = value
            } else if scanner.string(key, equals: "data") {
                data = value
            }
        }
        return JSONItem(kind: .object, range: start..<scanner.position)
    }

    /// What the table of §2.3 says against the envelope, all of it together.
    var problems: Problems {
        var problems = Problems()
        problems.add("id", ofRequired: id)
        problems.add("method", ofRequired: method)
        if let payload, payload.kind != .object, payload.kind != .null {
            problems.add("payload", "expected an object")
        }
        return problems
    }

    /// The octets of a member as they were sent; none when it is absent.
    @_lifetime(copy self)
    func raw(_ item: JSONItem?) -> RawSpan {
        guard let item else { return text.extracting(0..<0) }
        return text.extracting(item.range)
    }

    /// The text of a name; empty when it is absent or null, `nil` when it is no Unicode text.
    func name(_ item: JSONItem?) -> [UInt8]? {
        guard let item, item.kind == .string else { return [] }
        return item.text(in: text)
    }

    /// The octets of the payload object; `{}` when there is none.
    var payloadObject: [UInt8] {
        guard let payload, payload.kind == .object else { return [0x7B, 0x7D] }
        return raw(payload).array
    }
}
