// fuzzSession — whatever two clients of a WAMP router send, in any form and any order, nobody traps,
// everything that is said is a message, and the books agree with what the engine was told.
//
// The first octet chooses the form of the first client (the second one speaks JSON) and whether it
// joins by itself. What follows are messages, each with two octets in front: who does what (below)
// and how many octets belong to it. The router's outside world is a counter.

import Bytes
import Codecs
import DialectKit
import Hub
import WAMP
import WAMPRouter

func fuzzSession(_ bytes: UnsafeRawBufferPointer) {
    let input = unsafe Array(bytes)
    guard let choice = input.first else { return }
    let world = FuzzWorld(WAMPForm.allCases[Int(choice) % WAMPForm.allCases.count])
    if choice & 0x80 != 0 { world.join(0) }
    world.join(1)
    var position = 1
    while position + 2 <= input.count {
        let (action, size) = (input[position], Int(input[position + 1]))
        position += 2
        let octets = Array(input[position..<min(position + size, input.count)])
        position += octets.count
        world.act(action, octets)
    }
    world.end()
}

extension FuzzWorld {
    func act(_ action: UInt8, _ octets: [UInt8]) {
        let connection = connections[Int(action & 1)]
        switch action >> 1 & 7 {
        case 0...3: receive(connection, octets)
        case 4:  // as it would be written in the form of the connection
            guard (try? JSONScanner.document(unsafe octets.span.bytes)) != nil,
                UTF8Checker.accepts(unsafe octets.span.bytes)
            else { return }
            receive(connection, framed(octets, connection.form))
        case 5:
            guard connection.awaitsTime else { return }
            connection.awaitsTime = false
            call(connection) { $0.timePassed(&$1) }
        case 6:
            now += 1_000_000_000
            var actions: [DealerAction] = []
            dealer.expire(now: now, &actions)
            post(actions)
            readMail()
        default:
            if octets.isEmpty { call(connection) { $0.drained(.goingAway, &$1) } } else { lose(connection) }
        }
    }

    func join(_ place: Int) {
        let hello =
            #"[1,"realm1",{"roles":{"subscriber":{"features":{"subscription_revocation":true}},"caller":{"features":{"call_canceling":true}},"callee":{"features":{"call_canceling":true,"progressive_call_results":true,"progressive_call_invocations":true,"call_reroute":true}}}}]"#
        let connection = connections[place]
        receive(connection, framed(Array(hello.utf8), connection.form))
        precondition(connection.realm != nil)
    }

    func end() {
        for connection in connections { lose(connection) }
        precondition(dealer.partyCount == 0 && dealer.registrationCount == 0)
        precondition(dealer.pendingCallCount == 0 && addresses.isEmpty)
    }

    private func framed(_ json: [UInt8], _ form: WAMPForm) -> [UInt8] {
        var buffer = OctetBuffer()
        let framing = BatchFraming(form.serialization)
        let start = form.isBatched ? framing.begin(in: &buffer) : 0
        guard
            (try? transcode(
                unsafe json.span.bytes, from: .json, to: form.serialization, into: &buffer))
                != nil
        else { return [] }
        if form == .batchedJSON18 {
            buffer.append(0x18)
        } else if form.isBatched {
            framing.end(start, in: &buffer)
        }
        return buffer.octets.array
    }

    private func receive(_ connection: FuzzConnection, _ octets: [UInt8]) {
        // WebSocket lets only UTF-8 through in text; RawSocket leaves that to the session.
        guard
            connection.form.isRaw || connection.form.serialization != .json
                || UTF8Checker.accepts(unsafe octets.span.bytes)
        else { return }
        call(connection, inbound: octets) {
            $0.receive(connection.form.messageKind, unsafe octets.span.bytes, &$1)
        }
    }
}
