// Departing: who has many subscriptions leaves them in slices, and nobody can tell but by the clock.

import DialectKit
import Engine
import Lockfree
import Rooms
import Telemetry
import Testing

@testable import WAMPRouter

@Suite("departing, simulated")
struct DepartTests {
    /// How somebody leaves.
    enum Way: CaseIterable {
        case close, fin, reset, quit, all, goodbye, sessionClose, sessionReset, kill

        var isOfSession: Bool {
            switch self {
            case .close, .fin, .reset, .quit, .all: false
            case .goodbye, .sessionClose, .sessionReset, .kill: true
            }
        }
    }

    static func room(_ number: Int) -> String { "m.\(number)" }

    /// Lets `client` subscribe to many rooms.
    func subscribe(
        _ client: SimulatedClient, to rooms: Range<Int>, isSession: Bool, in world: SpokenWorld
    ) {
        for number in rooms {
            client.write(
                isSession
                    ? #"[32,\#(number + 1),{},"\#(Self.room(number))"]"#
                    : "sub \(Self.room(number)) -")
            if number % 100 == 99 { world.exchange(client) }
        }
        world.exchange(client)
        #expect(client.takeMessages().count == rooms.count)
    }

    func leaver(
        _ way: Way, rooms: Range<Int>, in world: SpokenWorld, core: Int = 0
    ) -> SimulatedClient {
        let client = way.isOfSession ? world.join(core: core) : world.open(core: core)
        subscribe(client, to: rooms, isSession: way.isOfSession, in: world)
        return client
    }

