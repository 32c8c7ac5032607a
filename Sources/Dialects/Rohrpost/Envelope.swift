// Envelope — one message as a set of places in its octets (specification §2).
//
// A message is scanned once. While the scanner passes `data`, the two members that subscriptions
// want are noted, whatever the type turns out to be: it may come behind its data. Of members that
// occur twice the last one counts, as for the reference.

internal import Bytes
internal import Codecs

/// A message that is an object, and where its members are.
internal struct Envelope: ~Escapable {
    /// Longest number as a member of the envelope, in octets.
    static let digitLimit = 1024
    /// Members of an envelope.
    static let keyLimit = 1024

    let text: RawSpan
    private(set) var id: JSONItem? = nil
    private(set) var type: JSONItem? = nil
    private(set) var data: JSONItem? = nil
    private(set) var token: JSONItem? = nil
    /// Members of the data, if that is an object.
    private(set) var groupType: JSONItem? = nil
    private(set) var groupID: JSONItem? = nil

    /// Scans the whole message: broken JSON behind the last brace is still no JSON.
    @_lifetime(copy text)
    init(scanning text: RawSpan) throws(JSONError) {
        self.text = text
        var scanner = JSONScanner(text)
        var members = try scanner.beginObject(keyLimit: Self.keyLimit)
        while let key = try scanner.nextKey(&members) {
            if scanner.string(key, equals: "id") {
                id = try scanner.value(digitLimit: Self.digitLimit)
            } else if scanner.string(key, equals: "type") {
                type = try scanner.value(digitLimit: Self.digitLimit)
            } else if scanner.string(key, equals: "data") {
                data = try scanData(&scanner)
            } else if scanner.string(key, equals: "auth_jwt") {
                token = try scanner.value(digitLimit: Self.digitLimit)
            } else {
                _ = try scanner.value(digitLimit: Self.digitLimit)
            }
        }
        try scanner.end()
    }

    private mutating func scanData(_ scanner: inout JSONScanner) throws(JSONError) -> JSONItem {
        groupType = nil
        groupID = nil
        guard scanner.isAtObject() else { return try scanner.value(digitLimit: Self.digitLimit) }
        let start = scanner.position
        var members = try scanner.beginObject()
        while let key = try scanner.nextKey(&members) {
            let value = try scanner.value()
            if scanner.string(key, equals: "type") {
                groupType = value
            } else if scanner.string(key, equals: "id") {
                groupID = value
            }
        }
        return JSONItem(kind: .object, range: start..<scanner.position)
    }

    /// The octets of a member as they were sent; none when it is absent.
    @_lifetime(copy self)
    func raw(_ item: JSONItem?) -> RawSpan {
        guard let item else { return text.extracting(0..<0) }
        return text.extracting(item.range)
    }

    /// The text of a string; `nil` for what is none, and for one that is no Unicode text.
    func string(_ item: JSONItem?) -> [UInt8]? { item?.text(in: text) }
}
