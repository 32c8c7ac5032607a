// Departing, and what comes after it: the next tenant of a slot, and a session that begins anew.

import DialectKit
import Engine
import Lockfree
import Rooms
import Telemetry
import Testing

@testable import WAMPRouter

extension DepartTests {
    @Test("a slot is nobody else's before the last subscription of its connection is gone")
    func slots() {
        var limits = Limits()
        limits.leaveSlice = 10
        let world = SpokenWorld(limits: limits)
        let client = leaver(.reset, rooms: 0..<400, in: world)
        func slot(_ client: SimulatedClient) -> Int {
            ConnectionID(rawValue: UInt64(world.say(client, "id").last!)!).slot
        }
        let own = slot(client)
        leave(.reset, client, in: world)
        var slots: Set<Int> = []
        var newcomers: [SimulatedClient] = []
        while subscriptionCount(world) > newcomers.count {
            // Others come and go at each moment of it, so that every free slot is used in turn.
            let newcomer = world.request()
            for _ in 0..<3 {
                newcomer.push()
                world.world.step()
                newcomer.read()
            }
            guard subscriptionCount(world) > newcomers.count + 10 else { break }
            if newcomer.isOpen, newcomers.count < 40 {
                newcomer.write("id")
                newcomer.write("sub m.\(newcomers.count) -")
                for _ in 0..<3 {
                    newcomer.push()
                    world.world.step()
                    newcomer.read()
                }
                newcomers.append(newcomer)
            } else {
                newcomer.socket.reset()
            }
        }
        world.exchangeAll()
        for (place, newcomer) in newcomers.enumerated() {
            let heard = newcomer.takeMessages()
            #expect(heard.count == 2 && heard.last == "did sub m.\(place) -")
            slots.insert(ConnectionID(rawValue: UInt64(heard[0])!).slot)
        }
        #expect(slots.count == newcomers.count && newcomers.count > 5)
        #expect(!slots.contains(own))
        // Then it is, and what comes to the rooms of its last owner does not come there.
        var heirs: [SimulatedClient] = []
        while heirs.count < 200 {
            let heir = world.open()
            heirs.append(heir)
            if slot(heir) == own { break }
            heir.socket.reset()
            world.exchangeAll()
        }
        for number in 0..<400 { world.publish(Self.room(number), "x") }
        world.exchangeAll()
        #expect(heirs.last!.takeMessages().isEmpty)
        for newcomer in newcomers { #expect(newcomer.takeMessages() == ["x"]) }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test(
        "what stands behind a GOODBYE in its batch, and what comes for it meanwhile, keeps its order"
    )
    func anew() {
        for seed in 1...10 as ClosedRange<UInt64> {
            var limits = Limits()
            limits.leaveSlice = 10
            let router = RouterWorld(seed: seed, cores: 2, limits: limits)
            let hello =
                #"[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]"#
            let client = router.connect(.batchedJSON, core: 0)
            let watcher = router.connect(.batchedJSON, core: 1)
            func settle() {
                for _ in 0..<4 {
                    for peer in [client, watcher] {
                        peer.push()
                        peer.read()
                    }
                    router.world.settle()
                }
                for peer in [client, watcher] { peer.read() }
            }
            func say(_ peer: SimulatedClient, _ messages: [String]) {
                peer.write(messages.map { $0 + "\u{1E}" }.joined())
            }
            func heard(_ peer: SimulatedClient) -> [String] {
                peer.takeMessages().flatMap { $0.split(separator: "\u{1E}").map(String.init) }
            }
            settle()
            let topics = [
                "session.on_leave", "session.on_join", "subscription.on_unsubscribe",
                "subscription.on_delete", "registration.on_delete",
            ]
            say(
                watcher,
                [hello] + topics.enumerated().map { #"[32,\#($0 + 1),{},"wamp.\#($1)"]"# })
            settle()
            let welcome = heard(watcher)
            #expect(welcome.count == 6)
            let ids = welcome.dropFirst().map { $0.split(separator: ",").last!.dropLast() }
            say(client, [hello, #"[64,1,{},"com.p"]"#])
            say(client, (0..<100).map { #"[32,\#($0 + 1),{},"\#(Self.room($0))"]"# })
            settle()
            #expect(heard(client).count == 102)
            _ = heard(watcher)
            say(
                client,
                [#"[6,{},"a.b"]"#, hello, #"[32,1,{},"m.5"]"#, #"[32,2,{},"m.x"]"#])
            client.push()
            for _ in 0..<6 { router.world.step() }
            // It is called, published to, and goes on speaking.
            say(watcher, [#"[48,9,{},"com.p"]"#, #"[16,10,{},"m.5",["between"]]"#])
            watcher.push()
            say(client, [#"[16,3,{"exclude_me":false},"m.x",["own"]]"#])
            client.push()
            settle()
            say(watcher, [#"[16,11,{},"m.5",["behind"]]"#])
            settle()
            let codes = heard(client).map { String($0.prefix(while: { $0 != "," }).dropFirst()) }
            #expect(Array(codes.prefix(4)) == ["6", "2", "33", "33"], "\(codes)")
            #expect(codes.last == "36" && codes.filter { $0 == "36" }.count >= 2, "\(codes)")
            #expect(!codes.contains("68"))
            let events = heard(watcher).filter { $0.hasPrefix("[36,") }.map { event in
                topics[ids.firstIndex { event.hasPrefix("[36,\($0),") }!]
            }
            #expect(events.filter { $0 == "subscription.on_unsubscribe" }.count == 100)
            // It is a member of one again.
            #expect(events.filter { $0 == "subscription.on_delete" }.count == 99)
            #expect(events.last == "session.on_leave", "\(events)")
            #expect(events.dropLast().last == "registration.on_delete", "\(events)")
            router.end([client, watcher])
            #expect(router.world.violations == [], "seed \(seed)")
        }
    }

    @Test("a batch that is carried out in steps goes on behind a GOODBYE in it")
    func batches() {
        var limits = Limits()
        limits.leaveSlice = 10
        let router = RouterWorld(seed: 1, cores: 1, limits: limits)
        let client = router.connect(.batchedJSON, core: 0)
        let hello = #"[1,"realm1",{"roles":{"subscriber":{}}}]"#
        func say(_ messages: [String]) -> [String] {
            client.write(messages.map { $0 + "\u{1E}" }.joined())
            for _ in 0..<4 {
                client.push()
                router.world.settle()
                client.read()
            }
            return client.takeMessages().flatMap { $0.split(separator: "\u{1E}").map(String.init) }
        }
        let subscriptions = (0..<300).map { #"[32,\#($0 + 1),{},"\#(Self.room($0))"]"# }
        #expect(say([hello] + subscriptions).count == 301)
        let answers = say([#"[6,{},"a.b"]"#, hello] + subscriptions)
        #expect(answers.count == 302)
        #expect(answers.prefix(2).map { $0.prefix(3) } == ["[6,", "[2,"])
        for (place, answer) in answers.dropFirst(2).enumerated() {
            #expect(answer.hasPrefix("[33,\(place + 1),"))
        }
        router.end([client])
        #expect(router.world.violations == [])
    }
}
