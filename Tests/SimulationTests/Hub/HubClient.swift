// HubClient — one client of the hub: how each dialect subscribes, publishes and calls, and what it
// hears, as trees.
//
// The names of rooms are made here by the table of One-Hub.md alone, not by the server's code.

import Bytes
import Codecs
import Engine
import Hub
import Rooms
import WebSocket

final class HubClient {
    let tongue: Tongue
    let client: SimulatedClient
    private unowned let hub: HubWorld
    private var requestCount = 0

    init(_ tongue: Tongue, _ client: SimulatedClient, _ hub: HubWorld) {
        self.tongue = tongue
        self.client = client
        self.hub = hub
    }

    func nextRequest() -> Int {
        requestCount += 1
        return requestCount
    }

    // MARK: octets

    /// Sends one message, JSON as its dialect's form has it, and lets everybody settle.
    func say(_ json: String) {
        if let serialization = tongue.serialization, serialization != .json {
            client.write(.binary, wire(json, serialization))
        } else {
            client.write(json)
        }
        hub.exchangeAll()
    }

    /// Messages since it was last asked, as JSON.
    func heardTexts() -> [String] {
        hub.exchangeAll()
        return client.takeArrivals().compactMap { arrival in
            switch arrival {
            case .message(let text): text
            case .binary(let octets):
                tongue.serialization.map { Self.json(octets, $0) } ?? "unexpected octets"
            default: nil
            }
        }
    }

    func heard() -> [JSONTree] { heardTexts().map { JSONTree($0) } }

    private static func json(_ octets: [UInt8], _ serialization: Serialization) -> String {
        var text = OctetBuffer()
        try! transcode(unsafe octets.span.bytes, from: serialization, to: .json, into: &text)
        return text.octets.text
    }

    // MARK: rooms

    /// Subscribes to one room; Shampoo's clients are there already.
    ///
    /// - Returns: Whether it has a name for the room and was let in.
    func subscribe(to room: Room) -> Bool {
        switch tongue {
        case .openAPI:
            guard let name = ChannelName(room) else { return false }
            return subscribe(channel: name.channel, event: name.event)
        case .highTemplar:
            guard let room = TemplarRoom(room) else { return false }
            return join(room.text)
        case .rohrpost:
            guard let group = room.plainName else { return false }
            return subscribe(group: group)
        case .shampoo: return true
        case .json, .messagePack, .cbor:
            guard let uri = room.uri else { return false }
            return subscribe(uri: uri)
        }
    }

    func subscribe(channel: String, event: String) -> Bool {
        let names = "{\"channel\":\(quoted(channel)),\"event\":\(quoted(event))}"
        say("{\"id\":\"s\",\"method\":\"subscribe\",\"payload\":\(names)}")
        return heard().contains { $0["response"] != nil }
    }

