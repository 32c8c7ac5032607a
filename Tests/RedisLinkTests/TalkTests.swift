import LinkKit
import Rooms
import Testing

@testable import RedisLink

private func text(_ commands: [RedisCommand]) -> [String] {
    commands.map { $0.map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ") }
}

private func array(_ words: String...) -> RedisValue {
    .array(words.map { .string(Array($0.utf8)) })
}

private func confirmation(_ kind: String, _ name: String, _ count: Int) -> RedisValue {
    .array([.string(Array(kind.utf8)), .string(Array(name.utf8)), .integer(count)])
}

@Suite("subscriber talk")
struct SubscriberTalkTests {
    private func settings() throws -> RedisSettings {
        let template = try RoomTemplate("notifications.{1}")
        return RedisSettings(subscriptions: [
            .channel("notifications"), .pattern("notifications:*", template: template),
            .channel("news.today"),
        ])
    }

    @Test("says who it is, then subscribes to everything at once")
    func opening() throws {
        var settings = try settings()
        settings.username = "app"
        settings.password = "secret"
        settings.database = 3
        #expect(
            text(SubscriberTalk(settings).commands) == [
                "AUTH app secret", "SELECT 3", "SUBSCRIBE notifications news.today",
                "PSUBSCRIBE notifications:*",
            ])
        settings.username = nil
        settings.database = 0
        #expect(text(SubscriberTalk(settings).commands).first == "AUTH secret")
        settings.password = nil
        settings.subscriptions = [.pattern("*")]
        #expect(text(SubscriberTalk(settings).commands) == ["PSUBSCRIBE *"])
    }

    @Test("serves when the last subscription is confirmed, and takes messages before")
    func conversation() throws {
        var settings = try settings()
        settings.password = "secret"
        var talk = SubscriberTalk(settings)
        #expect(try talk.take(.status("OK")) == .none)
        #expect(try talk.take(confirmation("subscribe", "notifications", 1)) == .none)
        let room = try Room(text: "notifications")
        #expect(
            try talk.take(array("message", "notifications", "Hi"))
                == .message(
                    LinkMessage(
                        subscription: 0, origin: Array("notifications".utf8), room: room,
                        payload: Array("Hi".utf8))))
        #expect(try talk.take(confirmation("subscribe", "news.today", 2)) == .none)
        #expect(try talk.take(confirmation("psubscribe", "notifications:*", 3)) == .serves)
        let numbered = try Room(text: "notifications.42")
        #expect(
            try talk.take(array("pmessage", "notifications:*", "notifications:42", "{}"))
                == .message(
                    LinkMessage(
                        subscription: 1, origin: Array("notifications:42".utf8),
                        pattern: "notifications:*", captures: [Array("42".utf8)], room: numbered,
                        payload: Array("{}".utf8))))
        #expect(try talk.take(array("pong", "")) == .none)
        let long = String(repeating: "x", count: 300)
        guard
            case .unusable(let origin, _) = try talk.take(
                array("pmessage", "notifications:*", "notifications:" + long, "{}"))
        else {
            Issue.record("a room of 300 octets")
            return
        }
        #expect(origin.count == 314)
    }

    @Test("a refusal ends the conversation with the server's words")
    func refusals() throws {
        for commandsDone in 0...1 {
            var settings = try settings()
            settings.password = "secret"
            var talk = SubscriberTalk(settings)
            for _ in 0..<commandsDone { _ = try talk.take(.status("OK")) }
            #expect(throws: LinkFailure("the server said WRONGPASS no")) {
                try talk.take(.error("WRONGPASS no"))
            }
        }
    }

    @Test("what has no place ends the conversation, whatever it is")
    func surprises() throws {
        let replies: [RedisValue] = [
            .status("OK"), .integer(1), .null, .string([1]), .array([]), .array([.null]),
            .array([.integer(1), .integer(2), .integer(3)]), array("message"),
            array("message", "other", "x"), array("pmessage", "other", "x", "y"),
            array("message", "notifications"), array("unsubscribe", "notifications", "0"),
            .array([.string(Array("message".utf8)), .null, .null]), array("shout", "a", "b"),
        ]
        for reply in replies {
            var talk = SubscriberTalk(try settings())
            #expect(throws: LinkFailure.self, "\(reply)") { try talk.take(reply) }
        }
        var talk = SubscriberTalk(RedisSettings(subscriptions: [.channel("a")]))
        #expect(try talk.take(confirmation("subscribe", "a", 1)) == .serves)
        #expect(throws: LinkFailure.self) { try talk.take(confirmation("subscribe", "a", 1)) }
    }
}

