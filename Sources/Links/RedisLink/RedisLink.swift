// RedisLink — messages from and to a Redis server.
//
// Two connections, each on a thread of its own, since Redis lets a subscriber do nothing else: one
// hears, one publishes, and neither waits for the other. Pub/Sub keeps nothing: what was published
// while we were away is gone, and the gap is announced and counted.

internal import CSystem
package import LinkKit
internal import Lockfree
internal import Telemetry

/// A link to one Redis server. ``stop()`` it before letting it go.
package final class RedisLink: Sendable {
    package let settings: RedisSettings
    private let desk: LinkDesk
    private let presence: Presence
    private let outbox: Outbox
    private let hearing: LinkThread?
    private let publishing: LinkThread?

    /// - Parameters:
    ///   - settings: Without ``RedisSettings/problems``.
    ///   - desk: Of both connections; connected while every one that is wanted serves. Takes the
    ///     messages; ``LinkMessage/subscription`` is the subscription's place in the settings.
    package init(_ settings: RedisSettings, desk: LinkDesk) throws(LinkFailure) {
        precondition(settings.problems.isEmpty, "settings are checked where they are read")
        self.settings = settings
        self.desk = desk
        outbox = Outbox(countLimit: settings.queueLimit, sizeLimit: settings.queueSizeLimit)
        hearing = settings.subscriptions.isEmpty ? nil : try LinkThread(name: "redis")
        publishing = settings.isPublisher ? try LinkThread(name: "redis-publish") : nil
        presence = Presence(
            wanted: (hearing == nil ? 0 : 1) + (publishing == nil ? 0 : 1), status: desk.status)
    }

    /// Starts connecting; never waits for the server.
    package func start() throws(LinkFailure) {
        try hearing?.start { [settings, desk, presence] thread in
            let hearing = Hearing(settings, desk)
            Self.run(settings, on: thread, desk, presence, countsGaps: true) {
                (socket, life) throws(LinkFailure) in
                try hearing.serve(socket, on: thread, &life)
            }
        }
        do throws(LinkFailure) {
            try publishing?.start { [settings, desk, presence, outbox] thread in
                let publishing = Publishing(settings, desk, outbox)
                // What a publisher misses is counted as failures; nothing passes unseen.
                Self.run(settings, on: thread, desk, presence, countsGaps: false) {
                    (socket, life) throws(LinkFailure) in
                    try publishing.serve(socket, on: thread, &life)
                }
            }
        } catch {
            hearing?.stop()
            throw error
        }
    }

    /// Publishes, from any thread. Publications of one thread arrive in order.
    ///
    /// - Returns: Whether it will be sent. `false`: the server is away or too slow, or the link does
    ///   not publish; it is dropped, and counted as a failure.
    package func publish(_ payload: [UInt8], to channel: [UInt8]) -> Bool {
        switch outbox.append(Publication(channel: channel, payload: payload)) {
        case .refused:
            desk.status.count(.failures)
            return false
        case .admitted(let isFirst):
            if isFirst { publishing?.wake() }
            return true
        }
    }

    /// Ends both connections and waits for their threads. What waits to be published is dropped.
    package func stop() {
        publishing?.stop()
        hearing?.stop()
    }

    private static func run(
        _ settings: RedisSettings, on thread: LinkThread, _ desk: LinkDesk, _ presence: Presence,
        countsGaps: Bool,
        _ serve: (CInt, inout LinkLife) throws(LinkFailure) -> Void
    ) {
        var dialler = Dialler(settings.address)
        let backOff = BackOff(ceiling: settings.retryCeiling, seed: carillon_monotonic_now())
        var life = LinkLife(
            thread: thread, desk: desk, backOff: backOff, countsGaps: countsGaps,
            present: presence.set)
        life.run { (life) throws(LinkFailure) in
            let socket = try dialler.dial(on: thread, limit: settings.connectLimit)
            try serve(socket, &life)
        }
    }
}

/// Says that the link is connected when all its connections are.
private final class Presence: Sendable {
    private let count = Guarded(0)
    private let wanted: Int
    private let status: LinkStatus

    init(wanted: Int, status: LinkStatus) {
        self.wanted = wanted
        self.status = status
    }

    /// Called by each connection's thread, alternately with `true` and `false`.
    func set(_ isThere: Bool) {
        count.withLock { count in
            count += isThere ? 1 : -1
            status.isConnected = count == wanted
        }
    }
}
