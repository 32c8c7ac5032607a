// EchoDialect — every message goes back as it came.
//
// What the public WebSocket conformance suite talks to: it tests the framing, so the dialect above
// it must not have an opinion. Nothing is copied, the engine relays the octets it received.

package import Bytes
package import DialectKit

/// Answers every message with itself.
package final class EchoDialect: Dialect {
    private let session = EchoSession()

    package init() {}

    /// Accepts everybody. One session serves all connections: it has no state.
    package func open(_ request: OpeningRequest) -> OpeningDecision {
        .accept(session, subprotocol: nil)
    }

    /// Nobody can subscribe here, so there is nobody to write to.
    package func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? { nil }
}

private final class EchoSession: Session, Sendable {
    func receive(_ kind: MessageKind, _ octets: RawSpan, _ commands: inout Commands) {
        commands.relay(kind, 0..<octets.byteCount)
    }
}
