// Publishing — from any thread of the embedder to every subscriber.

import DialectKit
import Engine
import Lockfree
import Rooms

extension PushServer {
    /// Publishes one JSON value to a room.
    ///
    /// - Parameters:
    ///   - room: The room's text form: segments joined by dots. openapi-ws clients that subscribe
    ///     to channel `orders` with event `filled` are in `orders.filled`.
    ///   - json: One JSON value of at most ``Options/messageSizeLimit`` octets.
    /// - Returns: How many connections took it, over all cores, when all of them have.
    /// - Throws: ``PublishError``; ``PublishError/congested`` when more has been published than the
    ///   cores can deliver for now, ``PublishError/notRunning`` also when the server stops
    ///   meanwhile.
    public func publish(room: String, json: JSONText) async throws(PublishError) -> Int {
        let engine = try runningEngine()
        let publication = try publication(room, json)
        let result = await withCheckedContinuation { continuation in
            let count = ReceiverCount(continuation)
            engine.state.publish(publication, completion: { count.resolve(.success($0)) })
        }
        return try result.get()
    }

    /// Publishes one JSON value to a room and does not wait: it is on its way when this returns.
    /// Publications of one thread to one room arrive in their order.
    ///
    /// - Throws: ``PublishError``, as ``publish(room:json:)``.
    public func post(room: String, json: JSONText) throws(PublishError) {
        try runningEngine().state.publish(publication(room, json))
    }

    /// The engine, while it takes publications: what is posted waits in the mail of its cores, and
    /// whoever posts faster than they deliver would fill the memory.
    private func runningEngine() throws(PublishError) -> Engine {
        guard let engine else { throw .notRunning }
        guard !engine.state.isCongested else { throw .congested }
        return engine
    }

    private func publication(
        _ room: String, _ json: JSONText
    ) throws(PublishError) -> Publication {
        let limit = options.messageSizeLimit
        guard json.octets.count <= limit else { throw .tooLarge(limit: limit) }
        guard json.isValid else { throw .notJSON }
        guard !room.isEmpty else { throw .badRoom("the name of the room is empty") }
        do throws(RoomError) {
            return Publication(
                realm: .standard, room: try Room(text: room), payload: json.octets)
        } catch {
            throw .badRoom(error.sentence)
        }
    }
}

/// The count that somebody awaits. A server that stops drops the mail of its cores, and with it
/// the last reference to this: then the one who waits is told.
private final class ReceiverCount: Sendable {
    typealias Waiting = CheckedContinuation<Result<Int, PublishError>, Never>

    private let waiting: Guarded<Waiting?>

    init(_ waiting: Waiting) { self.waiting = Guarded(waiting) }

    deinit { resolve(.failure(.notRunning)) }

    func resolve(_ result: Result<Int, PublishError>) {
        let continuation = waiting.withLock { waiting in
            let continuation = waiting
            waiting = nil
            return continuation
        }
        continuation?.resume(returning: result)
    }
}
