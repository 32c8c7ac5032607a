// Drain and stop: paced goodbyes, a deadline that holds, and nothing left.

import DialectKit
import Engine
import Telemetry
import Testing
import Uring
import WebSocket

@Suite("drain, simulated")
struct DrainTests {
    private static let second: UInt64 = 1_000_000_000

    @Test("a drain spreads its closes and is over by the deadline")
    func spread() {
        var options = SimulatedOptions()
        options.socketLimit = 200
        let world = TestWorld(cores: 2, options: options)
        let clients = (0..<100).map { world.open(core: $0 % 2) }
        let deaf = world.open()
        deaf.answersClose = false
        world.world.drain(
            delay: 2 * Self.second, spread: 30 * Self.second, deadline: 60 * Self.second)
        var closedByThen: [Int] = []
        for _ in 0..<32 {
            world.pass(seconds: 1, clients, slice: 0.5)
            closedByThen.append(clients.count { $0.hasReceivedClose })
        }
        #expect(closedByThen[1] <= 3)
        #expect(closedByThen[31] == 100)
        // Never more than a fifth of them in a second: no wave comes back.
        for place in 1..<32 { #expect(closedByThen[place] - closedByThen[place - 1] < 20) }
        #expect(clients.allSatisfy { $0.receivedCode == 1001 })
        world.pass(seconds: 30, clients, slice: 0.5)
        #expect(world.world.state.connectionCount == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("those who are left at the deadline are dropped in slices")
    func manyLeft() {
        var options = SimulatedOptions()
        options.socketLimit = 400
        let world = TestWorld(options: options)
        let clients = (0..<300).map { _ in world.open() }
        world.world.drain(
            delay: 0, spread: 3_600_000_000 * Self.second, deadline: 2 * Self.second)
        world.pass(seconds: 1, clients, slice: 0.5)
        world.world.advance(by: Self.second)
        let metrics = world.world.state.metrics[0]
        let key = CloseKey(code: 1006, side: .server, reason: .drain)
        var droppedCount: UInt64 = 0
        for _ in 0..<5000 where droppedCount < 300 {
            world.world.step()
            let count = metrics.value(of: key)
            #expect(count - droppedCount <= 128)
            droppedCount = count
        }
        #expect(droppedCount == 300)
        world.exchangeAll()
        #expect(world.world.state.connectionCount == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("newcomers get in while a drain waits, then none; what is there works on")
    func noNewcomers() {
        let world = TestWorld()
        let client = world.open()
        world.world.drain(
            delay: 2 * Self.second, spread: 10 * Self.second, deadline: 20 * Self.second)
        let late = world.request()
        client.write(Call.echo("{}"))
        world.exchangeAll()
        #expect(late.refusal == nil)
        #expect(client.takeMessages().count == 1)
        world.pass(seconds: 3, [client])
        let tooLate = world.connect()
        world.exchangeAll()
        #expect(tooLate.socket.isReset)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a listener that accepts and closes in the same turn is not asked again")
    func acceptAndClose() {
        for removed in [[], .multishotAccept] as [Features] {
            for isStopped in [false, true] {
                var options = SimulatedOptions()
                options.features.subtract(removed)
                let world = TestWorld(options: options)
                world.exchangeAll()
                let client = world.request()
                if isStopped {
                    world.world.stop()
                } else {
                    world.world.drain(delay: 0, spread: 0, deadline: 10 * Self.second)
                }
                world.exchangeAll()
                #expect(client.isOpen || client.refusal == 503 || client.socket.isFinished)
                world.end()
                #expect(world.world.violations == [])
            }
        }
    }

    @Test("who waits at a listener when it closes is served, even while it pauses")
    func waitingAreTaken() {
        for removed in [[], .multishotAccept] as [Features] {
            var options = SimulatedOptions()
            options.features.subtract(removed)
            let world = TestWorld(options: options)
            world.world.faults.failedAccept = 1_000
            let waiting = (0..<3).map { _ in world.request() }
            world.world.settle()
            world.world.faults.failedAccept = 0
            #expect(world.world.state.connectionCount == 0)
            world.world.drain(delay: 0, spread: 0, deadline: 10 * Self.second)
            world.exchangeAll()
            #expect(waiting.allSatisfy { $0.isOpen && !$0.socket.isReset })
            #expect(!world.world.state.isAccepting)
            let tooLate = world.connect()
            world.exchangeAll()
            #expect(tooLate.socket.isReset)
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a listener closes although they do not cease to come")
    func crowdAtTheDoor() {
        var options = SimulatedOptions()
        options.socketLimit = 400
        // One accept takes one of them, so that there is always another one.
        options.features.subtract(.multishotAccept)
        let world = TestWorld(options: options)
        world.exchangeAll()
        world.world.drain(delay: 0, spread: 10 * Self.second, deadline: 20 * Self.second)
        for _ in 0..<150 {
            for _ in 0..<2 where world.world.state.isAccepting { _ = world.connect() }
            world.world.advance(by: 4_000_000)
            world.world.step()
        }
        #expect(!world.world.state.isAccepting)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("at the deadline the rest is dropped")
    func deadline() {
        let world = TestWorld()
        let deaf = world.open(TestWorld.echo)
        deaf.socket.sendWindow = 10
        deaf.write(.binary, Array(repeating: 1, count: 1_000))
        deaf.push()
        world.world.settle()
        world.world.drain(delay: 0, spread: 0, deadline: 3 * Self.second)
        world.world.pass(2 * Self.second)
        #expect(world.world.state.connectionCount == 1)
        world.world.pass(2 * Self.second)
        #expect(world.world.state.connectionCount == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a stop says goodbye and does not wait for those who do not listen")
    func stop() {
        let world = TestWorld(cores: 3)
        let clients = (0..<9).map { world.open(core: $0 % 3) }
        for client in clients.prefix(3) { client.answersClose = false }
        let silent = world.connect(core: 1)
        world.exchangeAll()
        world.world.stop()
        for _ in 0..<20 {
            world.world.pass(100_000_000)
            world.exchangeAll()
        }
        #expect(world.world.isOver)
        #expect(clients.allSatisfy { $0.receivedCode == 1001 })
        #expect(silent.socket.isFinished)
        world.world.checkEmpty()
        #expect(world.world.violations == [])
    }

    @Test("where a successor is there they are told to come back, by a stop in its midst, too")
    func restart() {
        let world = TestWorld()
        let clients = (0..<2).map { _ in world.open() }
        clients[0].answersClose = false
        world.world.drain(
            delay: 0, spread: 10 * Self.second, deadline: 60 * Self.second, farewell: .restarting)
        world.exchangeAll()
        #expect(!world.world.state.isAccepting)
        world.pass(seconds: 1, clients)
        world.end()
        #expect(clients.map(\.receivedCode) == [1012, 1012])
        #expect(world.world.violations == [])
    }

    @Test("a stop in the midst of a drain ends it")
    func stopInDrain() {
        let world = TestWorld()
        let client = world.open()
        world.world.drain(
            delay: 10 * Self.second, spread: 10 * Self.second, deadline: 60 * Self.second)
        world.pass(seconds: 1, [client])
        world.end()
        #expect(client.receivedCode == 1001)
        #expect(world.world.violations == [])
    }
}
