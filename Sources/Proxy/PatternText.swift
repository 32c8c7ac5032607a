// PatternText — patterns in questions and answers: typed objects, never special characters.
//
// `"a.b"` is one room. `{"match":"prefix","room":"a.b."}` and `{"match":"wildcard","room":"a..c"}`
// are WAMP's, an empty segment being any one; `{"match":"exact","room":"a.b"}` says the same as the
// plain string. In questions there is a fourth, for the events of openapi-ws:
// `{"match":"glob","room":"a.b","event":"on*"}`, the rooms one segment below. Names are in the text
// form of rooms (Room+Text.swift), as in `/api/publish`.

internal import Bytes
internal import Codecs
internal import Rooms

extension AnswerText {
    /// Reads a pattern of an answer.
    static func pattern(
        _ item: JSONItem, in text: RawSpan, called name: String
    ) throws(AnswerFault) -> Pattern {
        if item.kind == .string { return .exact(try room(item, in: text, called: name)) }
        var match: String?
        var names: String?
        for member in try members(of: item, in: text, called: name) {
            switch member.name {
            case "match": match = try string(member.value, in: text, called: "match")
            case "room": names = try string(member.value, in: text, called: "room")
            default: throw AnswerFault("\(name) has the unknown member \"\(member.name)\"")
            }
        }
        guard let match, let names else { throw AnswerFault("\(name) wants match and room") }
        guard let room = try? Room(text: names) else {
            throw AnswerFault("\(name) is no pattern: \"\(names)\"")
        }
        switch match {
        case "exact" where !names.isEmpty: return .exact(room)
        case "prefix":
            var dotted = OctetBuffer(capacity: room.dottedSize)
            room.appendDotted(to: &dotted)
            return .prefix(dotted.octets.array)
        case "wildcard" where !names.isEmpty:
            return .wildcard(
                (0..<room.segmentCount).map { index in
                    let segment = room[segment: index]
                    return segment.isEmpty ? nil : Array(segment)
                })
        default: throw AnswerFault("\(name) is no pattern: \"\(match)\" of \"\(names)\"")
        }
    }
}

extension OctetBuffer {
    /// Writes the member of a question that says what a subscription is to: `"room"` or
    /// `"pattern"`.
    ///
    /// - Returns: `false` for a pattern that cannot be said; no room can match most of those.
    mutating func append(subscription pattern: Pattern) -> Bool {
        switch pattern {
        case .exact(let room):
            append(#""room":"# as StaticString)
            append(jsonString: room.text)
        case .prefix(let prefix):
            guard let room = unsafe try? Room(dotted: prefix.span.bytes) else { return false }
            append(#""pattern":{"match":"prefix","room":"# as StaticString)
            append(jsonString: room.text)
            append(0x7D)
        case .wildcard(let components):
            var room = Room()
            for component in components {
                // A segment that must be empty would read as one that may be anything.
                guard component?.isEmpty != true else { return false }
                let segment = component ?? []
                guard unsafe (try? room.append(segment.span.bytes)) != nil else { return false }
            }
            append(#""pattern":{"match":"wildcard","room":"# as StaticString)
            append(jsonString: room.text)
            append(0x7D)
        case .glob(let parent, let glob):
            append(#""pattern":{"match":"glob","room":"# as StaticString)
            append(jsonString: parent.text)
            append(#","event":"# as StaticString)
            append(jsonString: glob.text.text)
            append(0x7D)
        }
        return true
    }
}

extension [UInt8] {
    fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}
