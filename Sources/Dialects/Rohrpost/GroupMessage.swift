// GroupMessage — a ready message for the members of a group (specification §5.2).
//
//     {"group": "collection-52", "message": "text" or {…} [, "realm": "…"]}
//
// A text is forwarded to the clients of one route word for word, an object as its JSON. Others that
// listen to the room get the value: the object, the JSON that the text is, or the text as a string.
//
// The publication is marked as the dialect's own, which no client of it can make: they do not
// publish. How the text is kept says what it is: as a value where text and value are the same
// octets, as the one argument where they are not.

internal import Bytes
internal import Codecs
package import DialectKit
internal import Hub
package import Rooms

package struct GroupMessage: Sendable {
    package let room: Room
    /// The realm that was named.
    package let realm: String?
    private let payload: PublicationPayload

    /// The reading in which every client of the dialect is subscribed, so that it reaches them.
    internal static let reading: Reading = 0

    /// Parses a report.
    ///
    /// - Parameter body: Octets as they came, UTF-8 or not.
    package init(parsing body: RawSpan) throws(ReportProblem) {
        let report = try Report(parsing: body, names: ["group", "message", "realm"])
        guard let group = try report.string("group") else { throw .missing("group") }
        realm = try report.string("realm").map { String(decoding: $0, as: UTF8.self) }
        do throws(RoomError) {
            room = try Room(dotted: unsafe group.span.bytes)
        } catch {
            throw .unnamable(error)
        }
        guard let message = report["message"] else { throw .missing("message") }
        switch message.kind {
        case .object: payload = .value(report.raw(message).array)
        case .string:
            guard let text = try report.string("message") else { throw .missing("message") }
            let isJSON = (try? JSONScanner.document(unsafe text.span.bytes)) != nil
            payload =
                isJSON ? .value(text) : .arguments(Arguments(value: report.raw(message).array))
        default: throw .wrongKind("message", expected: "a string or an object")
        }
    }

    /// What is published.
    ///
    /// - Parameter dialect: The one whose clients get the message as it is. Those of another route
    ///   of the same protocol get a notification.
    package func publication(in realm: Realm, dialect: DialectID) -> Publication {
        Publication(
            realm: realm, room: room, payload: payload, dialect: dialect, reading: Self.reading)
    }

    /// Writes the message of such a publication.
    ///
    /// - Returns: Where it stands.
    internal static func encode(
        _ payload: PublicationPayload, into message: inout OctetBuffer
    ) -> Range<Int>? {
        let start = message.count
        switch payload {
        case .value(let octets): message.append(octets)
        case .arguments(let arguments):
            guard let text = arguments.firstText else { return nil }
            message.append(text)
        }
        return start..<message.count
    }
}
