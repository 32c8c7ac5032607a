// WAMPDialect — one form of WAMP on the engine: who may open a session, and what an event looks
// like.
//
// An event depends on the subscription and the form, never on the receiver (reference §19): the
// engine calls ``encode(_:reading:into:)`` once for all of them.

package import Bytes
internal import Codecs
package import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

package final class WAMPDialect: Dialect {
    package let router: WAMPRouter
    package let form: WAMPForm
    package let id: DialectID

    package init(_ router: WAMPRouter, _ form: WAMPForm, id: DialectID) {
        self.router = router
        self.form = form
        self.id = id
    }

    package func open(_ request: OpeningRequest) -> OpeningDecision {
        guard let subprotocol = form.subprotocol, request.subprotocols.contains(subprotocol) else {
            let offers = WAMPForm.allCases.compactMap(\.subprotocol).joined(separator: ", ")
            return .refuse(
                Refusal(status: 400, body: "this path speaks WAMP: offer one of \(offers)\n"))
        }
        return .accept(WAMPSession(of: self), subprotocol: subprotocol)
    }

    /// A session for a connection that needed no upgrade.
    ///
    /// - Parameter messageSizeLimit: Octets of the largest message its client takes.
    package func openRaw(messageSizeLimit: Int = .max) -> any Session {
        let session = WAMPSession(of: self)
        session.messageSizeLimit = messageSizeLimit
        return session
    }

    /// A session gets an event for each of its subscriptions that match (§7.2).
    package var deliversOncePerConnection: Bool { false }

    package var messageKind: MessageKind { form.messageKind }

    /// Writes the EVENT for a subscription, whose id the reading is.
    ///
    /// - Returns: Where the arguments stand; `nil` for what no WAMP client can be told: a room
    ///   without URI under a pattern, a payload nested too deep, and what others than routers
    ///   publish about the router.
    package func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? {
        let room = publication.room
        if room.segmentCount > 0, room[segment: 0].elementsEqual("wamp".utf8),
            publication.dialect != router.ownID
        {
            return nil
        }
        var topic: [UInt8]?
        if SubscriptionID.isPattern(reading) {
            var text = OctetBuffer(capacity: room.dottedSize)
            guard WAMPURI.append(room, to: &text) else { return nil }
            topic = text.octets.array
        }
        let arguments =
            switch publication.payload {
            case .arguments(let arguments): arguments.converted(to: form.serialization)
            case .value: publication.arguments.converted(to: form.serialization)
            }
        let place = form.append(
            .event(
                subscription: UInt64(reading), publication: publication.identifier, topic: topic,
                publication.publisher, isRetained: false, arguments),
            into: &message)
        guard let place, form.serialization == .json else { return place }
        return Self.value(at: place, of: message, hasKeywords: !arguments.keywords.isAbsent)
    }

    /// Of the payload of an event in JSON, `,[…]` or `,[…],{…}`, what other dialects write as its
    /// value: the items, or the keywords where there are no items.
    private static func value(
        at place: Range<Int>, of message: borrowing OctetBuffer, hasKeywords: Bool
    ) -> Range<Int> {
        guard place.count >= 3 else { return place }
        guard !hasKeywords else {
            // Behind the comma and, where there is nothing in it, the list with its comma.
            let isEmpty = message.octets[octet: place.lowerBound + 2] == 0x5D
            return min(place.lowerBound + (isEmpty ? 4 : 1), place.upperBound)..<place.upperBound
        }
        var start = place.lowerBound + 2
        var end = place.upperBound - 1
        while start < end, message.octets[octet: start] <= 0x20 { start += 1 }
        while start < end, message.octets[octet: end - 1] <= 0x20 { end -= 1 }
        return start..<end
    }
}

/// Ids of subscriptions count up; the last bit says whether events carry their topic (§7.3).
internal enum SubscriptionID {
    static func isPattern(_ id: UInt32) -> Bool { id & 1 == 1 }

    static func make(_ number: UInt32, isPattern: Bool) -> UInt32 {
        number << 1 | (isPattern ? 1 : 0)
    }
}
