// PublicationPath — a publication's whole way: a client's frame, its dialect, the room, everybody.
//
// One item is one publication: received, unmasked, scanned, answered, matched, encoded, queued and
// sent to all subscribers, in turns of its own. What it allocates is what a publication is (the
// object, its room, its payload), what compression keeps, and what takes it to another core.

import Bytes
import DialectKit
import Engine

struct PublicationPath: Work, ~Copyable {
    private let world: HubWorld
    private let publisher: FanOutPeer
    private let frame: [UInt8]
    private let subscriberCount: Int
    let publicationCount: Int

    /// - Parameters:
    ///   - form: What the subscribers speak.
    ///   - publisherForm: What the publisher speaks.
    ///   - windowBits: What messages to the subscribers are deflated with.
    init(
        _ form: SpokenForm, from publisherForm: SpokenForm, subscriberCount: Int,
        publicationCount: Int, windowBits: Int? = nil, coreCount: Int = 1
    ) {
        world = HubWorld(connectionLimit: subscriberCount + 64, coreCount: coreCount)
        self.subscriberCount = subscriberCount
        self.publicationCount = publicationCount
        world.subscribe(subscriberCount, form, windowBits: windowBits)
        publisher = world.connect(publisherForm)
        if publisherForm == .wamp {
            world.say(
                textFrame(Array(#"[1,"realm1",{"roles":{"publisher":{}}}]"#.utf8)), publisher)
            let head = #"[16,1,{},"market.eu.tick",["#
            frame = textFrame(Array(head.utf8) + jsonText(size: 128) + Array("]]".utf8))
        } else {
            frame = textFrame(publishMessage(dataSize: 128))
        }
    }

    var itemCount: Int { publicationCount }
    var deliveryCount: Int { publicationCount * subscriberCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        let before = world.fanOut.figures
        for _ in 0..<publicationCount { world.say(frame, publisher) }
        let after = world.fanOut.figures
        precondition(after.deliveryCount - before.deliveryCount == deliveryCount)
        sum.add(after.deliveryCount - before.deliveryCount)
        sum.add(after.sendCount - before.sendCount)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let subscribers = suite.pick(small: 100, real: 1000)
        let publications = suite.pick(small: 32, real: 1000)
        typealias Case = (
            name: String, form: SpokenForm, publisher: SpokenForm, windowBits: Int?, cores: Int
        )
        let cases: [Case] = [
            ("openapi-ws", .openAPI, .openAPI, nil, 1),
            ("openapi-ws, deflate", .openAPI, .openAPI, 15, 1),
            ("openapi-ws, two cores", .openAPI, .openAPI, nil, 2),
            ("to tails", .highTemplar, .openAPI, nil, 1),
            ("to tails, deflate", .highTemplar, .openAPI, 15, 1),
            ("WAMP", .wamp, .wamp, nil, 1),
        ]
        for one in cases {
            suite.measureTwice("PublicationPath", one.name) {
                PublicationPath(
                    one.form, from: one.publisher, subscriberCount: subscribers * $0,
                    publicationCount: publications, windowBits: one.windowBits,
                    coreCount: one.cores)
            }
        }
    }
}
