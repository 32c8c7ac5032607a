// OpenAPIDialect — JSON calls and channel events on one WebSocket (openapi-ws specification).
//
// A call is `{"id","method","payload"}`, an event `{"channel","event","data"}`, both text. The
// dialect reads only as much of a message as its envelope; payloads travel as their octets. What
// is said here about a room: its first `reading` segments are the channel, the rest is the event
// (One-Hub.md).

package import Bytes
import Codecs
package import DialectKit
package import Rooms

/// The dialect on one route.
package final class OpenAPIDialect: Dialect {
    package let id: DialectID
    package let realm: Realm
    package let settings: OpenAPISettings
    internal let directory: any Directory

    /// - Parameters:
    ///   - id: What the dialect's publications are marked with, so that its own clients compare
    ///     (channel, event) exactly.
    ///   - directory: Answers what is global; asked on `unsubscribe`, `server_info` and for the
    ///     names of unknown methods.
    package init(
        id: DialectID, realm: Realm, settings: OpenAPISettings, directory: any Directory
    ) {
        self.id = id
        self.realm = realm
        self.settings = settings
        self.directory = directory
    }

    /// Accepts everybody; subprotocols offered are ignored and none is answered (§1).
    package func open(_ request: OpeningRequest) -> OpeningDecision {
        .accept(OpenAPISession(of: self), subprotocol: nil)
    }

    /// What a plain `GET` gets (§1).
    package var refusalWithoutUpgrade: Refusal? {
        Refusal(
            status: 400, contentType: "application/json; charset=utf-8",
            body: #"{"message": "Unable to open websocket connection"}"#)
    }

    /// Writes the event a subscriber sees (§4).
    ///
    /// - Returns: Where the data stands; `nil` for a reading that is not one of the room's (the
    ///   channel has at least one segment and at most all of them), and for an event that is not
    ///   UTF-8: a text message must be, and repairing it would make one name of two.
    package func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? {
        let room = publication.room
        guard reading >= 1, reading <= room.segmentCount else { return nil }
        let channelCount = Int(reading)
        let before = message.count
        message.append(literal: #"{"channel":"#)
        var isText = message.append(jsonName: room, segments: 0..<channelCount)
        message.append(literal: #","event":"#)
        isText =
            message.append(jsonName: room, segments: channelCount..<room.segmentCount) && isText
        guard isText else {
            message.truncate(to: before)
            return nil
        }
        message.append(literal: #","data":"#)
        let data = message.append(payload: publication.value)
        message.append(0x7D)
        return data
    }

    /// Whether the route's policy lets anybody name this channel (§3.6).
    internal func accepts(channel: RawSpan) -> Bool {
        switch settings.channels {
        case .any: return true
        // Of what is longer than any room the room says so, and no megabyte is looked at for it.
        case .lowercase where channel.byteCount > Room.sizeLimit: return true
        case .lowercase:
            var isASCII = true
            for index in 0..<channel.byteCount {
                let octet = channel[octet: index]
                if octet >= 0x41 && octet <= 0x5A { return false }
                if octet >= 0x80 { isASCII = false }
            }
            if isASCII { return true }
            let text = channel.text
            return text.utf8.elementsEqual(text.lowercased().utf8)
        }
    }
}

extension OctetBuffer {
    /// Appends some segments of a room, joined by dots, as a JSON string.
    ///
    /// - Returns: `false` when one of them is not UTF-8, as rooms named elsewhere may be.
    internal mutating func append(jsonName room: Room, segments: Range<Int>) -> Bool {
        append(0x22)
        for index in segments {
            if index > segments.lowerBound { append(0x2E) }
            let segment = unsafe room.octets.span.bytes.extracting(room.range(of: index))
            guard UTF8Checker.accepts(segment) else { return false }
            append(jsonContents: segment)
        }
        append(0x22)
        return true
    }
}
