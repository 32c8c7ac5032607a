// AnswerText — the JSON of an answer, taken apart as far as anybody needs to know.
//
// A back end can be wrong like any peer. Its text is checked as a whole first, so that no part of a
// broken one has an effect; what is found in it afterwards are places, and values stay octets.

internal import Bytes
internal import Codecs
internal import Rooms

/// What a back end can get wrong in an answer. The sentence is for those who wrote it.
struct AnswerFault: Error, Equatable {
    let sentence: String

    init(_ sentence: String) { self.sentence = sentence }
}

/// One member of an object, by its place in the text.
struct AnswerMember {
    let name: String
    let value: JSONItem
}

enum AnswerText {
    /// Members of an object; more than any has.
    private static let memberLimit = 64

    /// Validates a body and gives the members of the object that it is.
    static func members(ofBody body: RawSpan) throws(AnswerFault) -> [AnswerMember] {
        guard UTF8Checker.accepts(body) else { throw AnswerFault("the answer is not UTF-8") }
        guard let document = try? JSONScanner.document(body) else {
            throw AnswerFault("the answer is not JSON")
        }
        return try members(of: document, in: body, called: "the answer")
    }

    /// The members of an object within a valid text, in their order. Of two with one name, the
    /// later one counts everywhere (RFC 8259 §4 leaves it open; JavaScript and Python agree).
    static func members(
        of item: JSONItem, in text: RawSpan, called name: String
    ) throws(AnswerFault) -> [AnswerMember] {
        guard item.kind == .object else { throw AnswerFault("\(name) is not an object") }
        let start = item.range.lowerBound
        var scanner = JSONScanner(text.extracting(item.range))
        var found: [AnswerMember] = []
        do {
            var members = try scanner.beginObject(keyLimit: memberLimit)
            while let key = try scanner.nextKey(&members) {
                let value = try scanner.value()
                found.append(
                    AnswerMember(
                        name: try string(key.moved(by: start), in: text, called: "a name"),
                        value: value.moved(by: start)))
            }
        } catch let fault as AnswerFault {
            throw fault
        } catch {
            throw AnswerFault("\(name) has more than \(memberLimit) members")
        }
        return found
    }

    /// The elements of a list within a valid text.
    static func elements(
        of item: JSONItem, in text: RawSpan, limit: Int, called name: String
    ) throws(AnswerFault) -> [JSONItem] {
        guard item.kind == .array else { throw AnswerFault("\(name) is not a list") }
        let start = item.range.lowerBound
        var reader = JSONReader(text.extracting(item.range))
        var found: [JSONItem] = []
        do {
            var items = try reader.beginArray()
            while try reader.next(&items) {
                guard found.count < limit else {
                    throw AnswerFault("\(name) has more than \(limit) elements")
                }
                let range = try reader.item().range
                let place = start + range.lowerBound..<start + range.upperBound
                let value = try JSONScanner.document(text.extracting(place))
                found.append(value.moved(by: place.lowerBound))
            }
        } catch let fault as AnswerFault {
            throw fault
        } catch {
            throw AnswerFault("\(name) is not a list")
        }
        return found
    }

    /// The text that a string is.
    static func string(
        _ item: JSONItem, in text: RawSpan, called name: String
    ) throws(AnswerFault) -> String {
        guard item.kind == .string else { throw AnswerFault("\(name) is not a string") }
        guard let text = item.text(in: text) else {
            throw AnswerFault("\(name) holds half of a surrogate pair")
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The room that a string names, in the text form of rooms.
    static func room(
        _ item: JSONItem, in text: RawSpan, called name: String
    ) throws(AnswerFault) -> Room {
        let text = try string(item, in: text, called: name)
        guard !text.isEmpty, let room = try? Room(text: text) else {
            throw AnswerFault("\(name) is no room: \"\(text)\"")
        }
        return room
    }
}

extension JSONItem {
    /// The same item in a text that begins so many octets earlier.
    fileprivate func moved(by offset: Int) -> JSONItem {
        JSONItem(
            kind: kind, hasEscapes: hasEscapes,
            range: range.lowerBound + offset..<range.upperBound + offset)
    }
}
