// Hearing — the subscribing connection: waits, reads, hands over.

internal import LinkKit
internal import Telemetry

final class Hearing {
    private let settings: RedisSettings
    private let desk: LinkDesk

    init(_ settings: RedisSettings, _ desk: LinkDesk) {
        self.settings = settings
        self.desk = desk
    }

    /// Subscribes, and hands over until the connection or the thread is to end.
    ///
    /// - Parameter socket: Owned from now on.
    func serve(
        _ socket: CInt, on thread: LinkThread, _ life: inout LinkLife
    ) throws(LinkFailure) {
        let connection = try RedisConnection(
            adopting: socket, messageLimit: settings.messageLimit)
        var talk = SubscriberTalk(settings)
        for command in talk.commands { try connection.append(command) }
        var health = Health(idleLimit: settings.idleLimit, now: .now)
        // Until everything is confirmed; the pings see to the rest.
        var openingEnd: ContinuousClock.Instant? = .now + settings.answerLimit
        while !thread.isStopping {
            try connection.flush()
            let deadline = openingEnd.map { min($0, health.deadline) } ?? health.deadline
            let wake = thread.wait(
                for: socket, writing: connection.unsentSize > 0, until: deadline)
            if thread.isStopping { return }
            let now = ContinuousClock.now
            if let openingEnd, now >= openingEnd {
                throw LinkFailure("the server did not confirm the subscriptions in time")
            }
            if wake.contains(.readable) {
                try connection.receive()
                health.heard(now: now)
                while !thread.isStopping, let reply = try connection.next() {
                    switch try talk.take(reply) {
                    case .none: break
                    case .serves:
                        openingEnd = nil
                        life.serves()
                    case .message(let message):
                        desk.status.count(.messages)
                        if case .rejected(let reason) = desk.handOver(message) {
                            desk.drop(message.origin, reason)
                        }
                    case .unusable(let origin, let reason):
                        desk.status.count(.messages)
                        desk.drop(origin, reason)
                    }
                }
                continue
            }
            switch health.check(now: now) {
            case .well: break
            case .ask: try connection.append([[UInt8]("PING")])
            case .lost: throw LinkFailure("the server does not answer")
            }
        }
    }
}
