// Reply — what goes back to a caller: a response or an error (specification §2.2, §2.3).
//
// Written straight into the octets of the turn. `id` and `method` go back as they were sent.

import Bytes
import Codecs
import DialectKit

/// Whom an answer is for.
internal struct Caller: ~Escapable {
    /// The call's `id` as sent, whatever it is; empty when it had none.
    let id: RawSpan
    /// The call's `method` with its quotes; empty when errors must not tell it.
    let method: RawSpan

    /// Nobody we could name: the message was not even an object.
    @_lifetime(immortal)
    init() {
        id = RawSpan()
        method = RawSpan()
    }

    @_lifetime(copy id, copy method)
    init(id: RawSpan, method: RawSpan) {
        self.id = id
        self.method = method
    }

    /// The sender of a call. `method` is told once the envelope is known to be right (§2.3).
    @_lifetime(copy call)
    init(of call: borrowing Envelope, tellingMethod: Bool) {
        id = call.raw(call.id)
        let isTold = tellingMethod && call.method?.kind == .string
        method = call.raw(isTold ? call.method : nil)
    }
}

extension Commands {
    /// Writes `{"id":…,"method":…,"response":`; the value and `endReply` have to follow.
    ///
    /// - Returns: Where the reply begins.
    internal mutating func beginResponse(_ caller: borrowing Caller) -> Int {
        let start = octets.count
        octets.append(literal: #"{"id":"#)
        octets.append(caller.id)
        octets.append(literal: #","method":"#)
        octets.append(caller.method)
        octets.append(literal: #","response":"#)
        return start
    }

    /// Closes the object that began at `start` and queues it.
    internal mutating func endReply(from start: Int) {
        octets.append(0x7D)
        append(.reply(.text, start..<octets.count))
    }

    /// Queues `{"error":{"message":…,"errors":{…}},"id":…,"method":…}`.
    internal mutating func refuse(_ caller: borrowing Caller, _ message: String) {
        refuse(caller, message, Problems())
    }

    /// Queues the error of a call whose members are at fault.
    internal mutating func refuse(_ caller: borrowing Caller, _ problems: Problems) {
        refuse(caller, "Invalid RPC parameters", problems)
    }

    private mutating func refuse(
        _ caller: borrowing Caller, _ message: String, _ problems: Problems
    ) {
        noteError()
        let start = octets.count
        octets.append(literal: #"{"error":{"message":"#)
        octets.append(jsonString: message)
        if !problems.isEmpty {
            octets.append(literal: #","errors":"#)
            problems.write(into: &octets)
        }
        octets.append(0x7D)
        // The reference leaves out what is false to Python, and reads fractions as decimals.
        if !caller.id.isFalseToPython(fractions: .decimal) {
            octets.append(literal: #","id":"#)
            octets.append(caller.id)
        }
        if caller.method.byteCount > 2 {
            octets.append(literal: #","method":"#)
            octets.append(caller.method)
        }
        endReply(from: start)
    }
}

extension OctetBuffer {
    /// Appends a literal as the octets it is in the binary. Without the label a literal is a
    /// `String` first, which costs more than the copy.
    internal mutating func append(literal text: StaticString) { append(text) }
}
