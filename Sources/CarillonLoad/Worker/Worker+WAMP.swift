// WAMP sessions — from an open WebSocket to one that is joined, and what clients say in it.
//
// A session begins with HELLO and WELCOME, perhaps a ticket between them, and then with the one
// request that the role of its client needs. Ids of requests count from there.

internal import Bytes
internal import Codecs
internal import WAMP
internal import WebSocket

// MARK: - Saying

extension Worker {
    /// Appends a message without payload to the arena; who calls queues it.
    mutating func write(_ words: WAMPWords, _ speech: WAMPSpeech) {
        var text = takeMessage()
        speech.write(words, Payload(), into: &text)
        let mask = freshMask()
        FrameWriter.writeMessage(
            speech.isBinary ? .binary : .text, text.octets, mask: mask, into: &arena)
        swap(&text, &message)
    }

    /// Appends a PUBLISH or CALL whose only argument is a stamped payload.
    mutating func write(
        _ words: WAMPWords, _ stamp: Stamp, _ speech: WAMPSpeech, _ slot: Int
    ) {
        var payload = OctetBuffer(capacity: 0)
        var arguments = OctetBuffer(capacity: 0)
        swap(&payload, &payloadOctets)
        swap(&arguments, &argumentOctets)
        payload.removeAll()
        arguments.removeAll()
        stamp.writePayload(into: &payload, seed: seed)
        speech.writeArguments(payload.octets, into: &arguments)
        write(
            words,
            Payload(
                octets: arguments.octets, serialization: speech.serialization,
                arguments: Extent(0..<arguments.count)), speech, slot)
        swap(&payload, &payloadOctets)
        swap(&arguments, &argumentOctets)
    }

    mutating func write(
        _ words: WAMPWords, _ payload: borrowing Payload, _ speech: WAMPSpeech, _ slot: Int
    ) {
        var text = takeMessage()
        speech.write(words, payload, into: &text)
        frame(text, slot, isBinary: speech.isBinary)
        swap(&text, &message)
    }
}

// MARK: - Joining

extension Worker {
    /// The WebSocket is open: joins the realm.
    mutating func join(_ slot: Int, _ speech: WAMPSpeech) {
        let client = unsafe clients.pointer(slot)
        unsafe client.pointee.isJoined = false
        let start = arena.count
        write(.hello, speech)
        queue(from: start, for: slot)
    }

    /// A message came before the client was ready.
    mutating func heardInGreeting(
        _ message: Message, _ octets: RawSpan, _ slot: Int, _ speech: WAMPSpeech
    ) {
        let client = unsafe clients.pointer(slot)
        let isJoined = unsafe client.pointee.isJoined
        switch (message.code, isJoined) {
        case (.challenge, false):
            let method = message.nameText(in: octets).map { String(decoding: $0, as: UTF8.self) }
            guard speech.ticket != nil, method == "ticket" else {
                openingFailed(
                    slot,
                    "the router wants to authenticate by \(method ?? "?"); only tickets are "
                        + "spoken: --authid and --ticket")
                return
            }
            write(.authenticate, speech)
        case (.welcome, false): joined(slot, speech)
        case (.subscribed, true), (.registered, true):
            let isSubscribed = message.code == .subscribed
            if unsafe message.request == WAMPSpeech.firstRequest
                && isSubscribed == (client.pointee.role == .subscriber)
            {
                unsafe client.pointee.subscription = message.target
                becameReady(slot)
            } else {
                heardInstead[slot] = speech.describe(message, in: octets)
            }
        case (.abort, _), (.goodbye, _), (.error, true):
            openingFailed(
                slot, "the router refused a session: \(speech.describe(message, in: octets))")
        default: heardInstead[slot] = speech.describe(message, in: octets)
        }
    }

    /// WELCOME: asks for what the role needs, which has the first request id of the session.
    private mutating func joined(_ slot: Int, _ speech: WAMPSpeech) {
        let client = unsafe clients.pointer(slot)
        unsafe client.pointee.isJoined = true
        unsafe client.pointee.firstRequest = client.pointee.requestCount
        switch unsafe client.pointee.role {
        case .subscriber:
            write(speech.subscription(room: room(of: slot), coverage(of: slot)), speech)
        case .callee: write(.register, speech)
        case .publisher, .requester, .visitor, .idler: becameReady(slot)
        }
    }

    /// What a client still waits for, when it waited too long.
    func awaitedInGreeting(_ slot: Int) -> String {
        let client = unsafe clients.pointer(slot)
        guard unsafe client.pointee.isJoined else { return "WELCOME" }
        return unsafe client.pointee.role == .callee ? "REGISTERED" : "SUBSCRIBED"
    }

    /// The id of request `number` of a client: sessions count from 1 (reference §2.1).
    func requestID(_ number: UInt32, _ slot: Int) -> UInt64 {
        let first = unsafe clients.pointer(slot).pointee.firstRequest
        return UInt64(number &- first) + WAMPSpeech.firstRequest
    }
}
