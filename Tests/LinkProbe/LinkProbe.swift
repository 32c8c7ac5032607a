// LinkProbe — a link on its own, for tests that start real brokers (Tests/EndToEnd/test_links_*.py).
//
//     LinkProbe rabbitmq port=5672 templar=hightemplar 'source=queue|exchange|topic|a.*;b.#|{1}'
//     LinkProbe redis port=6379 'channel=notifications' 'pattern=n:*|n.{1}' publisher
//
// Everything that happens is a line of JSON: messages, events, answers. Lines of the standard input
// are commands: `status`, `publish CHANNEL PAYLOAD`, `flood CHANNEL COUNT`. Its end stops the link.

import Bytes
import Glibc
import LinkKit
import RabbitMQLink
import RedisLink
import Rooms
import Telemetry

@main
struct LinkProbe {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        do {
            switch arguments.first {
            case "rabbitmq": try rabbitMQ(options(arguments.dropFirst()))
            case "redis": try redis(options(arguments.dropFirst()))
            default: fail("rabbitmq or redis?")
            }
        } catch { fail("\(error)") }
    }

    private static func rabbitMQ(_ options: [(String, String)]) throws {
        var settings = RabbitMQSettings(consumers: [])
        settings.connectionName = "probe"
        var pause: UInt32 = 0
        for (key, value) in options {
            switch key {
            case "port": settings.port = UInt16(value) ?? 0
            case "host": settings.host = value
            case "user": settings.username = value
            case "password": settings.password = value
            case "vhost": settings.virtualHost = value
            case "heartbeat": settings.heartbeat = .seconds(Int(value) ?? 0)
            case "answer": settings.answerLimit = .milliseconds(Int(value) ?? 0)
            case "retry": settings.retryCeiling = .milliseconds(Int(value) ?? 0)
            case "limit": settings.messageLimit = Int(value) ?? 0
            case "slow": pause = UInt32(value) ?? 0
            case "templar": settings.consumers.append(.highTemplar(exchange: value))
            case "source", "transient", "passive":
                settings.consumers.append(.source(try source(value, key)))
            default: fail("no option \(key)")
            }
        }
        guard settings.problems.isEmpty else { fail(settings.problems.joined(separator: "; ")) }
        let status = LinkStatus(kind: .rabbitmq, name: "probe")
        let link = try RabbitMQLink(
            settings,
            desk: LinkDesk(
                status: status,
                handler: { [pause] message in
                    usleep(pause * 1000)
                    return take(message)
                }, report: say))
        try link.start()
        serve(status) { _, _ in false }
        link.stop()
    }

    /// queue|exchange|kind|bindings with `;`|template
    private static func source(_ text: String, _ kind: String) throws -> RabbitMQSource {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        var source = RabbitMQSource(queue: parts[0])
        source.isDurable = kind != "transient"
        source.declaresQueue = kind != "passive"
        if parts.count > 3 {
            source.exchange = RabbitMQExchange(name: parts[1], kind: .init(rawValue: parts[2]))
            source.bindings = parts[3].split(separator: ";").map(String.init)
        }
        if parts.count > 4 { source.template = try RoomTemplate(parts[4]) }
        return source
    }

    private static func redis(_ options: [(String, String)]) throws {
        var settings = RedisSettings()
        for (key, value) in options {
            let (name, template) = try named(value)
            switch key {
            case "port": settings.address = .tcp(host: "localhost", port: UInt16(value) ?? 0)
            case "socket": settings.address = .unix(path: value)
            case "user": settings.username = value
            case "password": settings.password = value
            case "database": settings.database = Int(value) ?? 0
            case "idle": settings.idleLimit = .milliseconds(Int(value) ?? 0)
            case "answer": settings.answerLimit = .milliseconds(Int(value) ?? 0)
            case "retry": settings.retryCeiling = .milliseconds(Int(value) ?? 0)
            case "limit": settings.messageLimit = Int(value) ?? 0
            case "queue": settings.queueLimit = Int(value) ?? 0
            case "publisher": settings.isPublisher = true
            case "channel": settings.subscriptions.append(.channel(name, template: template))
            case "pattern": settings.subscriptions.append(.pattern(name, template: template))
            default: fail("no option \(key)")
            }
        }
        guard settings.problems.isEmpty else { fail(settings.problems.joined(separator: "; ")) }
        let status = LinkStatus(kind: .redis, name: "probe")
        let link = try RedisLink(
            settings, desk: LinkDesk(status: status, handler: take, report: say))
        try link.start()
        serve(status) { channel, payload in
            link.publish(Array(payload.utf8), to: Array(channel.utf8))
        }
        link.stop()
    }

    /// name|template
    private static func named(_ text: String) throws -> (String, RoomTemplate) {
        guard let bar = text.firstIndex(of: "|") else { return (text, .standard) }
        return (String(text[..<bar]), try RoomTemplate(String(text[text.index(after: bar)...])))
    }

    private static func options(_ words: ArraySlice<String>) -> [(String, String)] {
        words.map { word in
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
    }

    /// Carries out commands until there are no more.
    private static func serve(_ status: LinkStatus, _ publish: (String, String) -> Bool) {
        while let line = readLine() {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            switch words.first {
            case "status":
                let counters = LinkCounter.allCases.map { "\"\($0)\":\(status[$0])" }
                let numbers = counters.joined(separator: ",")
                Line(#"{"status":{"connected":\#(status.isConnected),\#(numbers)}}"#).write()
            case "publish":
                Line(#"{"accepted":\#(publish(words[1], words[2]))}"#).write()
            case "flood":
                var accepted = 0
                for number in 0..<(Int(words[2]) ?? 0) where publish(words[1], "\(number)") {
                    accepted += 1
                }
                Line(#"{"flooded":\#(accepted)}"#).write()
            default: fail("no command \(line)")
            }
        }
    }

    @Sendable
    private static func take(_ message: LinkMessage) -> LinkVerdict {
        var line = Line(#"{"message":{"subscription":\#(message.subscription)"#)
        line.add("origin", message.origin)
        if let pattern = message.pattern { line.add("pattern", Array(pattern.utf8)) }
        if let room = message.room { line.add("room", Array(room.text.utf8)) }
        if let id = message.messageID { line.add("id", id) }
        line.text.append(#","data":"#)
        line.text.append(PayloadText.json(message.payload))
        line.text.append("}}")
        line.write()
        return message.payload == Array("refuse me".utf8) ? .rejected("it said so") : .taken
    }

    @Sendable
    private static func say(_ event: LinkEvent) {
        var line: Line
        switch event {
        case .connected(let gap):
            line = Line(#"{"event":"connected""#)
            if let gap { line.add("gap", Array("\(gap)".utf8)) }
        case .lost(let reason, _):
            line = Line(#"{"event":"lost""#)
            line.add("reason", Array(reason.utf8))
        case .refused(let reason, _):
            line = Line(#"{"event":"refused""#)
            line.add("reason", Array(reason.utf8))
        case .rejected(let origin, let reason):
            line = Line(#"{"event":"rejected""#)
            line.add("origin", Array(origin.utf8))
            line.add("reason", Array(reason.utf8))
        }
        line.text.append("}")
        line.write()
    }

    private static func fail(_ reason: String) -> Never {
        Line("{\"failure\":\"" + reason.filter { $0 != "\"" } + "\"}").write()
        exit(2)
    }
}

/// A line of JSON on the standard output.
private struct Line: ~Copyable {
    var text = OctetBuffer(capacity: 256)

    init(_ beginning: String) { text.append(beginning) }

    mutating func add(_ key: String, _ value: [UInt8]) {
        text.append(",\"\(key)\":")
        text.append(PayloadText.jsonString(value))
    }

    /// In one piece: threads write at the same time, and a test reads lines.
    consuming func write() {
        text.append(0x0A)
        let octets = text.octets.array
        var rest = octets[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(1, $0.baseAddress, $0.count)
            }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
