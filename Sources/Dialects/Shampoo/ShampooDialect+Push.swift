// Pushes — what a client gets that it did not ask for (specification §2.4, DESIGN §4).
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
    /// - Returns: `false` where the event would be a segment that is not UTF-8: a text message must
    ///   be, and repairing it would make one event of two.
    package func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Bool {
        guard reading < endpoints.count else { return false }
        let endpoint = endpoints[Int(reading)]
        let room = publication.room
        message.append(#"{"type":"push","push_event":"# as StaticString)
        if let event = endpoint.pushEvent {
            message.append(jsonString: event)
        } else {
            guard room.segmentCount > 0 else { return false }
            let isText = room.withSegment(room.segmentCount - 1) { segment in
                guard UTF8Checker.accepts(segment) else { return false }
                message.append(jsonString: segment)
                return true
            }
            guard isText else { return false }
        }
        message.append(push: publication.value, key: endpoint.pushKey)
        return true
    }
}

extension OctetBuffer {
    /// Appends the data of a push and ends the object.
    ///
    /// - Parameter data: A JSON value.
    internal mutating func append(push data: [UInt8], key: String) {
        append(#","push_data":"# as StaticString)
        if data.first(where: { $0 > 0x20 }) == 0x7B {
            append(data)
        } else {
            append(0x7B)
            append(jsonString: key)
            append(0x3A)
            append(data)
            append(0x7D)
        }
        append(0x7D)
    }
}
