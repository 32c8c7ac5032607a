// FanOut — publications of a turn to all their subscribers (Core on a driver without a kernel).
//
// One item is one delivery: a publication queued on one connection, its share of matching and
// encoding, and its share of the send that takes it along. Sends cost two additions here, so what
// is counted is the engine's; the entry a ring fills per send comes on top.

import DialectKit
import Engine
import OpenAPIRPC
import Rooms

struct FanOut: Work, ~Copyable {
    private let world: FanOutWorld
    private let publications: [Publication]
    private let subscriberCount: Int
    private let turnCount: Int
    let publicationCount: Int
    let deliveryCount: Int

    /// - Parameters:
    ///   - roomCount: Rooms, each with `subscribersPerRoom` connections of its own.
    ///   - publicationsPerRoom: What is published to each within one turn.
    ///   - turnCount: Turns of one pass.
    ///   - tail: What ends each subscriber's messages.
    init(
        roomCount: Int, subscribersPerRoom: Int, publicationsPerRoom: Int, turnCount: Int,
        tail: String = ""
    ) {
        let dialect = DialectID(rawValue: 0)
        var settings = EngineSettings()
        settings.routes = [
            Route(
                path: "/stream",
                dialect: OpenAPIDialect(
                    id: dialect, realm: .standard, settings: OpenAPISettings(),
                    directory: Registry()),
                dialectID: dialect)
        ]
        subscriberCount = roomCount * subscribersPerRoom
        world = FanOutWorld(settings: settings, connectionLimit: subscriberCount)
        let rooms = (0..<roomCount).map { room("market", "eu", "s\($0)") }
        // Subscribers of a room came one after the other or long apart; here rooms take turns, so
        // that a room's slots do not lie side by side.
        for _ in 0..<subscribersPerRoom {
            for room in rooms {
                world.open(subscribedTo: .exact(room), reading: 2, tail: Array(tail.utf8))
            }
        }
        let payload = jsonText(size: 128)
        publications = (0..<publicationsPerRoom).flatMap { _ in
            rooms.map {
                Publication(
                    realm: .standard, room: $0, payload: payload, dialect: dialect, reading: 2)
            }
        }
        self.turnCount = turnCount
        publicationCount = publications.count * turnCount
        deliveryCount = subscriberCount * publicationsPerRoom * turnCount
    }

    var itemCount: Int { deliveryCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        let figures = world.publish(publications, turnCount: turnCount)
        // A fan-out that lost something, or joined nothing, would be measured for another.
        precondition(figures.deliveryCount == deliveryCount)
        precondition(figures.sendCount == subscriberCount * turnCount)
        sum.add(figures.deliveryCount)
        sum.add(figures.sendCount)
        sum.add(figures.sendSize)
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let subscribers = suite.pick(small: 100, real: 10_000)
        for publicationsPerTurn in [1, 16, 128] {
            // About as many deliveries in each case.
            let turns = suite.pick(small: max(1, 16 / publicationsPerTurn), real: 1)
            suite.measureTwice("FanOut", "one room, \(publicationsPerTurn) per turn") {
                FanOut(
                    roomCount: 1, subscribersPerRoom: subscribers * $0,
                    publicationsPerRoom: publicationsPerTurn, turnCount: turns)
            }
        }
        // Frames of their own: those of a turn are copied one behind the other.
        for publicationsPerTurn in [1, 4, 16] {
            let turns = suite.pick(small: max(1, 16 / publicationsPerTurn), real: 1)
            suite.measureTwice("FanOut", "tails, \(publicationsPerTurn) per turn") {
                FanOut(
                    roomCount: 1, subscribersPerRoom: subscribers * $0,
                    publicationsPerRoom: publicationsPerTurn, turnCount: turns,
                    tail: #","requestId":17}"#)
            }
        }
        let rooms = suite.pick(small: 10, real: 1000)
        suite.measure("FanOut", "rooms of 10, 1 per turn") {
            FanOut(
                roomCount: rooms, subscribersPerRoom: 10, publicationsPerRoom: 1, turnCount: 1)
        }
    }
}
