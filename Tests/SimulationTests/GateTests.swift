// Gates on a simulated core: who comes in, what waits, what is denied, and that order survives.

import Bytes
import DialectKit
import Engine
import Rooms
import Testing
import WAMP
import WebSocket

@testable import WAMPRouter

@Suite struct GateTests {
    // MARK: coming in

    @Test("a client waits until the gate has spoken, and what it sent meanwhile is answered then")
    func admitted() {
        let world = GateWorld()
        let client = world.request(GateWorld.stream + "?x=1")
        #expect(client.takeArrivals() == [])
        #expect(
            world.backEnd.questions.last?.body.hasPrefix(#"{"path":"/stream","query":"x=1","#)
                == true)
        world.answer(200, "{}")
        #expect(client.takeArrivals() == [.response(status: 101)])
        #expect(world.write(client, Call.echo("{}")).count == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a no, and no answer at all, are refusals with their status")
    func refused() {
        let world = GateWorld()
        for path in [GateWorld.stream, "/echo"] {
            for (failure, status) in [
                (nil, 403), (.timedOut, 504), (.overloaded, 503), (.unreachable(""), 502),
            ] as [(BackEndFailure?, Int)] {
                let client = world.request(path)
                if let failure {
                    world.backEnd.fail(failure)
                    world.exchangeAll()
                } else {
                    world.answer(403, #"{"reason":"go away"}"#)
                }
                #expect(client.takeArrivals() == [.response(status: status)])
            }
            let client = world.request(path)
            world.answer(200, #"{"subsribe":[]}"#)
            #expect(client.refusal == 502)
        }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a gate decides before the dialect is asked, and the open route beside it is not asked")
    func others() {
        let world = GateWorld()
        let client = world.request(GateWorld.open)
        #expect(client.isOpen)
        #expect(world.backEnd.questions.isEmpty)
        // Unknown subprotocols are the router's to refuse, once the gate has let them through.
        let stranger = world.request(GateWorld.wamp, ["nothing"])
        #expect(stranger.takeArrivals() == [])
        world.answer(200)
        #expect(stranger.refusal != nil || stranger.isOpen)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a client that leaves while it waits takes its question back")
    func leavesOutside() {
        let world = GateWorld()
        let reset = world.request(GateWorld.stream)
        let finished = world.request(GateWorld.stream)
        reset.socket.reset()
        finished.socket.finishSending()
        world.exchangeAll()
        #expect(world.backEnd.canceledCount == 2)
        #expect(!finished.isOpen)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("without a question about connections everybody comes in")
    func unasked() {
        let world = GateWorld(asking: .subscribe)
        let client = world.request(GateWorld.stream)
        #expect(client.isOpen)
        #expect(world.write(client, Call.subscribe("a")).isEmpty)
        world.answer(204)
        #expect(client.takeMessages().count == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    // MARK: what a client does

    @Test("a subscription waits with everything behind it, and then all is answered in order")
    func order() {
        for isAllowed in [true, false] {
            let world = GateWorld()
            let client = world.open(GateWorld.stream, grant: #"{"context":{"id":7}}"#)
            #expect(
                world.write(
                    client, Call.echo("{}", id: "1"), Call.subscribe("a.b", "on*", id: "2"),
                    Call.echo("{}", id: "3"), Call.subscribe("c", id: "4"),
                    Call.echo("{}", id: "5")
                ).count == 1)
            #expect(
                world.backEnd.questions.last?.body
                    == #"{"pattern":{"match":"glob","room":"a.b","event":"on*"},"dialect":"openapi-ws","context":{"id":7}}"#
            )
            #expect(world.backEnd.waitingCount == 1)
            world.answer(isAllowed ? 200 : 403)
            let first = client.takeMessages()
            #expect(first.count == 2)
            #expect(isDenied(first[0]) == !isAllowed)
            #expect(first[0].contains(#""id":"2""#) && first[1].contains(#""id":"3""#))
            world.answer(200)
            let second = client.takeMessages()
            #expect(second.count == 2)
            #expect(second[0].contains(#""id":"4""#) && second[1].contains(#""id":"5""#))
            #expect(second[0].contains(#""c":["*"]"#))
            #expect(second[0].contains(#""a.b":["on*"]"#) == isAllowed)
            let publisher = world.request(GateWorld.open)
            _ = world.write(publisher, Call.publish("a.b", "one", data: "[1]"))
            #expect(client.takeMessages().count == (isAllowed ? 1 : 0))
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a publication reaches nobody before it is allowed, and nobody if it is not")
    func publications() {
        let world = GateWorld(asking: [.connect, .publish])
        let client = world.open(GateWorld.stream)
        let watcher = world.request(GateWorld.open)
        #expect(world.write(watcher, Call.subscribe("a")).count == 1)
        #expect(world.write(client, Call.publish("a", data: #"{"n":1.0}"#)).isEmpty)
        #expect(world.backEnd.questions.last?.target == "/publish")
        #expect(
            world.backEnd.questions.last?.body.hasPrefix(#"{"room":"a.e","data":{"n":1.0},"#)
                == true)
        #expect(watcher.takeMessages().isEmpty)
        world.answer(403)
        #expect(client.takeMessages().map(isDenied) == [true])
        #expect(watcher.takeMessages().isEmpty)
        #expect(world.write(client, Call.publish("a", data: "[2]")).isEmpty)
        world.answer(200)
        #expect(client.takeMessages().map(isDenied) == [false])
        #expect(watcher.takeMessages() == [Call.event("a", data: "[2]")])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a frozen back end is a no when its time is over, and others notice nothing")
    func frozen() {
        let world = GateWorld()
        let client = world.open(GateWorld.stream)
        let other = world.open(GateWorld.stream)
        #expect(world.write(client, Call.subscribe("a"), Call.echo("{}")).isEmpty)
        #expect(world.write(other, Call.echo("{}")).count == 1)
        world.pass(seconds: 3, world.clients)
        #expect(client.takeMessages().isEmpty)
        world.backEnd.fail(.timedOut)
        world.exchangeAll()
        #expect(client.takeMessages().map(isDenied) == [true, false])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("who leaves while a question waits takes it back; who has only ended sending is answered")
    func leaves() {
        let world = GateWorld()
        let reset = world.open(GateWorld.stream)
        #expect(world.write(reset, Call.subscribe("a")).isEmpty)
        reset.socket.reset()
        world.exchangeAll()
        #expect(world.backEnd.canceledCount == 1)
        let finished = world.open(GateWorld.stream)
        #expect(world.write(finished, Call.subscribe("a"), Call.echo("{}")).isEmpty)
        finished.socket.finishSending()
        world.exchangeAll()
        #expect(world.backEnd.canceledCount == 1)
        world.answer(200)
        #expect(finished.takeMessages().count == 2)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("whatever the gate says and whenever, every client is answered in its own order")
    func schedules() {
        for seed in 1...40 as ClosedRange<UInt64> {
            let world = GateWorld(seed: seed)
            var random = SeededRandom(seed: seed)
            let clients = (0..<4).map { _ in world.open(GateWorld.stream) }
            var asked = [[String]](repeating: [], count: clients.count)
            var heard = asked
            for step in 0..<120 {
                let place = Int(random.next() % 4)
                switch random.next() % 6 {
                case 0: clients[place].write(Call.echo("{}", id: "\(step)"))
                case 1: clients[place].write(Call.subscribe("c\(step)", id: "\(step)"))
                case 2: clients[place].write(Call.publish("x", data: "[]", id: "\(step)"))
                case 3:
                    clients[place].push(Int(random.next() % 40))
                    continue
                default:
                    guard world.backEnd.waitingCount > 0 else { continue }
                    let which = Int(random.next() % UInt64(world.backEnd.waitingCount))
                    world.backEnd.answer(random.next() % 3 == 0 ? 403 : 204, at: which)
                    world.world.settle()
                    continue
                }
                if random.next() % 2 == 0 { world.world.settle() }
                asked[place].append("\(step)")
            }
            repeat {
                world.exchangeAll()
                if world.backEnd.waitingCount > 0 { world.backEnd.answer(204) }
                world.exchangeAll()
            } while world.backEnd.waitingCount > 0
            for (place, client) in clients.enumerated() {
                heard[place] = client.takeMessages().compactMap { text in
                    text.split(separator: #""id":""#, maxSplits: 1).last
                        .map { String($0.prefix { $0 != "\"" }) }
                }
            }
            #expect(heard == asked, "seed \(seed)")
            world.end()
            #expect(world.world.violations == [], "seed \(seed)")
        }
    }

    @Test("a close that comes from our side does not wait for the gate")
    func closed() {
        let world = GateWorld()
        let client = world.open(GateWorld.stream)
        let wamp = world.join()
        #expect(world.write(client, Call.subscribe("a")).isEmpty)
        #expect(world.say(wamp, #"[32,1,{},"a"]"#).isEmpty)
        #expect(world.backEnd.waitingCount == 2)
        world.world.stop()
        for _ in 0..<100 where !world.world.isOver {
            world.world.pass(100_000_000)
            world.exchangeAll()
        }
        #expect(client.hasReceivedClose)
        #expect(world.backEnd.waitingCount == 0)
        world.world.checkEmpty()
        #expect(world.world.violations == [])
    }
}
