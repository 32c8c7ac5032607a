// OpenAPIPublish — one publish call in an openapi-ws session, from message to command.
//
// One item is one message: scanned, answered and turned into a publication. What is allocated is
// the publication: its object, its room, its payload.

import Bytes
import DialectKit
import OpenAPIRPC
import Rooms

struct OpenAPIPublish: Work, ~Copyable {
    private let message: [UInt8]
    private let session: any Session
    private var commands = Commands()
    private let roundCount: Int

    init(dataSize: Int, roundCount: Int) {
        message = publishMessage(dataSize: dataSize)
        let dialect = OpenAPIDialect(
            id: DialectID(rawValue: 1), realm: .standard, settings: OpenAPISettings(),
            directory: NobodyElse())
        let request = OpeningRequest(path: "/", query: "", subprotocols: [], headers: [])
        guard case .accept(let session, _) = dialect.open(request) else {
            preconditionFailure("the dialect accepts everybody")
        }
        self.session = session
        self.roundCount = roundCount
    }

    var itemCount: Int { roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        let message = self.message
        for _ in 0..<roundCount {
            unsafe session.receive(.text, message.span.bytes, &commands)
            // A refusal would be a reply and nothing else, and quicker.
            guard case .publish(let publication)? = commands.list.last else {
                preconditionFailure("the call is valid")
            }
            sum.add(publication.payload.size)
            sum.add(commands.octets.count)
            commands.removeAll()
        }
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let rounds = suite.pick(small: 50, real: 10_000)
        for dataSize in [128, 1024] {
            suite.measure("OpenAPIPublish", "\(dataSize) B") {
                OpenAPIPublish(dataSize: dataSize, roundCount: rounds)
            }
        }
    }
}

/// A directory that is never asked on publish.
private struct NobodyElse: Directory {
    func connectionCount(of dialect: DialectID, in realm: Realm) -> Int { 1 }
    func subscriptions(of dialect: DialectID, in realm: Realm) -> [(
        pattern: Pattern, subscriberCount: Int
    )] { [] }
    func hasSubscribers(under parent: Room, of dialect: DialectID, in realm: Realm) -> Bool {
        false
    }
    func subscribedPatternCount(of dialect: DialectID, in realm: Realm) -> Int { 0 }
    func deliveryCount(of dialect: DialectID) -> Int { 0 }
}
