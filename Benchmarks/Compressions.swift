// Compressions — how often one publication is deflated, whoever its subscribers are.
//
// A count, not a time. What is said is one payload, so it is one: for the smallest window that a
// receiver agreed to (RFC 7692 §7.1.2.1), since matches must not reach farther back than that.

import DialectKit
import Engine
import Rooms
import Telemetry

enum Compressions {
    /// Subscribers of one kind.
    private typealias Crowd = (form: SpokenForm, windows: ClosedRange<Int>, reading: Reading?)

    static func find(in suite: inout Suite) {
        let cases: [(name: String, cores: Int, crowds: [Crowd])] = [
            ("openapi-ws", 1, [(.openAPI, 15...15, nil)]),
            ("openapi-ws, two cores", 2, [(.openAPI, 15...15, nil)]),
            ("openapi-ws, windows 9 to 15", 1, [(.openAPI, 9...15, nil)]),
            ("openapi-ws, two readings", 1, [(.openAPI, 15...15, 2), (.openAPI, 15...15, 1)]),
            ("tails", 1, [(.highTemplar, 15...15, nil)]),
            ("WAMP, two subscriptions", 1, [(.wamp, 15...15, 17), (.wamp, 15...15, 18)]),
            (
                "three dialects", 1,
                [(.openAPI, 15...15, nil), (.highTemplar, 15...15, nil), (.wamp, 15...15, nil)]
            ),
            (
                "three dialects, windows 9 to 15", 1,
                [(.openAPI, 9...15, nil), (.highTemplar, 9...15, nil), (.wamp, 9...15, nil)]
            ),
        ]
        for one in cases {
            suite.find("Compressions", one.name, "per publication") {
                count(one.crowds, coreCount: one.cores)
            }
        }
    }

    private static func count(_ crowds: [Crowd], coreCount: Int) -> Double {
        let subscribersPerWindow = 6
        let world = HubWorld(connectionLimit: 1024, coreCount: coreCount)
        var subscriberCount = 0
        for crowd in crowds {
            for windowBits in crowd.windows {
                world.subscribe(
                    subscribersPerWindow, crowd.form, windowBits: windowBits,
                    reading: crowd.reading)
                subscriberCount += subscribersPerWindow
            }
        }
        let publications = (0..<8).map { _ in
            Publication(realm: .standard, room: world.room, payload: jsonText(size: 600))
        }
        let figures = world.fanOut.publish(publications, turnCount: 1)
        world.fanOut.settle()
        precondition(figures.deliveryCount == publications.count * subscriberCount)
        precondition(world.count(of: .compressionsSkipped) == 0)
        return Double(world.count(of: .compressions)) / Double(publications.count)
    }
}