    /// high-templar's subscribe, with `"r"` as its requestId.
    func join(_ room: String) -> Bool {
        _ = heard()
        say("{\"type\":\"subscribe\",\"room\":\(room),\"requestId\":\"r\"}")
        return heard() == [JSONTree(#"{"code":"success"}"#)]
    }

    func subscribe(group: String) -> Bool {
        let data = "{\"type\":\"group\",\"id\":\(quoted(group))}"
        say("{\"id\":1,\"type\":\"subscribe\",\"data\":\(data)}")
        return heard().contains { $0["data"]?["group"] == .text(group) }
    }

    func subscribe(uri: String, match: String = "exact") -> Bool {
        say("[32,\(nextRequest()),{\"match\":\"\(match)\"},\(quoted(uri))]")
        return heard().contains { $0.items?.first == .number("33") }
    }

    /// Publishes one value in a room as its own dialect does.
    ///
    /// - Returns: Whether that was possible.
    func publish(_ room: Room, _ json: String) -> Bool {
        switch tongue {
        case .openAPI:
            guard let name = ChannelName(room) else { return false }
            let names = "\"channel\":\(quoted(name.channel)),\"event\":\(quoted(name.event))"
            say("{\"id\":\"p\",\"method\":\"publish\",\"payload\":{\(names),\"data\":\(json)}}")
            return heard().contains { $0["response"] != nil }
        case .json, .messagePack, .cbor: return publish(room, arguments: "[\(json)]")
        case .highTemplar, .rohrpost, .shampoo: return false
        }
    }

    /// A WAMP publication.
    ///
    /// - Parameter arguments: `[…]` or `[…],{…}`, or nothing.
    func publish(_ room: Room, arguments: String) -> Bool {
        guard let uri = room.uri else { return false }
        let rest = arguments.isEmpty ? "" : "," + arguments
        say("[16,\(nextRequest()),{\"acknowledge\":true},\(quoted(uri))\(rest)]")
        return heard().contains { $0.items?.first == .number("17") }
    }

    // MARK: calls

    /// Calls a procedure with an object, and says nothing of what came back.
    func call(_ procedure: String, _ object: String) {
        switch tongue {
        case .openAPI:
            say("{\"id\":\"c\",\"method\":\(quoted(procedure)),\"payload\":\(object)}")
        case .rohrpost: say("{\"id\":7,\"type\":\(quoted(procedure)),\"data\":\(object)}")
        case .shampoo:
            say(
                "{\"type\":\"request\",\"method\":\(quoted(procedure)),\"request_data\":\(object),"
                    + "\"request_id\":3}")
        case .json, .messagePack, .cbor: call(procedure, arguments: "[\(object)]")
        case .highTemplar: preconditionFailure("high-templar has no calls")
        }
    }

    func call(_ procedure: String, arguments: String, options: String = "{}") {
        let rest = arguments.isEmpty ? "" : "," + arguments
        say("[48,\(nextRequest()),\(options),\(quoted(procedure))\(rest)]")
    }

    /// - Returns: Whether the router took it.
    func register(_ procedure: String, match: String = "exact") -> Bool {
        say("[64,\(nextRequest()),{\"match\":\"\(match)\"},\(quoted(procedure))]")
        return heard().contains { $0.items?.first == .number("65") }
    }

    /// The invocation that has come: its id, and its arguments as they came.
    func takeInvocation() -> (id: String, said: Said)? {
        for message in heard() {
            guard let items = message.items, items.first == .number("68"),
                case .number(let id)? = items.dropFirst().first
            else { continue }
            return (id, Said(items.dropFirst(4)))
        }
        return nil
    }

    func yield(_ id: String, _ arguments: String) {
        say("[70,\(id),{}\(arguments.isEmpty ? "" : "," + arguments)]")
    }

    func fail(_ id: String, _ uri: String, _ arguments: String) {
        say("[8,68,\(id),{},\(quoted(uri))\(arguments.isEmpty ? "" : "," + arguments)]")
    }
}

/// A text as JSON.
func quoted(_ text: String) -> String {
    var buffer = OctetBuffer()
    buffer.append(jsonString: text)
    return buffer.octets.text
}

// MARK: - The names that a room has

extension Room {
    init(_ segments: [String]) {
        self.init()
        for segment in segments {
            let octets = Array(segment.utf8)
            try! unsafe append(octets.span.bytes)
        }
    }

    /// `nil` when one of them is no text.
    var texts: [String]? {
        let texts = (0..<segmentCount).map { String(validating: self[segment: $0], as: UTF8.self) }
        return texts.contains(nil) ? nil : texts.compactMap { $0 }
    }

    /// The dotted name, where the dots are exactly the borders.
    var plainName: String? {
        guard let texts, !texts.contains(where: { $0.utf8.contains(0x2E) }) else { return nil }
        let name = texts.joined(separator: ".")
        return name.isEmpty ? nil : name
    }

    /// The URI: the dotted name, if no component is empty, and none has white space or `#`.
    var uri: String? {
        guard let name = plainName, let texts else { return nil }
        let isURI = texts.allSatisfy { text in
            !text.isEmpty
                && !text.unicodeScalars.contains {
                    $0 == "#" || $0.properties.isWhitespace || (0x1C...0x1F).contains($0.value)
                }
        }
        return isURI ? name : nil
    }
}

/// The channel and event that reach a room: the last segment is the event, dots and all.
struct ChannelName {
    let channel: String
    /// As a pattern and as a name at once: there is no `*`, `?` or `[` in it.
    let event: String

    init?(_ room: Room) {
        guard let texts = room.texts, texts.count > 1, let event = texts.last,
            !event.isEmpty, !event.contains(where: { "*?[]!\\".contains($0) }),
            !texts.dropLast().contains(where: { $0.utf8.contains(0x2E) })
        else { return nil }
        channel = texts.dropLast().joined(separator: ".")
        self.event = event
    }
}

/// The JSON object that a room is to high-templar: the first segment lists its keys.
struct TemplarRoom {
    let text: String

    init?(_ room: Room) {
        guard let texts = room.texts, texts.count > 1 else { return nil }
        let keys = texts[0].split(separator: "&", omittingEmptySubsequences: false).map(String.init)
        let values = texts.dropFirst()
        guard keys.count == values.count, keys == keys.sorted(), Set(keys).count == keys.count,
            !texts[0].contains("%")
        else { return nil }
        let members = zip(keys, values).map { key, value in
            quoted(key) + ":" + (value.hasPrefix(":") ? String(value.dropFirst()) : quoted(value))
        }
        text = "{\(members.joined(separator: ","))}"
    }
}