    func leave(_ way: Way, _ client: SimulatedClient, in world: SpokenWorld) {
        switch way {
        case .close, .sessionClose: client.writeClose(1000)
        case .fin: client.socket.finishSending()
        case .reset, .sessionReset: client.socket.reset()
        case .quit: client.write("quit")
        case .all: client.write("all")
        case .goodbye: client.write(#"[6,{},"wamp.close.close_realm"]"#)
        case .kill:
            let killer = world.clients.last { $0 !== client }!
            killer.write(#"[48,1,{},"wamp.session.kill_all",[]]"#)
            killer.push()
        }
        client.push()
    }

    func subscriptionCount(_ world: SpokenWorld) -> Int {
        world.world.state.metrics.reduce(0) { $0 + $1.value(of: .subscriptions) }
    }

    func memberCount(_ world: SpokenWorld) -> Int {
        world.router.realm.books.withLock { books in
            books.subscriptions.values.reduce(0) { $0 + $1.members.count }
        }
    }

    @Test(
        "no turn leaves more than a slice, whichever way somebody leaves", arguments: Way.allCases)
    func slices(way: Way) {
        var limits = Limits()
        limits.leaveSlice = 100
        let world = SpokenWorld(limits: limits)
        let client = leaver(way, rooms: 0..<1_000, in: world)
        if way == .kill { _ = world.join() }
        leave(way, client, in: world)
        var turns = 0
        var (subscriptions, members) = (subscriptionCount(world), memberCount(world))
        #expect(subscriptions == 1_000 && members == (way.isOfSession ? 1_000 : 0))
        while subscriptions + members > 0, turns < 1_000 {
            world.world.step()
            turns += 1
            let left = subscriptions + members - subscriptionCount(world) - memberCount(world)
            #expect(left <= 100, "turn \(turns)")
            (subscriptions, members) = (subscriptionCount(world), memberCount(world))
        }
        #expect(turns < 1_000)
        world.end()
        world.router.checkBooks(isOver: true)
        #expect(world.world.violations == [])
    }

    @Test("many leave together no faster than one, and those with few at once")
    func together() {
        var limits = Limits()
        limits.leaveSlice = 100
        let world = SpokenWorld(limits: limits)
        let many = (0..<5).map { leaver(.close, rooms: $0 * 60..<$0 * 60 + 60, in: world) }
        let few = (0..<5).map { leaver(.close, rooms: $0 * 16..<$0 * 16 + 16, in: world) }
        for client in many + few { leave(.close, client, in: world) }
        var subscriptions = subscriptionCount(world)
        var isFewGone = false
        while subscriptions > 0 {
            world.world.step()
            let left = subscriptions - subscriptionCount(world)
            #expect(left <= 100 + (isFewGone ? 0 : 80))
            isFewGone = isFewGone || left >= 80
            subscriptions -= left
        }
        #expect(isFewGone)
        world.exchangeAll()
        for client in many + few { #expect(client.takeArrivals() == [.close(1000)]) }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test(
        "nothing reaches who departs, everything the others, and who hears of the end finds it so",
        arguments: [Way.close, .quit, .all, .goodbye, .sessionClose], 1...4 as ClosedRange<UInt64>)
    func publications(way: Way, seed: UInt64) {
        var limits = Limits()
        limits.leaveSlice = 30
        let world = SpokenWorld(seed: seed, cores: 2, limits: limits)
        let client = leaver(way, rooms: 0..<400, in: world)
        let keepers = (0..<2).map { world.open(core: $0) }
        for keeper in keepers {
            subscribe(keeper, to: 0..<40, isSession: false, in: world)
        }
        let newcomer = world.open()
        leave(way, client, in: world)
        var expected: [[String]] = [[], []]
        var newcomersExpected: [String] = []
        var newcomersRooms: Set<Int> = []
        var heard: [Arrival] = []
        var departedAt: Int?
        var number = 0
        while subscriptionCount(world) > 80 + newcomersRooms.count, number < 5_000 {
            world.world.step()
            if departedAt == nil, subscriptionCount(world) < 480 { departedAt = number }
            let room = world.world.random.below(400)
            world.publish(Self.room(room), "\(number)")
            if room < 40 { for place in 0..<2 { expected[place].append("\(number)") } }
            if newcomersRooms.contains(room) { newcomersExpected.append("\(number)") }
            number += 1
            if number % 20 == 0 {
                // Somebody comes to a room that is being left.
                let room = world.world.random.below(400)
                if newcomersRooms.insert(room).inserted {
                    newcomersExpected += world.say(newcomer, "sub \(Self.room(room)) -").filter {
                        $0.hasPrefix("did")
                    }
                }
            }
            _ = client.read(.max)
            heard += client.takeArrivals()
            if client.hasReceivedClose || heard.contains(.message("did all")) {
                #expect(subscriptionCount(world) == 80 + newcomersRooms.count)
                #expect(way != .sessionClose || memberCount(world) == 0)
            }
        }
        world.exchangeAll()
        heard += client.takeArrivals()
        let departed = departedAt ?? .max
        for case .message(let text) in heard {
            // The payload ends an event of WAMP, and is one of the spoken dialect.
            guard text.hasPrefix("[36,") || Int(text) != nil,
                let payload = text.split(whereSeparator: { !$0.isNumber }).last.flatMap({ Int($0) })
            else { continue }
            #expect(payload < departed, "\(way)")
        }
        switch way {
        case .close, .quit, .sessionClose: #expect(heard.last == .close(1000))
        case .all: #expect(heard.last == .message("did all"))
        default: #expect(heard.last == .message(#"[6,{},"wamp.close.goodbye_and_out"]"#))
        }
        for place in 0..<2 { #expect(keepers[place].takeMessages() == expected[place]) }
        #expect(
            Set(newcomersExpected).subtracting(newcomer.takeMessages()).allSatisfy {
                $0.hasPrefix("did")
            })
        // Who has only left its rooms can come back.
        if way == .all {
            #expect(world.say(client, "sub m.7 -") == ["did sub m.7 -"])
            world.publish("m.7", "again")
            world.exchangeAll()
            #expect(client.takeMessages() == ["again"])
        }
        world.end()
        world.router.checkBooks(isOver: true)
        #expect(world.world.violations == [])
    }

    @Test(
        "a second end in the midst of the first, a drain or a stop leaves nothing",
        arguments: Way.allCases, 1...6 as ClosedRange<UInt64>)
    func endings(way: Way, seed: UInt64) {
        var limits = Limits()
        limits.leaveSlice = 20
        var options = SimulatedOptions()
        let world: SpokenWorld
        if seed > 3 { options.faults.lateShutdown = 500 }
        world = SpokenWorld(seed: seed, cores: 2, limits: limits, options: options)
        let client = leaver(way, rooms: 0..<300, in: world)
        let watcher = world.join(core: 1)
        subscribe(watcher, to: 0..<10, isSession: true, in: world)
        leave(way, client, in: world)
        for _ in 0..<10 where subscriptionCount(world) > 200 { world.world.step() }
        if !client.socket.isFinished {
            switch seed {
            case 1, 4: client.socket.reset()
            case 2, 5: client.socket.finishSending()
            default: client.write("echo what nobody reads any more")
            }
            client.push()
        }
        world.publish("m.5", "\"x\"")
        for _ in 0..<3 { world.world.step() }
        if seed % 2 == 0 { world.world.drain(delay: 0, spread: 0, deadline: 1_000_000) }
        world.world.stop()
        for _ in 0..<200 where !world.world.isOver {
            world.world.pass(100_000_000)
            world.exchangeAll()
        }
        world.world.checkEmpty()
        world.router.checkBooks(isOver: true)
        #expect(world.world.violations == [])
    }
}
