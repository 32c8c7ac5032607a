// RawSocketFraming — WAMP on a bare stream (reference §14): the router's side of the handshake, and
// four octets in front of each message.

internal import Bytes
internal import Codecs
package import DialectKit
internal import WAMP

package final class RawSocketFraming: StreamFraming {
    /// Octets of the smallest limit of a client that is worth a session: WELCOME with all our
    /// features has 1 000 in JSON, and names may be longer than the usual ones.
    package static let leastClientLimit = 2048

    /// By the serialization that the client asks for.
    private let dialects: [WAMPDialect]
    /// Octets of the largest message taken here: 512 to 2^24, a power of two.
    private let announcedSize: Int
    /// Octets of the largest message of any client of the router, by whatever transport: queues are
    /// measured by it.
    package let messageSize: Int

    /// - Parameters:
    ///   - dialects: Those of the router; forms that are not raw are left out.
    ///   - messageSize: Octets of the largest message taken from clients; what is announced is the
    ///     next power of two below, from 512 to 2^24.
    ///   - messageSizeElsewhere: Octets of the largest message taken over other transports.
    package init(
        _ dialects: [WAMPDialect], messageSize: Int, messageSizeElsewhere: Int = 0
    ) {
        self.dialects = dialects.filter(\.form.isRaw)
        announcedSize = RawSocketHandshake(.json, messageLimit: messageSize).messageLimit
        self.messageSize = max(announcedSize, messageSizeElsewhere)
    }

    package func open(_ octets: RawSpan) -> StreamOpening {
        let request: RawSocketHandshake
        do throws(RawSocketError) {
            switch try RawSocketHandshake.request(octets) {
            case nil: return .needsMore
            case .failure(let refusal): return .refuse(answer: Self.answer(refusal))
            case .success(let asked): request = asked
            }
        } catch {
            return .refuse(answer: [])  // whatever it speaks, it would not read our answer
        }
        guard
            let dialect = dialects.first(where: { $0.form.serialization == request.serialization })
        else { return .refuse(answer: Self.answer(.serializerUnsupported)) }
        guard request.messageLimit >= Self.leastClientLimit else {
            return .refuse(answer: Self.answer(.lengthUnacceptable))
        }
        var answer = OctetBuffer(capacity: RawSocketHandshake.size)
        RawSocketHandshake(request.serialization, messageLimit: announcedSize).append(to: &answer)
        return .accept(
            StreamAcceptance(
                handshakeSize: RawSocketHandshake.size, answer: answer.octets.array,
                session: dialect.openRaw(messageSizeLimit: request.messageLimit),
                dialect: dialect.id, reader: RawSocketReader(payloadLimit: announcedSize),
                messageLimit: request.messageLimit))
    }

    package var fullAnswer: [UInt8] { Self.answer(.tooManyConnections) }

    private static func answer(_ refusal: RawSocketRefusal) -> [UInt8] {
        var answer = OctetBuffer(capacity: RawSocketHandshake.size)
        RawSocketHandshake.append(refusal, to: &answer)
        return answer.octets.array
    }

    package var headerSize: Int { RawSocketHeader.size }
    package var payloadLimit: Int { RawSocketHeader.payloadLimit }

    package func header(_ kind: StreamFrameKind, payloadSize: Int) -> UInt64 {
        UInt64(RawSocketHeader(RawSocketKind(kind), payloadSize: payloadSize).word)
    }
}

/// The frames of one connection.
private final class RawSocketReader: StreamReader {
    private var receiver: RawSocketReceiver

    init(payloadLimit: Int) { receiver = RawSocketReceiver(payloadLimit: payloadLimit) }

    func next(
        in input: RawSpan, at position: inout Int,
        _ body: (_ kind: StreamFrameKind, _ payload: RawSpan) -> Void
    ) -> StreamStep {
        do throws(RawSocketError) {
            guard let frame = try receiver.next(in: input, at: &position) else {
                return .needsMore
            }
            switch frame.payload {
            case .input(let range): body(StreamFrameKind(frame.kind), input.extracting(range))
            case .held: receiver.lendHeld { body(StreamFrameKind(frame.kind), $0) }
            }
            return .taken
        } catch {
            switch error {
            case .oversizedFrame(let size): return .failed(.oversized(size))
            case .malformedFrame, .notRawSocket, .badAnswer, .refused: return .failed(.malformed)
            }
        }
    }

    var isWithinFrame: Bool { receiver.pendingSize > 0 }

    var heldSize: Int { receiver.memorySize }
}

extension RawSocketReceiver {
    /// In a method, since a span of a class's field cannot leave its access.
    fileprivate borrowing func lendHeld(_ body: (RawSpan) -> Void) { body(held) }
}

extension RawSocketKind {
    fileprivate init(_ kind: StreamFrameKind) {
        switch kind {
        case .message: self = .message
        case .ping: self = .ping
        case .pong: self = .pong
        }
    }
}

extension StreamFrameKind {
    fileprivate init(_ kind: RawSocketKind) {
        switch kind {
        case .message: self = .message
        case .ping: self = .ping
        case .pong: self = .pong
        }
    }
}
