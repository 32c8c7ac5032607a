// Client — one end of a connection: says JSON in any form of WAMP, and hears values.

import Bytes
import Codecs
import DialectKit
import WAMP
import WAMPAuthentication

@testable import WAMPRouter

/// What a client hears: a message, or the end.
enum Heard: Equatable, CustomStringConvertible {
    case message(Value)
    case close(UInt16)

    var description: String {
        switch self {
        case .message(let value): "\(value)"
        case .close(let code): "close \(code)"
        }
    }
}

/// Every role with every feature.
let allRoles = #"""
    {"publisher":{"features":{"publisher_identification":true,"publisher_exclusion":true,"subscriber_blackwhite_listing":true,"payload_passthru_mode":true}},"subscriber":{"features":{"publisher_identification":true,"pattern_based_subscription":true,"subscription_revocation":true,"event_history":true,"payload_passthru_mode":true}},"caller":{"features":{"caller_identification":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_timeout":true,"call_canceling":true,"payload_passthru_mode":true}},"callee":{"features":{"caller_identification":true,"pattern_based_registration":true,"shared_registration":true,"call_timeout":true,"call_canceling":true,"progressive_call_results":true,"progressive_call_invocations":true,"registration_revocation":true,"call_reroute":true,"payload_passthru_mode":true}}}
    """#

final class Client {
    let hub: ModelHub
    let connection: ModelConnection
    private var waiting: [Heard] = []
    private(set) var id: UInt64 = 0
    private(set) var welcome = Value.null

    init(_ hub: ModelHub, _ form: WAMPForm = .json) {
        self.hub = hub
        connection = hub.open(form)
    }

    /// Connects and joins.
    static func joined(
        _ hub: ModelHub, _ form: WAMPForm = .json, realm: String = "realm1",
        details: String = "", secret: String? = nil, roles: String = allRoles
    ) -> Client {
        let client = Client(hub, form)
        client.join(realm, details: details, secret: secret, roles: roles)
        return client
    }

    func join(
        _ realm: String = "realm1", details: String = "", secret: String? = nil,
        roles: String = allRoles
    ) {
        let more = details.isEmpty ? "" : "," + details.dropFirst().dropLast()
        say(#"[1,"\#(realm)",{"roles":\#(roles)\#(more)}]"#)
        var answer = hear()
        if case .message(let message)? = answer, message[0].id == 4 {
            say("[5,\(Value.text(secret ?? "")),{}]")
            answer = hear()
        }
        guard case .message(let message)? = answer, message[0].id == 2 else {
            preconditionFailure("no welcome: \(String(describing: answer))")
        }
        id = message[1].id!
        welcome = message[2]
    }

    // MARK: Saying

    func say(_ json: String) { say([json]) }

    /// Several messages, in one batch where the form has batches.
    func say(_ messages: [String]) {
        let form = connection.form
        guard form.isBatched else {
            for message in messages {
                send(form.messageKind, wire(message, form.serialization))
            }
            return
        }
        var buffer = OctetBuffer()
        let framing = BatchFraming(form.serialization)
        for message in messages {
            let start = framing.begin(in: &buffer)
            buffer.append(wire(message, form.serialization))
            if form == .batchedJSON18 {
                buffer.append(0x18)
            } else {
                framing.end(start, in: &buffer)
            }
        }
        send(form.messageKind, buffer.octets.array)
    }

    func send(_ kind: MessageKind, _ octets: [UInt8]) {
        hub.send(kind, octets, from: connection)
    }

    // MARK: Hearing

    private func collect() {
        for arrival in connection.arrivals {
            switch arrival {
            case .close(let code): waiting.append(.close(code))
            case .message(let octets):
                for message in split(octets) {
                    waiting.append(
                        .message(Value(json(message, connection.form.serialization))))
                }
            }
        }
        connection.arrivals = []
    }

    private func split(_ octets: [UInt8]) -> [[UInt8]] {
        let form = connection.form
        guard form.isBatched else { return [octets] }
        // The separator is the client's as soon as the router has seen it.
        if form == .batchedJSON18, connection.realm != nil { precondition(octets.last == 0x18) }
        if form == .batchedJSON, connection.realm != nil { precondition(octets.last == 0x1E) }
        var framing = BatchFraming(form.serialization)
        var position = 0
        var messages: [[UInt8]] = []
        while let range = try! framing.next(in: unsafe octets.span.bytes, at: &position) {
            messages.append(Array(octets[range]))
        }
        return messages
    }

    func hear() -> Heard? {
        collect()
        return waiting.isEmpty ? nil : waiting.removeFirst()
    }

    /// Everything that has come, as JSON or "close 1000".
    func hearAll() -> [String] {
        collect()
        defer { waiting = [] }
        return waiting.map(\.description)
    }

    /// The next message; null when there is none.
    func message() -> Value {
        if case .message(let value)? = hear() { value } else { .null }
    }

    /// Says a request and returns what is heard next.
    func ask(_ json: String) -> Value {
        say(json)
        return message()
    }

    var isSilent: Bool {
        collect()
        return waiting.isEmpty
    }
}

/// `json` as a peer with this serialization would send it.
func wire(_ json: String, _ serialization: Serialization) -> [UInt8] {
    let text = Array(json.utf8)
    if serialization == .json { return text }
    var buffer = OctetBuffer()
    try! transcode(unsafe text.span.bytes, from: .json, to: serialization, into: &buffer)
    return buffer.octets.array
}

/// What was written, as JSON.
func json(_ octets: [UInt8], _ serialization: Serialization) -> [UInt8] {
    var buffer = OctetBuffer()
    try! transcode(unsafe octets.span.bytes, from: serialization, to: .json, into: &buffer)
    return buffer.octets.array
}

/// What a client answers to a challenge of WAMP-CRA.
func signature(challenge: String, secret: String) -> String {
    let key = Array(secret.utf8)
    return try! WAMPCRA.signature(of: challenge, key: unsafe key.span.bytes)
}
