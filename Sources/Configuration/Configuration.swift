// Configuration — everything that can be set, as typed values.
//
// One struct per section, and one per table that may stand several times. The structs know their
// defaults and nothing of the modules they are for: the server product hands each module the values
// it wants.

/// A whole configuration. `Configuration()` is the default one.
package struct Configuration: Sendable {
    package var server = Server()
    package var limits = Limits()
    package var drain = Drain()
    package var api = API()
    package var openapi = OpenAPI()
    package var wamp = WAMP()
    package var hightemplar = HighTemplar()
    package var rohrpost = Rohrpost()
    package var shampoo = Shampoo()
    package var websocket = WebSocket()
    package var log = Log()
    package var engine = Engine()
    package var testing = Testing()
    /// The `[[realm]]`s of the file; ``realms`` are those in effect.
    package var declaredRealms: [Realm] = []
    package var routes: [Route] = []
    package var endpoints: [Endpoint] = []
    package var backEnds: [BackEnd] = []
    package var procedures: [Procedure] = []
    package var rabbitMQ: [RabbitMQ] = []
    package var redis: [Redis] = []

    package init() {}

    /// All sections, in the order in which a file lists them.
    package static let sections: [Section<Configuration>] = [
        Section(\.server), Section(\.limits), Section(\.drain), Section(\.api), Section(\.openapi),
        Section(\.wamp), Section(\.hightemplar), Section(\.rohrpost), Section(\.shampoo),
        Section(\.websocket), Section(\.log), Section(\.engine), Section(\.testing),
    ]

    /// The tables that may stand several times, in the order in which a file lists them.
    package static let records: [RecordPart<Configuration>] = [
        RecordPart(\.declaredRealms), RecordPart(\.routes), RecordPart(\.endpoints),
        RecordPart(\.backEnds), RecordPart(\.procedures), RecordPart(\.rabbitMQ),
        RecordPart(\.redis),
    ]
}

// MARK: What one setting alone cannot say

extension Configuration {
    /// The relations between settings, each with the key a message points at.
    internal var brokenRelations: [(key: String, message: String)] {
        var broken: [(key: String, message: String)] = []
        if limits.headerLineSize > limits.headersSize {
            broken.append(
                (
                    "limits.header_line_size",
                    "is larger than limits.headers_size; no larger line fits"
                ))
        }
        if limits.messageBurst > 0, limits.messageRate == 0 {
            broken.append(
                ("limits.message_burst", "has no meaning while limits.message_rate is 0 (off)"))
        }
        if drain.deadline < drain.delay {
            broken.append(
                (
                    "drain.deadline",
                    "is shorter than drain.delay; everybody would be dropped at once"
                ))
        }
        if let control = server.control, control.port != 0, control == server.listen {
            broken.append(("server.control", "is the same address as server.listen"))
        }
        broken += listenerRelations
        broken += references
        var names: Set<String> = []
        for (index, realm) in declaredRealms.enumerated()
        where !names.insert(realm.name).inserted {
            broken.append(("realm.\(index).name", "is given twice"))
        }
        return broken
    }

    /// No two listeners stand at the same address, but for port 0, which is never the same.
    private var listenerRelations: [(key: String, message: String)] {
        var taken: [(address: SocketAddress, name: String)] = [
            (.internet(server.listen), "server.listen")
        ]
        if let control = server.control { taken.append((.internet(control), "server.control")) }
        var broken: [(key: String, message: String)] = []
        for address in wamp.rawsocketListen {
            if case .internet(let address) = address, address.port == 0 { continue }
            if let other = taken.first(where: { $0.address == address }) {
                broken.append(
                    ("wamp.rawsocket_listen", "has \(address), the same address as \(other.name)"))
            }
            taken.append((address, "another of them"))
        }
        return broken
    }
}
