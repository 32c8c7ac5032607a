// WrappedDialect — a payload between as many octets as a reading has, for tests of what is shared.
//
// A client says `NUMBER` or `NUMBER TAIL` and is subscribed to `k.b` in that reading.

import Bytes
import DialectKit
import Rooms

final class WrappedDialect: Dialect {
    /// What a reading puts around a payload, and says about where that is.
    struct Envelope: Sendable {
        /// Octets.
        var head = 0
        var tail = 0
        var hint: @Sendable (Range<Int>) -> Range<Int> = { $0 }

        func message(_ payload: String) -> String { Self.text(head) + payload + Self.text(tail) }

        /// Letters that are not the same everywhere.
        static func text(_ size: Int) -> String {
            let octets = (0..<size).map { (place: Int) -> UInt8 in
                let number = place * place / 7 + place
                return UInt8(97 + number % 26)
            }
            return String(decoding: octets, as: UTF8.self)
        }
    }

    let envelopes: [Envelope]

    init(_ envelopes: [Envelope]) { self.envelopes = envelopes }

    var deliversOncePerConnection: Bool { false }
    var ignoresRooms: Bool { true }

    func open(_ request: OpeningRequest) -> OpeningDecision {
        .accept(WrappedSession(), subprotocol: nil)
    }

    func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? {
        let envelope = envelopes[Int(reading)]
        message.append(Envelope.text(envelope.head))
        let payload = message.append(payload: publication.value)
        message.append(Envelope.text(envelope.tail))
        return envelope.hint(payload)
    }
}

private final class WrappedSession: Session {
    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        let words = octets.text.split(separator: " ")
        let tail = words.count > 1 ? Array(words[1].utf8) : []
        commands.append(
            .subscribe(SpokenDialect.pattern("k.b"), Reading(words[0])!, tail: tail))
    }
}
