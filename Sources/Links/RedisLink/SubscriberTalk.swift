// SubscriberTalk — what a subscribing connection says and hears (Redis, "Pub/Sub").
//
// Pure: replies in, messages out. The order is fixed: an OK for each opening command, then one
// confirmation for each channel and pattern. Messages of what is confirmed already may stand
// between the later confirmations, and are taken.

internal import LinkKit
internal import Rooms

struct SubscriberTalk {
    /// What a reply came to.
    enum Step: Equatable {
        case none
        /// The last subscription is confirmed: from here on nothing is missed.
        case serves
        case message(LinkMessage)
        /// One that no room can be made of.
        case unusable(origin: [UInt8], reason: String)
    }

    /// What is said first, all at once.
    let commands: [RedisCommand]
    private let subscriptions: [RedisSubscription]
    private let patterns: [ChannelPattern?]
    /// Subscriptions by what Redis calls them.
    private var channelIndexes: [[UInt8]: Int] = [:]
    private var patternIndexes: [[UInt8]: Int] = [:]
    private var dueOpenings: Int
    private var dueConfirmations: Int

    init(_ settings: RedisSettings) {
        subscriptions = settings.subscriptions
        patterns = settings.subscriptions.map {
            $0.kind == .pattern ? ChannelPattern(Array($0.name.utf8)) : nil
        }
        for (index, subscription) in settings.subscriptions.enumerated() {
            switch subscription.kind {
            case .channel: channelIndexes[Array(subscription.name.utf8)] = index
            case .pattern: patternIndexes[Array(subscription.name.utf8)] = index
            }
        }
        let opening = openingCommands(settings)
        var commands = opening
        for (word, kind) in [
            ("SUBSCRIBE", RedisSubscription.Kind.channel), ("PSUBSCRIBE", .pattern),
        ] {
            let names = settings.subscriptions.filter { $0.kind == kind }
            if names.isEmpty { continue }
            commands.append([[UInt8](word)] + names.map { Array($0.name.utf8) })
        }
        self.commands = commands
        dueOpenings = opening.count
        dueConfirmations = settings.subscriptions.count
    }

    /// - Throws: The server refused something, or said what has no place here.
    mutating func take(_ reply: RedisValue) throws(LinkFailure) -> Step {
        if case .error(let text) = reply { throw LinkFailure("the server said \(text)") }
        if dueOpenings > 0 {
            guard case .status = reply else { throw Self.surprise(reply) }
            dueOpenings -= 1
            return .none
        }
        guard case .array(let parts) = reply, case .string(let kind)? = parts.first else {
            throw Self.surprise(reply)
        }
        switch (String(decoding: kind, as: UTF8.self), parts.count) {
        case ("message", 3):
            guard case .string(let channel) = parts[1], case .string(let payload) = parts[2],
                let index = channelIndexes[channel]
            else { throw Self.surprise(reply) }
            return message(index, channel, payload)
        case ("pmessage", 4):
            guard case .string(let pattern) = parts[1], case .string(let channel) = parts[2],
                case .string(let payload) = parts[3], let index = patternIndexes[pattern]
            else { throw Self.surprise(reply) }
            return message(index, channel, payload)
        case ("subscribe", 3), ("psubscribe", 3):
            guard dueConfirmations > 0 else { throw Self.surprise(reply) }
            dueConfirmations -= 1
            return dueConfirmations == 0 ? .serves : .none
        case ("pong", _): return .none
        default: throw Self.surprise(reply)
        }
    }

    private func message(_ index: Int, _ channel: [UInt8], _ payload: [UInt8]) -> Step {
        let subscription = subscriptions[index]
        var message = LinkMessage(subscription: index, origin: channel, payload: payload)
        if let pattern = patterns[index] {
            message.pattern = subscription.name
            // What Redis matches and we do not is a template without captures' business only.
            message.captures = pattern.captures(in: channel) ?? []
        }
        do throws(RoomError) {
            message.room = try subscription.template.room(
                origin: channel, captures: message.captures)
        } catch {
            return .unusable(
                origin: channel, reason: "no room can be made of its channel: \(error.sentence)")
        }
        guard message.room != nil else {
            return .unusable(origin: channel, reason: "its channel does not fit the template")
        }
        return .message(message)
    }

    private static func surprise(_ reply: RedisValue) -> LinkFailure {
        LinkFailure("the server sent \(reply.summary), which has no place here")
    }
}