@Suite("publisher talk")
struct PublisherTalkTests {
    @Test("serves when the greeting is answered, and pairs answers with what was asked")
    func conversation() throws {
        var settings = RedisSettings(isPublisher: true)
        settings.password = "secret"
        var talk = PublisherTalk(settings)
        #expect(text(talk.commands) == ["AUTH secret", "PING"])
        #expect(try talk.take(.status("OK")) == .none)
        #expect(try talk.take(.status("PONG")) == .serves)
        #expect(text([talk.publish([0x31], to: [0x61])]) == ["PUBLISH a 1"])
        #expect(text([talk.ping()]) == ["PING"])
        _ = talk.publish([0x32], to: [0x62])
        #expect(talk.unansweredCount == 2)
        #expect(try talk.take(.integer(3)) == .published)
        #expect(try talk.take(.status("PONG")) == .none)
        #expect(
            try talk.take(.error("NOPERM"))
                == .refused(channel: [0x62], reason: "the server said NOPERM"))
        #expect(talk.unansweredCount == 0)
    }

    @Test("refusals of the opening and answers to nothing end it")
    func failures() throws {
        for reply in [RedisValue.error("LOADING"), .integer(1), .null, .array([])] {
            var talk = PublisherTalk(RedisSettings(isPublisher: true))
            #expect(throws: LinkFailure.self) { try talk.take(reply) }
        }
        var talk = PublisherTalk(RedisSettings(isPublisher: true))
        #expect(try talk.take(.status("PONG")) == .serves)
        #expect(throws: LinkFailure.self) { try talk.take(.integer(1)) }
    }
}

@Suite("outbox, health and settings")
struct RedisPartsTests {
    @Test("an outbox is bounded in count and octets, and open only while there is a connection")
    func outbox() {
        let outbox = Outbox(countLimit: 3, sizeLimit: 10)
        let small = Publication(channel: [1], payload: [2])
        #expect(outbox.append(small) == .refused)
        outbox.open()
        #expect(outbox.append(small) == .admitted(isFirst: true))
        #expect(outbox.append(small) == .admitted(isFirst: false))
        #expect(outbox.append(Publication(channel: [1], payload: [2, 3, 4, 5, 6, 7])) == .refused)
        #expect(outbox.append(small) == .admitted(isFirst: false))
        #expect(outbox.append(small) == .refused)
        // At least so many octets, in order; those under way count until they are answered.
        #expect(outbox.take(atLeast: 3).count == 2)
        #expect(outbox.append(small) == .refused)
        outbox.answered(2)
        #expect(outbox.append(small) == .admitted(isFirst: false))
        #expect(outbox.take(atLeast: 1).count == 1)
        #expect(outbox.close() == 2)
        #expect(outbox.append(small) == .refused)
        #expect(outbox.close() == 0)
        #expect(outbox.isEmpty)
    }

    @Test("a silent server is asked once, and lost after as long again")
    func health() {
        let start = ContinuousClock.now
        var health = Health(idleLimit: .seconds(10), now: start)
        #expect(health.check(now: start + .seconds(9)) == .well)
        #expect(health.check(now: start + .seconds(10)) == .ask)
        #expect(health.check(now: start + .seconds(19)) == .well)
        health.heard(now: start + .seconds(19))
        #expect(health.check(now: start + .seconds(28)) == .well)
        #expect(health.check(now: start + .seconds(30)) == .ask)
        #expect(health.deadline == start + .seconds(40))
        #expect(health.check(now: start + .seconds(40)) == .lost)
    }

    @Test("settings that cannot work say why")
    func settings() throws {
        #expect(RedisSettings().problems == ["nothing to subscribe to"])
        #expect(RedisSettings(isPublisher: true).problems == [])
        var settings = RedisSettings(subscriptions: [.channel("a"), .pattern("a"), .channel("a")])
        settings.username = "u"
        settings.database = -1
        #expect(
            settings.problems == [
                "a username without a password", "the database is a number from 0 on",
                "a is there twice",
            ])
        let template = try RoomTemplate("{2}")
        let one = RedisSettings(subscriptions: [.pattern("a:*", template: template)])
        #expect(one.problems == ["a:*: the template names {2}, and there are 1 wildcards"])
        let channel = RedisSettings(subscriptions: [.channel("*:*", template: template)])
        #expect(channel.problems.count == 1)
    }
}
