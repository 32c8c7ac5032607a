// Envelope — one request as a set of places in its message (specification §3).
//
// A message is scanned once, whatever it asks for. Of members that occur twice the last one counts,
// as it does for the reference.

import Bytes
import Codecs

/// A message that is an object, and where its members are.
internal struct Envelope: ~Escapable {
    /// Longest number as a member, in octets.
    static let digitLimit = 1024
    /// Members of a message.
    static let keyLimit = 1024

    let text: RawSpan
    private(set) var type: JSONItem? = nil
    private(set) var room: JSONItem? = nil
    private(set) var requestID: JSONItem? = nil

    /// Scans the whole message: broken JSON behind the last brace is still no JSON.
    @_lifetime(copy text)
    init(scanning text: RawSpan) throws(JSONError) {
        self.text = text
        var scanner = JSONScanner(text)
        var members = try scanner.beginObject(keyLimit: Self.keyLimit)
        while let key = try scanner.nextKey(&members) {
            let value = try scanner.value(digitLimit: Self.digitLimit)
            if scanner.string(key, equals: "type") {
                type = value
            } else if scanner.string(key, equals: "room") {
                room = value
            } else if scanner.string(key, equals: "requestId") {
                requestID = value
            }
        }
        try scanner.end()
    }

    /// What a client can ask for.
    enum Request { case subscribe, unsubscribe, status }

    /// The request its `type` names; `nil` for any other scalar, and when there is none.
    var request: Request? {
        guard let type, type.kind == .string else { return nil }
        let scanner = JSONScanner(text)
        if scanner.string(type, equals: "subscribe") { return .subscribe }
        if scanner.string(type, equals: "unsubscribe") { return .unsubscribe }
        if scanner.string(type, equals: "status") { return .status }
        return nil
    }

    /// The octets of a member as they were sent.
    @_lifetime(copy self)
    func raw(_ item: JSONItem) -> RawSpan { text.extracting(item.range) }
}

extension JSONItem {
    /// Whether it is an array or an object.
    internal var isComposite: Bool { kind == .array || kind == .object }
}
