// Pushes — what a client gets that it did not ask for (specification §2.4).
//
// `{"type":"push","push_event":…,"push_data":{…}}`. Clients choose their handler by the event, and
// the data is an object always: a payload that is none becomes the only member of one.

package import Bytes
import Codecs
package import DialectKit
import Rooms

extension ShampooDialect {
    /// Writes the push that the connections of endpoint `reading` get for a publication.
    ///
    /// - Returns: Where the payload stands; `nil` where the event would be a segment that is not
    ///   UTF-8: a text message must be, and repairing it would make one event of two.
    package func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? {
        guard reading < endpoints.count else { return nil }
        let endpoint = endpoints[Int(reading)]
        let room = publication.room
        let before = message.count
        message.append(#"{"type":"push","push_event":"# as StaticString)
        if let event = endpoint.pushEvent {
            message.append(jsonString: event)
        } else {
            let last = room.segmentCount - 1
            let isText = last >= 0 && room.withSegment(last) { UTF8Checker.accepts($0) }
            guard isText else {
                message.truncate(to: before)
                return nil
            }
            room.withSegment(last) { message.append(jsonString: $0) }
        }
        return message.append(push: publication.value, key: endpoint.pushKey)
    }
}

extension OctetBuffer {
    /// Appends the data of a push and ends the object.
    ///
    /// - Parameter data: A JSON value.
    /// - Returns: Where that stands.
    @discardableResult
    internal mutating func append(push data: [UInt8], key: String) -> Range<Int> {
        append(#","push_data":"# as StaticString)
        let place: Range<Int>
        if data.first(where: { $0 > 0x20 }) == 0x7B {
            place = append(payload: data)
        } else {
            append(0x7B)
            append(jsonString: key)
            append(0x3A)
            place = append(payload: data)
            append(0x7D)
        }
        append(0x7D)
        return place
    }
}
