// ModelChange — a record was created, updated or deleted (specification §5.3).
//
//     {"class": "Collection", "pk": 52, "change": "update"
//      [, "group": "…", "object": …, "updated_fields": ["name"], "always_send": true, "realm": "…"]}
//
// What a back end reports instead of ready messages. From it come the group, the object and the
// publication, or the knowledge that nobody has to be told. It is published as `{"type","object"}`,
// which every dialect understands and rohrpost's clients get as a notification (One-Hub.md).

internal import Bytes
internal import Codecs
package import DialectKit
package import Rooms

package struct ModelChange: Sendable {
    /// Where it is announced.
    package let room: Room
    package let change: Change
    /// A JSON value: what the back end gave, or `{"id":<pk>}`, with the updated fields inside.
    package let object: [UInt8]
    /// Whether nothing is to be sent: an update of fields that its object does not show.
    package let isSuppressed: Bool
    /// The realm that was named.
    package let realm: String?

    /// Parses a report.
    ///
    /// - Parameters:
    ///   - body: Octets as they came, UTF-8 or not.
    ///   - template: The group of those that do not say theirs, with `{class}` and `{pk}`.
    package init(
        parsing body: RawSpan, template: NameTemplate = .model
    ) throws(ReportProblem) {
        let report = try Report(
            parsing: body,
            names: [
                "class", "pk", "change", "group", "object", "updated_fields", "always_send",
                "realm",
            ])
        guard let name = try report.string("class") else { throw .missing("class") }
        let key = try Self.primaryKey(report)
        change = try Self.change(report)
        let group = try report.string("group")
        realm = try report.string("realm").map { String(decoding: $0, as: UTF8.self) }
        room = try Self.room(group, template, name, key.text)

        let fields = try Self.updatedFields(report)
        let given = report["object"].map { report.raw($0).array }
        let object = given ?? Self.reference(to: key.value)
        let shown = fields.isEmpty ? Shown() : Shown(unsafe object.span.bytes, fields.names)
        isSuppressed =
            try !Self.alwaysSends(report) && change == .update && !fields.isEmpty
            && !shown.showsAny
        self.object =
            shown.takesUpdatedFields ? Self.adding(fields.value, to: object) : object
    }

    /// What is published: `{"type":change,"object":…}`. Suppressed changes are not.
    package func publication(in realm: Realm) -> Publication {
        var payload = OctetBuffer(capacity: object.count + 40)
        payload.append(#"{"type":""# as StaticString)
        payload.append(change.word)
        payload.append(#"","object":"# as StaticString)
        payload.append(object)
        payload.append(0x7D)
        return Publication(realm: realm, room: room, payload: payload.octets.array)
    }

    // MARK: Members

    /// The key as a part of a name, and as the JSON value it was.
    private static func primaryKey(
        _ report: borrowing Report
    ) throws(ReportProblem) -> (text: [UInt8], value: [UInt8]) {
        guard let item = report["pk"] else { throw .missing("pk") }
        let value = report.raw(item).array
        switch item.kind {
        case .integer where value.count <= Room.sizeLimit: return (value, value)
        case .string:
            if let text = report.string(item), !text.isEmpty { return (text, value) }
            fallthrough
        default: throw .wrongKind("pk", expected: "an integer or a string that is not empty")
        }
    }

    private static func change(_ report: borrowing Report) throws(ReportProblem) -> Change {
        guard let word = try report.string("change") else { throw .missing("change") }
        let change = Change.allCases.first { unsafe word.span.bytes.equals($0.word) }
        guard let change else {
            throw .unknownChange(String(String(decoding: word, as: UTF8.self).prefix(64)))
        }
        return change
    }

    private static func room(
        _ group: [UInt8]?, _ template: NameTemplate, _ name: [UInt8], _ key: [UInt8]
    ) throws(ReportProblem) -> Room {
        let lowercased = Array(String(decoding: name, as: UTF8.self).lowercased().utf8)
        guard let group = group ?? template.name(lowercased, key, sizeLimit: Room.sizeLimit) else {
            throw .unnamable(.tooLong(limit: Room.sizeLimit))
        }
        do throws(RoomError) {
            return try Room(dotted: unsafe group.span.bytes)
        } catch {
            throw .unnamable(error)
        }
    }

    private static func alwaysSends(_ report: borrowing Report) throws(ReportProblem) -> Bool {
        switch report["always_send"]?.kind {
        case nil, .true: true
        case .false: false
        default: throw .wrongKind("always_send", expected: "true or false")
        }
    }

    // MARK: Updated fields and the object

    private struct UpdatedFields {
        var names: Set<[UInt8]> = []
        /// The list as it was written.
        var value: [UInt8] = []

        var isEmpty: Bool { names.isEmpty }
    }

    private static func updatedFields(
        _ report: borrowing Report
    ) throws(ReportProblem) -> UpdatedFields {
        guard let item = report["updated_fields"] else { return UpdatedFields() }
        var fields = UpdatedFields()
        let text = report.raw(item)
        var reader = JSONReader(text)
        var isList = item.kind == .array
        do throws(CodecError) {
            var items = try reader.beginArray()
            while try reader.next(&items) {
                var name = OctetBuffer(capacity: 32)
                let field = try reader.item()
                isList = isList && field.kind == .string && reader.append(textOf: field, to: &name)
                fields.names.insert(name.octets.array)
            }
        } catch {
            isList = false
        }
        guard isList else { throw .wrongKind("updated_fields", expected: "a list of strings") }
        fields.value = text.array
        return fields
    }

    /// `{"id":<pk>}`.
    private static func reference(to key: [UInt8]) -> [UInt8] {
        Array(#"{"id":"#.utf8) + key + [0x7D]
    }

    /// What an object shows of the fields that were updated.
    private struct Shown {
        var showsAny = false
        /// Whether it is an object without `updated_fields`.
        var takesUpdatedFields = false

        init() {}

        init(_ object: RawSpan, _ fields: Set<[UInt8]>) {
            var scanner = JSONScanner(object)
            guard scanner.isAtObject(), var members = try? scanner.beginObject() else { return }
            takesUpdatedFields = true
            while let key = try? scanner.nextKey(&members) {
                guard (try? scanner.value()) != nil else { return }
                if scanner.string(key, equals: "updated_fields") { takesUpdatedFields = false }
                if fields.contains(key.repairedText(in: object)) { showsAny = true }
            }
        }
    }

    /// The object with one more member.
    private static func adding(_ fields: [UInt8], to object: [UInt8]) -> [UInt8] {
        let isEmpty = !object.dropFirst().dropLast().contains { $0 > 0x20 }
        let name = (isEmpty ? "" : ",") + #""updated_fields":"#
        return object.dropLast() + Array(name.utf8) + fields + [0x7D]
    }
}
