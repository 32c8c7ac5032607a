// Publishing — the publishing connection: takes from the outbox, sends, counts the answers.

internal import LinkKit
internal import Telemetry

final class Publishing {
    private let settings: RedisSettings
    private let desk: LinkDesk
    private let outbox: Outbox

    /// Octets given to the library at a time. It moves what is left after each send, so little.
    private static let batchSize = 64 << 10

    init(_ settings: RedisSettings, _ desk: LinkDesk, _ outbox: Outbox) {
        self.settings = settings
        self.desk = desk
        self.outbox = outbox
    }

    /// Publishes until the connection or the thread is to end.
    ///
    /// - Parameter socket: Owned from now on.
    func serve(
        _ socket: CInt, on thread: LinkThread, _ life: inout LinkLife
    ) throws(LinkFailure) {
        // Whatever waits or is unanswered when this ends has failed.
        defer { desk.status.count(.failures, outbox.close()) }
        let connection = try RedisConnection(
            adopting: socket, messageLimit: settings.messageLimit)
        var talk = PublisherTalk(settings)
        for command in talk.commands { try connection.append(command) }
        var health = Health(idleLimit: settings.idleLimit, now: .now)
        var openingEnd: ContinuousClock.Instant? = .now + settings.answerLimit
        while !thread.isStopping {
            if openingEnd == nil, connection.unsentSize < Self.batchSize {
                for publication in outbox.take(atLeast: Self.batchSize) {
                    try connection.append(
                        talk.publish(publication.payload, to: publication.channel))
                }
            }
            try connection.flush()
            // What the socket took whole makes room for more at once; answers are read in between,
            // because those without one count against the limit.
            let hasMore = openingEnd == nil && connection.unsentSize == 0 && !outbox.isEmpty
            let deadline = openingEnd.map { min($0, health.deadline) } ?? health.deadline
            let wake = thread.wait(
                for: socket, writing: connection.unsentSize > 0, until: hasMore ? .now : deadline)
            if thread.isStopping { return }
            let now = ContinuousClock.now
            if let openingEnd, now >= openingEnd {
                throw LinkFailure("the server did not answer in time")
            }
            if wake.contains(.readable) {
                try connection.receive()
                health.heard(now: now)
                try take(connection, &talk, &openingEnd, &life)
                continue
            }
            switch health.check(now: now) {
            case .well: break
            case .ask: try connection.append(talk.ping())
            case .lost: throw LinkFailure("the server does not answer")
            }
        }
    }

    private func take(
        _ connection: borrowing RedisConnection, _ talk: inout PublisherTalk,
        _ openingEnd: inout ContinuousClock.Instant?, _ life: inout LinkLife
    ) throws(LinkFailure) {
        var published = 0
        while let reply = try connection.next() {
            switch try talk.take(reply) {
            case .none: break
            case .serves:
                openingEnd = nil
                outbox.open()
                life.serves()
            case .published: published += 1
            case .refused(let channel, let reason):
                outbox.answered(1)
                desk.drop(channel, reason, as: .failures)
            }
        }
        outbox.answered(published)
        desk.status.count(.published, published)
    }
}
