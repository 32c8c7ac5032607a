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

    private func end(_ router: RouterWorld, _ peers: Peer...) {
        for peer in peers where !peer.client.socket.isFinished { peer.client.socket.reset() }
        router.world.settle()
        router.world.stop()
        for _ in 0..<100 where !router.world.isOver { router.world.pass(100_000_000) }
        router.world.checkEmpty()
        router.checkBooks(isOver: true)
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

    @Test("what a lost session leaves to others does not repeat what they were sent")
    func lostInTheReap() {
        // Every send fails for good or is cut: ends come in the midst of reaps.
        for seed in 1...40 as ClosedRange<UInt64> {
            var options = SimulatedOptions()
            options.faults.shortSend = 300
            let router = RouterWorld(seed: seed, cores: 1, options: options, flushSlice: 2)
            let watcher = Peer(router)
            watcher.say(Self.hello, #"[32,1,{"match":"prefix"},"com."]"#)
            #expect(watcher.heard().count == 2)
            let peers = (0..<6).map { _ in Peer(router) }
            for peer in peers {
                peer.say(
                    Self.hello, #"[32,1,{"match":"prefix"},"com."]"#,
                    #"[48,2,{},"wamp.session.add_testament",["com.will",["gone"],{}]]"#)
            }
            for number in 0..<10 {
                for peer in peers {
                    peer.client.write("[16,3,{},\"com.t\",[\(number)]]\u{1E}")
                    peer.client.push()
                }
                if number == 4 { router.world.faults.brokenSocket = 60 }
                router.world.step()
            }
            router.world.faults.brokenSocket = 0
            router.world.settle()
            var ids: Set<Substring> = []
            for text in watcher.heard() where text.hasPrefix("[36,") {
                let id = text.split(separator: ",")[2]
                #expect(ids.insert(id).inserted, "seed \(seed): \(text) came twice")
            }
            end(router, watcher)
        }
    }
}
