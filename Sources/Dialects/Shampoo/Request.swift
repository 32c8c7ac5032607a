// Request — one message as a set of places (specification §2.1), and what is wrong with it (§3).
//
// Scanned once. Nothing but the places of the four members is kept; what else there is, is ignored.
// Of members that occur twice the last one counts.

import Bytes
import Codecs

/// A message that is an object, and where its members are.
internal struct Request: ~Escapable {
    /// Members of a request; scanning costs time and nothing else, so this is generous.
    static let keyLimit = 1024

    let text: RawSpan
    private(set) var type: JSONItem? = nil
    private(set) var method: JSONItem? = nil
    private(set) var requestData: JSONItem? = nil
    /// Of any size (§2.1): it goes back as the digits it is.
    private(set) var requestID: JSONItem? = nil

    /// Scans the whole message: broken JSON behind the last brace is still no JSON.
    @_lifetime(copy text)
    init(scanning text: RawSpan) throws(JSONError) {
        self.text = text
        var scanner = JSONScanner(text)
        var members = try scanner.beginObject(keyLimit: Self.keyLimit)
        while let key = try scanner.nextKey(&members) {
            let value = try scanner.value()
            if scanner.string(key, equals: "request_data") {
                requestData = value
            } else if scanner.string(key, equals: "request_id") {
                requestID = value
            } else if scanner.string(key, equals: "method") {
                method = value
            } else if scanner.string(key, equals: "type") {
                type = value
            }
        }
        try scanner.end()
    }

    /// The first violation in the order of §3; `nil` for a request.
    ///
    /// - Parameter isStrict: Whether `type` must be there (§2.2).
    func violation(isStrict: Bool) -> Violation? {
        if let type {
            guard type.kind == .string else { return .kind(type, "string") }
            guard saysRequest(type) else { return .pattern(type) }
        }
        if let method, method.kind != .string { return .kind(method, "string") }
        if let requestData, requestData.kind != .object { return .kind(requestData, "object") }
        if let requestID {
            guard requestID.kind == .integer else { return .kind(requestID, "integer") }
            guard !isNegative(requestID) else { return .minimum(requestID) }
        }
        if isStrict, type == nil { return .missing("type") }
        if method == nil { return .missing("method") }
        if requestData == nil { return .missing("request_data") }
        if requestID == nil { return .missing("request_id") }
        return nil
    }

    /// The octets of a member as they were sent.
    @_lifetime(copy self)
    func raw(_ item: JSONItem) -> RawSpan { text.extracting(item.range) }

    /// The text of a string. Half of a surrogate pair becomes U+FFFD; no name of ours has one.
    func name(_ item: JSONItem) -> [UInt8] { item.repairedText(in: text) }

    /// The schema's pattern is searched for, not compared (§2.1): `xrequesty` passes.
    private func saysRequest(_ item: JSONItem) -> Bool {
        let contents = text.extracting(item.contents)
        if contents.equals("request") { return true }
        let name = name(item)
        let text = unsafe name.span.bytes
        // A megabyte has many places, but few of them begin right: those are looked for as fast as
        // octets can be, and each is looked at for one word.
        var start = 0
        while let place = text.firstIndex(of: 0x72, from: start) {  // r
            if text.holds("request", at: place) { return true }
            start = place + 1
        }
        return false
    }

    /// There is no integer -0.
    private func isNegative(_ item: JSONItem) -> Bool {
        let digits = raw(item)
        return digits[octet: 0] == 0x2D && !digits.equals("-0")
    }
}
