// Reply — what goes back to a client: `id`, `type`, `error`, `data`, each only if it says something
// (specification §2, §3).
//
// Written straight into the octets of the turn. `id` and `type` go back as they were sent.

internal import Bytes
internal import Codecs
internal import DialectKit

/// Whom an answer is for, and about what. Either is empty where it is not told.
internal struct Caller: ~Escapable {
    /// The JSON value that the message had as its id.
    let id: RawSpan
    /// The JSON value that the answer has as its type.
    let type: RawSpan

    /// Nobody we could name.
    @_lifetime(immortal)
    init() {
        id = RawSpan()
        type = RawSpan()
    }

    @_lifetime(copy id, copy type)
    init(id: RawSpan, type: RawSpan) {
        self.id = id
        self.type = type
    }

    @_lifetime(copy call)
    init(of call: borrowing Envelope) {
        id = call.raw(call.id)
        type = call.raw(call.type)
    }
}

/// Words of the specification.
internal enum Wording {
    static let empty = "Received empty message."
    static let notAnObject = "Expected a JSON object as message."
    static let noType = "Missing required field 'type'."
    static let noID = "Missing required field 'id'."
    static let denied = "ACCESS_DENIED"
    static let failed = "Internal server error."
    /// Behind this, the detail is free.
    static let noJSON = "Could not decode JSON message. Error: "
}

extension Commands {
    /// Writes the beginning of an answer, up to and without its `data`.
    ///
    /// - Returns: Where the answer begins.
    internal mutating func beginAnswer(_ caller: borrowing Caller) -> Int {
        let start = octets.count
        octets.append(0x7B)
        if !caller.id.isFalseToPython() { appendMember(#""id":"#, caller.id, after: start) }
        if !caller.type.isFalseToPython() { appendMember(#""type":"#, caller.type, after: start) }
        return start
    }

    /// Closes the object that began at `start` and queues it.
    internal mutating func endAnswer(from start: Int) {
        octets.append(0x7D)
        appendReply(.text, from: start)
    }

    /// An answer without data.
    internal mutating func answer(_ caller: borrowing Caller) {
        endAnswer(from: beginAnswer(caller))
    }

    /// An answer with this JSON value as its data: an object as it is, and left out when it is
    /// empty; anything else as the one member of an object (§2, §4.1).
    internal mutating func answer(_ caller: borrowing Caller, data: RawSpan) {
        let start = beginAnswer(caller)
        if data.byteCount > 0, data[octet: 0] == 0x7B {
            if !data.isFalseToPython() { appendMember(#""data":"#, data, after: start) }
        } else {
            appendMember(#""data":{"data":"#, data, after: start)
            octets.append(0x7D)
        }
        endAnswer(from: start)
    }

    /// Adds a member to the answer that began at `start`.
    ///
    /// - Parameter name: The member's name and its colon.
    internal mutating func appendMember(
        _ name: StaticString, _ value: RawSpan, after start: Int
    ) {
        if octets.count > start + 1 { octets.append(0x2C) }
        octets.append(name)
        octets.append(value)
    }

    /// Queues an error.
    ///
    /// - Parameters:
    ///   - text: The contents of a JSON string, at least one octet.
    ///   - isMirrored: Whether `data.error` says it, too (§2.1).
    ///   - isMistake: Whether it counts for those who only make mistakes.
    internal mutating func refuse(
        _ caller: borrowing Caller, contents text: RawSpan, isMirrored: Bool,
        isMistake: Bool = true
    ) {
        assert(text.byteCount > 0)
        if isMistake { noteError() }
        let start = beginAnswer(caller)
        appendMember(#""error":""#, text, after: start)
        octets.append(0x22)
        if isMirrored {
            appendMember(#""data":{"error":""#, text, after: start)
            octets.append("\"}" as StaticString)
        }
        endAnswer(from: start)
    }
}
