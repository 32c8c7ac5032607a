// PublisherTalk — what a publishing connection says and hears.
//
// Pure. Redis answers in order, so what was asked is a queue. A publication that was sent and not
// answered when the connection broke is not sent again: it may have arrived, and nothing repeats.

internal import Bytes
internal import LinkKit

struct PublisherTalk {
    enum Step: Equatable {
        case none
        /// The server answers: publications may be sent.
        case serves
        case published
        /// The server refused a publication.
        case refused(channel: [UInt8], reason: String)
    }

    private enum Asked {
        case opening
        /// The ping that ends the opening: a server that is still loading refuses it.
        case greeting
        case ping
        case publication(channel: [UInt8])
    }

    private var asked = Queue<Asked>()
    /// Publications sent and not answered.
    private(set) var unansweredCount = 0

    /// What is said first, all at once.
    let commands: [RedisCommand]

    init(_ settings: RedisSettings) {
        let opening = openingCommands(settings)
        for _ in opening { asked.append(.opening) }
        asked.append(.greeting)
        commands = opening + [[[UInt8]("PING")]]
    }

    /// The command of a publication.
    mutating func publish(_ payload: [UInt8], to channel: [UInt8]) -> RedisCommand {
        asked.append(.publication(channel: channel))
        unansweredCount += 1
        return [[UInt8]("PUBLISH"), channel, payload]
    }

    mutating func ping() -> RedisCommand {
        asked.append(.ping)
        return [[UInt8]("PING")]
    }

    /// - Throws: The server refused the opening, or said what has no place here.
    mutating func take(_ reply: RedisValue) throws(LinkFailure) -> Step {
        switch (asked.popFirst(), reply) {
        case (.publication(_), .integer):
            unansweredCount -= 1
            return .published
        case (.publication(let channel), .error(let text)):
            unansweredCount -= 1
            return .refused(channel: channel, reason: "the server said \(text)")
        case (.opening, .status), (.ping, .status): return .none
        case (.greeting, .status): return .serves
        case (_, .error(let text)): throw LinkFailure("the server said \(text)")
        default: throw LinkFailure("the server sent \(reply.summary), which has no place here")
        }
    }
}
