// IdleConnection — octets of heap that a connection keeps when it has gone quiet.
//
// Counted by the allocator's blocks, its own octets in each included, after every pool has been
// used: connections come by their request, as from a socket, until only what they keep is left.
// What the tables have ready for each connection they may ever hold is a row of its own.

import CCounters
import Engine
import Telemetry

enum IdleConnection {
    static func find(in suite: inout Suite) {
        let cases: [(name: String, form: SpokenForm, messages: [String])] = [
            ("echo", .echo, []),
            ("openapi-ws", .openAPI, []),
            ("openapi-ws, one subscription", .openAPI, [subscribeCall]),
            (
                "WAMP, joined", .wamp, [#"[1,"realm1",{"roles":{"subscriber":{}}}]"#]
            ),
        ]
        for one in cases {
            suite.find("IdleConnection", one.name, "octets") { octets(one.form, one.messages) }
        }
        suite.find("IdleConnection", "a slot of the tables", "octets") { slotOctets() }
    }

    private static var subscribeCall: String {
        #"{"id":"s","method":"subscribe","payload":{"channel":"market.eu","event":"tick"}}"#
    }

    private static func octets(_ form: SpokenForm, _ messages: [String]) -> Double {
        let count = 1024
        let world = HubWorld(connectionLimit: 4 * count)
        let frames = messages.map { textFrame(Array($0.utf8)) }
        func open() {
            let peer = world.connect(form)
            for frame in frames { world.say(frame, peer) }
        }
        for _ in 0..<count { open() }
        counters_begin_octets()
        for _ in 0..<count { open() }
        let octets = counters_end_octets()
        let metrics = world.fanOut.state.metrics[0]
        precondition(metrics.value(of: .openWebSockets) == 2 * count)
        precondition(
            metrics.value(of: .subscriptions) == (messages.first == subscribeCall ? 2 * count : 0))
        return Double(octets) / Double(count)
    }

    private static func slotOctets() -> Double {
        let count = 4096
        func size(_ connectionLimit: Int) -> Int64 {
            counters_begin_octets()
            let world = HubWorld(connectionLimit: connectionLimit)
            let size = counters_end_octets()
            withExtendedLifetime(world.fanOut) {}
            return size
        }
        return Double(size(2 * count) - size(count)) / Double(count)
    }
}
