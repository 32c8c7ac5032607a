// Wire — messages in tests are written as JSON and sent in every serialization.

import Bytes
import Codecs
import Testing

@testable import WAMP

/// `json` as a peer with this serialization would send it.
func wire(_ json: String, _ serialization: Serialization) -> [UInt8] {
    var buffer = OctetBuffer()
    let text = Array(json.utf8)
    try! transcode(unsafe text.span.bytes, from: .json, to: serialization, into: &buffer)
    return buffer.octets.array
}

/// What was written, as JSON.
func json(_ octets: [UInt8], _ serialization: Serialization) -> String {
    var buffer = OctetBuffer()
    do {
        try transcode(unsafe octets.span.bytes, from: serialization, to: .json, into: &buffer)
    } catch {
        return "\(error): \(octets)"
    }
    return buffer.octets.text
}

let router = Receiver.router(.established, .loose)

func decode(
    _ octets: [UInt8], _ serialization: Serialization, _ receiver: Receiver = router
) throws(MessageError) -> Message {
    try Message.decode(unsafe octets.span.bytes, as: serialization, for: receiver)
}

/// The error a message is taken with; `nil` when it is taken.
func failure(
    _ octets: [UInt8], _ serialization: Serialization, _ receiver: Receiver = router
) -> MessageError? {
    do throws(MessageError) {
        _ = try decode(octets, serialization, receiver)
        return nil
    } catch {
        return error
    }
}

/// The phase of the session in which a client sends a message of this code.
func phase(for json: String) -> SessionPhase {
    if json.hasPrefix("[1,") { return .closed }
    return json.hasPrefix("[5,") ? .challenging : .established
}

/// Runs `body` with octets that live as long as it runs.
func lend<R>(_ text: String, _ body: (RawSpan) throws -> R) rethrows -> R {
    let octets = Array(text.utf8)
    return try unsafe body(octets.span.bytes)
}
