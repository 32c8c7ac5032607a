// A WAMP router on a simulated core, step by step: what seeds meet too seldom.

import Bytes
import Codecs
import DialectKit
import Engine
import Rooms
import Testing
import WAMP
import WebSocket

@testable import WAMPRouter

@Suite struct RouterTests {
    private static let hello =
        #"[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]"#

    private final class Peer {
        let router: RouterWorld
        let client: SimulatedClient

        init(_ router: RouterWorld, core: Int = 0) {
            self.router = router
            client = router.connect(.batchedJSON, core: core)
            settle()
        }

        /// Says several messages in one batch.
        func say(_ messages: String...) {
            client.write(messages.map { $0 + "\u{1E}" }.joined())
            settle()
        }

        func settle() {
            client.push()
            router.world.settle()
            client.read()
            client.push()
            router.world.settle()
        }

        /// What has come, one text per message.
        func heard() -> [String] {
            settle()
            return client.takeMessages().flatMap { $0.split(separator: "\u{1E}").map(String.init) }
        }
    }

    /// Everybody is lost, the router stops, and nothing is left.
    private func end(_ router: RouterWorld, _ peers: Peer...) {
        router.end(peers.map(\.client))
        #expect(router.world.violations == [])
    }

    @Test("too many refusals end a session behind everything else that was in its batch")
    func refusalsAtTheEnd() {
        var limits = Limits()
        limits.errorsPerMinute = 0
        var index = IndexLimits.standard
        index.wildcardsPerPattern = 0
        let router = RouterWorld(seed: 1, cores: 1, limits: limits, index: index)
        let watcher = Peer(router)
        watcher.say(Self.hello, #"[32,1,{},"com.will"]"#)
        let peer = Peer(router)
        peer.say(Self.hello)
        #expect(peer.heard().count == 1)
        peer.say(
            #"[64,1,{},"com.p"]"#,
            #"[48,2,{},"wamp.session.add_testament",["com.will",["gone"],{}]]"#,
            #"[32,3,{"match":"wildcard"},"com..x"]"#, #"[6,{},"wamp.close.normal"]"#)
        let heard = peer.heard()
        #expect(heard.contains { $0.hasPrefix("[8,32,3,") })
        #expect(heard.contains { $0.hasPrefix("[6,") })
        #expect(peer.client.receivedCode == 1008)
        #expect(watcher.heard().contains { $0.contains(#"["gone"]"#) })
        router.checkBooks()
        end(router, peer, watcher)
    }

    @Test("what a session publishes reaches another core before the call behind it")
    func publishBeforeCall() {
        for seed in 1...30 as ClosedRange<UInt64> {
            let router = RouterWorld(seed: seed, cores: 2)
            let callee = Peer(router, core: 0)
            callee.say(Self.hello, #"[32,1,{},"com.t"]"#, #"[64,2,{},"com.p"]"#)
            #expect(callee.heard().count == 3)
            let caller = Peer(router, core: 1)
            caller.say(Self.hello)
            #expect(caller.heard().count == 1)
            caller.say(
                #"[16,2,{},"com.t",[1]]"#, #"[48,3,{},"com.p"]"#, #"[16,4,{},"com.t",[2]]"#)
            let heard = callee.heard().map { $0.prefix(4) }
            #expect(heard == ["[36,", "[68,", "[36,"], "seed \(seed)")
            callee.client.socket.reset()
            caller.client.socket.reset()
            end(router)
        }
    }

    @Test("a batch that asks for much is answered as its client reads, and others have their turns")
    func largeBatch() {
        let router = RouterWorld(seed: 4, cores: 1)
        let peer = Peer(router)
        peer.say(Self.hello)
        for first in stride(from: 1, to: 1000, by: 100) {
            let wishes = (first..<first + 100).map { #"[32,\#($0),{},"com.r\#($0)"]\#u{1E}"# }
            peer.client.write(wishes.joined())
            peer.settle()
        }
        #expect(peer.heard().count == 1001)
        let other = Peer(router)
        other.say(Self.hello)
        #expect(other.heard().count == 1)
        // Three megabytes of answers, to a client that takes 40 000 octets at a time.
        peer.client.socket.sendWindow = 40_000
        let asked = 1001...1400 as ClosedRange<Int>
        let asking = asked.map { #"[48,\#($0),{},"wamp.subscription.list"]\#u{1E}"# }
        peer.client.write(asking.joined() + #"[48,2000,{},"wamp.session.count"]"# + "\u{1E}")
        // Behind the batch, in a frame of its own.
        peer.client.write(#"[48,2001,{},"wamp.session.count"]"# + "\u{1E}")
        other.say(#"[48,1,{},"wamp.session.count"]"#)
        #expect(other.heard() == [#"[50,1,{},[2]]"#])
        var heard: [String] = []
        for _ in 0..<400 { heard += peer.heard() }
        let requests = heard.compactMap { text in
            text.split(separator: ",").dropFirst().first.flatMap { Int($0) }
        }
        #expect(requests == Array(asked) + [2000, 2001])
        #expect(!peer.client.hasReceivedClose)
        router.checkBooks()
        end(router, peer, other)
    }

    @Test("a batch of more than a turn carries out is carried out in its order")
    func longBatch() {
        let router = RouterWorld(seed: 5, cores: 1)
        let peer = Peer(router)
        peer.say(Self.hello)
        #expect(peer.heard().count == 1)
        let calls = (1...1000).map { #"[48,\#($0),{},"wamp.session.count"]\#u{1E}"# }
        // The last one ends the session; a Close stands behind it.
        peer.client.write(calls.joined() + #"[6,{},"wamp.close.normal"]"# + "\u{1E}")
        peer.client.writeClose(1000)
        let heard = peer.heard()
        #expect(heard.dropLast() == (1...1000).map { "[50,\($0),{},[1]]" })
        #expect(heard.last?.hasPrefix("[6,") == true)
        #expect(peer.client.receivedCode == 1000)
        end(router, peer)
    }

    @Test("a session has five seconds to begin and its peer two to end, by the core's clock")
    func times() {
        let router = RouterWorld(seed: 2, cores: 1)
        let silent = Peer(router)
        let left = Peer(router)
        left.say(Self.hello, #"[6,{},"wamp.close.normal"]"#)
        #expect(left.heard().count == 2)
        router.world.pass(1_900_000_000)
        left.settle()
        #expect(!left.client.hasReceivedClose)
        router.world.pass(200_000_000)
        left.settle()
        #expect(left.client.receivedCode == 1000)
        router.world.pass(2_800_000_000)
        silent.settle()
        #expect(!silent.client.hasReceivedClose)
        router.world.pass(200_000_000)
        silent.settle()
        #expect(silent.client.hasReceivedClose)
        end(router, silent, left)
    }

    @Test("filters hold on every core, and nobody gets what is not for it")
    func filters() {
        let router = RouterWorld(seed: 3, cores: 3)
        let peers = (0..<6).map { Peer(router, core: $0 % 3) }
        var ids: [String] = []
        for peer in peers {
            peer.say(Self.hello, #"[32,1,{},"com.t"]"#)
            ids.append(String(peer.heard()[0].split(separator: ",")[1]))
        }
        for (options, receivers) in [
            ("", [1, 2, 3, 4, 5]), (#""exclude_me":false"#, [0, 1, 2, 3, 4, 5]),
            (#""eligible":[\#(ids[1]),\#(ids[4]),7]"#, [1, 4]),
            (#""exclude":[\#(ids[2]),\#(ids[3])],"exclude_me":false"#, [0, 1, 4, 5]),
            (#""eligible":[]"#, []), (#""exclude_authrole":["anonymous"]"#, []),
            (#""eligible":[\#(ids[0])]"#, []), (#""retain":true"#, [1, 2, 3, 4, 5]),
        ] as [(String, [Int])] {
            peers[0].say("[16,2,{\(options)},\"com.t\"]")
            let found = peers.indices.filter { !peers[$0].heard().isEmpty }
            #expect(found == receivers, "\(options)")
        }
        for peer in peers { peer.client.socket.reset() }
        end(router)
    }

    @Test("a kill reaches other cores: the victim is told, and its callers are answered")
    func kill() {
        let router = RouterWorld(seed: 4, cores: 3)
        let (killer, victim, caller) = (
            Peer(router, core: 0), Peer(router, core: 1), Peer(router, core: 2)
        )
        for peer in [killer, caller] {
            peer.say(Self.hello)
            #expect(peer.heard().count == 1)
        }
        victim.say(Self.hello, #"[64,1,{},"com.p"]"#)
        let id = victim.heard()[0].split(separator: ",")[1]
        caller.say(#"[48,1,{},"com.p"]"#)
        #expect(victim.heard().count == 1)
        killer.say("[48,1,{},\"wamp.session.kill\",[\(id)]]")
        #expect(victim.heard() == [#"[6,{},"wamp.close.killed"]"#])
        #expect(caller.heard().count == 1)
        #expect(killer.heard() == ["[50,1,{}]"])
        victim.say("[70,1,{}]", #"[6,{},"wamp.close.goodbye_and_out"]"#)
        #expect(victim.client.receivedCode == 1000)
        #expect(caller.heard().isEmpty)
        end(router, killer, victim, caller)
    }

    @Test("a timeout is kept by whichever core was asked, and a call is answered once")
    func timeout() {
        let router = RouterWorld(seed: 5, cores: 2)
        let (caller, callee) = (Peer(router, core: 0), Peer(router, core: 1))
        caller.say(Self.hello)
        callee.say(Self.hello, #"[64,1,{},"com.p"]"#)
        _ = (caller.heard(), callee.heard())
        caller.say(#"[48,1,{"timeout":500},"com.p"]"#)
        #expect(callee.heard().count == 1)
        router.world.pass(490_000_000)
        #expect(caller.heard().isEmpty)
        router.world.pass(30_000_000)
        #expect(caller.heard().count == 1)
        callee.say("[70,1,{},[1]]")
        #expect(caller.heard().isEmpty && callee.heard().isEmpty)
        end(router, caller, callee)
    }
}
