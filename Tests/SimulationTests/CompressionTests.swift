// How often a publication is deflated: counted on whole cores, with clients of three dialects, tails
// of their own and every window.
//
// The rule: once, by the first core that needs it, for the smallest window. Nobody's number of
// subscribers, tails, protocols, readings, windows or cores comes in.

import Engine
import Telemetry
import Testing
import WebSocket

@Suite("compressions") struct CompressionTests {
    @Test(
        "a publication is deflated once for all protocols, tails and windows",
        arguments: [300, 600, 3000, 40_000])
    func classes(size: Int) {
        for windows in [15...15, 9...15] {
            let test = SpokenWorld(seed: UInt64(windows.count), cores: 2)
            var clients: [SimulatedClient] = []
            for bits in windows {
                let offer = DeflateOffer(serverWindowBits: bits)
                for number in 0..<4 {
                    let spoken = test.open(core: number % 2, offer: offer)
                    for tail in 0...number { spoken.write("sub k.b ~\(tail)") }
                    let stream = test.open(SpokenWorld.stream, core: number % 2, offer: offer)
                    stream.write(Call.subscribe("k", "b"))
                    clients += [spoken, stream]
                }
            }
            for number in 0..<4 {
                let wamp = test.join(core: number % 2, offersDeflate: true)
                wamp.write(#"[32,1,{},"k.b"]"#)
                clients.append(wamp)
            }
            test.exchangeAll()
            for client in clients { _ = client.takeMessages() }

            let before = test.count(of: .compressions)
            let text = "\"\(test.text(size))\""
            test.publish("k.b", text)
            test.exchangeAll()
            for client in clients {
                let messages = client.takeMessages()
                #expect(!messages.isEmpty)
                #expect(messages.allSatisfy { $0.contains(text) })
            }
            #expect(test.count(of: .compressions) - before == 1)
            #expect(test.count(of: .compressionsSkipped) == 0)
            test.end()
            #expect(test.world.violations == [])
        }
    }

    @Test("who agreed to no compression costs none")
    func plain() {
        let test = SpokenWorld(seed: 3, cores: 2)
        for number in 0..<4 {
            test.say(test.open(core: number % 2), "sub k.b ~\(number)")
            test.say(test.open(SpokenWorld.stream, core: number % 2), Call.subscribe("k", "b"))
        }
        test.publish("k.b", "\"\(test.text(600))\"")
        test.exchangeAll()
        #expect(test.count(of: .compressions) == 0)
        test.end()
        #expect(test.world.violations == [])
    }
}
