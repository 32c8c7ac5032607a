// RabbitMQSettings — which broker, and what to consume from it.

package import LinkKit

/// One connection to a RabbitMQ broker. Consumers share it: what one of them is refused ends all
/// of them, so those that must not depend on each other belong to links of their own.
package struct RabbitMQSettings: Sendable {
    /// What the broker's list of connections calls us.
    package var connectionName = "carillon"
    package var host = "127.0.0.1"
    package var port: UInt16 = 5672
    package var username = "guest"
    package var password = "guest"
    package var virtualHost = "/"
    /// A broker that is silent for twice as long is lost; whole seconds, zero for no heartbeat. The
    /// broker may ask for a shorter one.
    package var heartbeat = Duration.seconds(10)
    /// For connecting, all addresses of the host together.
    package var connectLimit = Duration.seconds(2)
    /// Longest pause between attempts to connect.
    package var retryCeiling = Duration.seconds(3)
    /// For the login, and for each answer of the broker after it.
    package var answerLimit = Duration.seconds(10)
    /// Largest message taken, in octets; a larger one is rejected.
    package var messageLimit = 16 << 20
    package var consumers: [RabbitMQConsumer]

    package init(consumers: [RabbitMQConsumer]) { self.consumers = consumers }

    /// What cannot work, in words; empty when all is well.
    package var problems: [String] {
        var problems: [String] = []
        if retryCeiling < BackOff.standardFloor { problems.append(BackOff.ceilingProblem) }
        if consumers.isEmpty { problems.append("nothing to consume") }
        if consumers.count > 256 { problems.append("more than 256 consumers in one link") }
        for text in [connectionName, username, password, virtualHost] where text.utf8.contains(0) {
            problems.append("a name or password contains NUL")
        }
        for name in consumers.flatMap(\.names) where !Self.isShortString(name) {
            problems.append("a name is longer than 255 octets or contains NUL: \(name.prefix(40))")
        }
        for case .source(let source) in consumers { problems += source.problems }
        return problems
    }

    /// AMQP 0-9-1 §4.2.5.3, and we hand names over as C strings.
    private static func isShortString(_ name: String) -> Bool {
        name.utf8.count <= 255 && !name.utf8.contains(0)
    }
}

/// Something to consume.
package enum RabbitMQConsumer: Sendable {
    /// high-templar's trigger: a direct, transient exchange and a private queue bound with the
    /// literal key `*`. Every message counts as received, whatever is in it.
    case highTemplar(exchange: String = "hightemplar")
    case source(RabbitMQSource)

    fileprivate var names: [String] {
        switch self {
        case .highTemplar(let exchange): [exchange]
        case .source(let source):
            [source.queue + RabbitMQSource.suffix, source.exchange?.name ?? ""] + source.bindings
        }
    }
}

/// A queue whose messages go to rooms.
package struct RabbitMQSource: Sendable {
    package var queue: String
    /// Whether the queue is made when it is not there; otherwise it must exist, with whatever
    /// arguments its owner gave it.
    package var declaresQueue = true
    /// A durable queue keeps messages while we are away. One that is not durable is private: it
    /// gets a suffix that is new with each connection, and goes with it.
    package var isDurable = true
    /// What the queue is bound to, if it is bound here.
    package var exchange: RabbitMQExchange?
    /// The keys it is bound with; those of a topic exchange may have wildcards.
    package var bindings: [String] = []
    /// Messages the broker sends ahead of our acknowledgements, at least 1.
    package var prefetch: UInt16 = 256
    package var template = RoomTemplate.standard
    /// Message ids that are remembered to recognise what comes again.
    package var recentIDLimit = 65_536

    /// As long as what a private queue's name gets.
    static let suffix = String(repeating: "x", count: 37)

    package init(queue: String) { self.queue = queue }

    fileprivate var problems: [String] {
        var problems: [String] = []
        if queue.isEmpty { problems.append("a queue has no name") }
        if prefetch == 0 { problems.append("\(queue): prefetch is 0, which is no limit at all") }
        if recentIDLimit < 1 { problems.append("\(queue): no message id can be remembered") }
        if exchange == nil, !bindings.isEmpty {
            problems.append("\(queue): bindings to no exchange")
        }
        if exchange != nil, bindings.isEmpty {
            problems.append("\(queue): an exchange without bindings")
        }
        if !declaresQueue, !isDurable {
            problems.append("\(queue): a private queue cannot be there already")
        }
        let patterns = BindingPattern.patterns(of: self)
        let wildcards = patterns.map(\.wildcardCount).min() ?? 0
        if template.captureCount > wildcards {
            problems.append(
                "\(queue): the template names {\(template.captureCount)}, and a binding has "
                    + "\(wildcards) wildcards")
        }
        return problems
    }
}

/// An exchange that a queue is bound to.
package struct RabbitMQExchange: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case direct, fanout, topic, headers
    }

    package var name: String
    /// What it is declared as; `nil` when it must exist already. Keys of such a one are read as
    /// those of a topic exchange.
    package var kind: Kind?
    package var isDurable = true

    package init(name: String, kind: Kind? = nil, isDurable: Bool = true) {
        self.name = name
        self.kind = kind
        self.isDurable = isDurable
    }
}
