// RedisSettings — which Redis, what to subscribe to, and whether to publish.

package import LinkKit

/// A link to one Redis server.
package struct RedisSettings: Sendable {
    package var address = LinkAddress.tcp(host: "127.0.0.1", port: 6379)
    /// For servers with users (Redis 6); without it the password alone is sent.
    package var username: String?
    package var password: String?
    /// Channels are the same in all databases; kept for servers whose rules look at it.
    package var database = 0
    package var subscriptions: [RedisSubscription]
    /// Whether a second connection is held for ``RedisLink/publish(_:to:)``.
    package var isPublisher = false
    /// A server that was silent for so long is asked, and lost after as long again.
    package var idleLimit = Duration.seconds(10)
    /// For connecting, all addresses of the host together.
    package var connectLimit = Duration.seconds(2)
    /// Longest pause between attempts to connect.
    package var retryCeiling = Duration.seconds(3)
    /// For everything from the connection to the last subscription.
    package var answerLimit = Duration.seconds(5)
    /// Largest message taken, in octets; a larger one ends the connection.
    package var messageLimit = 16 << 20
    /// Publications that wait to be sent, or for the answer to them.
    package var queueLimit = 10_000
    /// Octets of publications that wait to be sent.
    package var queueSizeLimit = 16 << 20

    package init(subscriptions: [RedisSubscription] = [], isPublisher: Bool = false) {
        self.subscriptions = subscriptions
        self.isPublisher = isPublisher
    }

    /// What cannot work, in words; empty when all is well.
    package var problems: [String] {
        var problems: [String] = []
        if retryCeiling < BackOff.standardFloor { problems.append(BackOff.ceilingProblem) }
        if subscriptions.isEmpty, !isPublisher { problems.append("nothing to subscribe to") }
        if username != nil, password == nil { problems.append("a username without a password") }
        if database < 0 { problems.append("the database is a number from 0 on") }
        if idleLimit < .milliseconds(1) { problems.append("the idle limit is at least 1 ms") }
        var seen: Set<[UInt8]> = []
        for subscription in subscriptions {
            // Redis subscribes once, however often it is asked.
            if !seen.insert(subscription.word).inserted {
                problems.append("\(subscription.name) is there twice")
            }
            if subscription.template.captureCount > subscription.wildcardCount {
                problems.append(
                    "\(subscription.name): the template names "
                        + "{\(subscription.template.captureCount)}, and there are "
                        + "\(subscription.wildcardCount) wildcards")
            }
        }
        return problems
    }
}

/// A channel or a pattern of channels, and the rooms its messages go to. A message whose channel
/// fits several of them comes once for each: that is how Redis sends it.
package struct RedisSubscription: Sendable {
    package enum Kind: Sendable, Equatable {
        case channel, pattern
    }

    package let kind: Kind
    package let name: String
    package let template: RoomTemplate

    package static func channel(
        _ name: String, template: RoomTemplate = .standard
    ) -> RedisSubscription {
        RedisSubscription(kind: .channel, name: name, template: template)
    }

    /// - Parameter name: A glob as `PSUBSCRIBE` takes it: `*`, `?`, `[a-z]`, `\` before a literal.
    package static func pattern(
        _ name: String, template: RoomTemplate = .standard
    ) -> RedisSubscription {
        RedisSubscription(kind: .pattern, name: name, template: template)
    }

    fileprivate var wildcardCount: Int {
        kind == .pattern ? ChannelPattern(Array(name.utf8)).wildcardCount : 0
    }

    /// Different for a channel and a pattern of the same text.
    fileprivate var word: [UInt8] { [kind == .pattern ? 1 : 0] + Array(name.utf8) }
}
