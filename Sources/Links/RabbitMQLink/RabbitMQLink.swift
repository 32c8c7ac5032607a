// RabbitMQLink — messages from a RabbitMQ broker, on a thread of its own.
//
// Each connection declares everything anew, so a broker that came back empty is as good as one that
// remembers. A message is acknowledged after it was handed over: what was taken and not
// acknowledged when a connection broke comes again, and is recognised by its message id.

internal import Bytes
internal import CSystem
package import LinkKit
internal import Telemetry

/// A link to one broker. ``stop()`` it before letting it go.
package final class RabbitMQLink: Sendable {
    package let settings: RabbitMQSettings
    private let desk: LinkDesk
    private let thread: LinkThread

    /// - Parameters:
    ///   - settings: Without ``RabbitMQSettings/problems``.
    ///   - desk: Takes the messages; ``LinkMessage/subscription`` is the consumer's place in the
    ///     settings.
    package init(_ settings: RabbitMQSettings, desk: LinkDesk) throws(LinkFailure) {
        precondition(settings.problems.isEmpty, "settings are checked where they are read")
        self.settings = settings
        self.desk = desk
        thread = try LinkThread(name: "rabbitmq")
    }

    /// Starts connecting; never waits for the broker.
    package func start() throws(LinkFailure) {
        try thread.start { [settings, desk] thread in
            let consumers = Consumers(settings, desk)
            let backOff = BackOff(
                ceiling: settings.retryCeiling, seed: carillon_monotonic_now())
            var life = LinkLife(
                thread: thread, desk: desk, backOff: backOff, countsGaps: true,
                present: { desk.status.isConnected = $0 })
            var dialler = Dialler(.tcp(host: settings.host, port: settings.port))
            life.run { (life) throws(LinkFailure) in
                let socket = try dialler.dial(on: thread, limit: settings.connectLimit)
                thread.expose(socket)
                defer { thread.withdraw() }
                let broker = try Broker(adopting: socket, settings)
                try consumers.serve(broker, on: thread, &life)
            }
        }
    }

    /// Acknowledges what was handed over, says goodbye and waits for the thread's end.
    package func stop() { thread.stop() }
}
