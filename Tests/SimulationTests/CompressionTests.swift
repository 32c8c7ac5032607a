// How often a publication is deflated: counted on whole cores, with clients of three dialects, tails
// of their own and every window.
//
// The rule: messages deflate alike if dialect and reading are the same, and such a class is deflated
// once per process, by the first core that needs it; but for windows that are smaller than the
// message, each of which takes one more. Nobody's number of subscribers, tails or cores comes in.

import Engine
import Telemetry
import Testing
import WebSocket

@Suite("compressions") struct CompressionTests {
    /// Octets of the payload, and how many windows of 9 to 15 bits need a run of their own.
    @Test(
        "a publication is deflated once for a dialect, and for windows that are too small",
        arguments: [(300, 1), (600, 2), (3000, 4), (40_000, 7)])
    func classes(size: Int, variantCount: Int) {
        for windows in [15...15, 9...15] {
            let test = SpokenWorld(seed: UInt64(windows.count), cores: 2)
            let variantCount = min(variantCount, windows.count)
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
            // WAMP's clients all agreed to the same window.
            #expect(test.count(of: .compressions) - before == 2 * variantCount + 1)
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
