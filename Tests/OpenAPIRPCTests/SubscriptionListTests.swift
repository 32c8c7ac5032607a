import Bytes
import Testing

@testable import OpenAPIRPC

@Suite("subscription list")
struct SubscriptionListTests {
    private func text(of list: SubscriptionList) -> String {
        var json = OctetBuffer()
        list.write(into: &json)
        return json.octets.text
    }

    @Test("writes channels in their order, each with its patterns")
    func writes() {
        var list = SubscriptionList()
        #expect(text(of: list) == "{}")
        for (channel, pattern) in [("b", "1"), ("a", "1"), ("b", "2"), ("", "*"), ("a", "0")] {
            list.insert(channel: Array(channel.utf8), pattern: Array(pattern.utf8))
        }
        #expect(text(of: list) == #"{"b":["1","2"],"a":["1","0"],"":["*"]}"#)
    }

    @Test("takes names as large as a room")
    func largestNames() {
        var list = SubscriptionList()
        let name = [UInt8](repeating: 0x78, count: 255)
        list.insert(channel: name, pattern: name)
        list.insert(channel: name, pattern: [])
        #expect(list.contains(channel: name, pattern: name))
        let wasHeld = list.remove(channel: name, pattern: name)
        #expect(wasHeld)
        #expect(list.contains(channel: name, pattern: []))
    }

    @Test("agrees with an ordered model", arguments: [1, 2, 3] as [UInt64])
    func model(seed: UInt64) {
        var numbers = SplitMix64(seed: seed)
        func random(_ bound: Int) -> Int { .random(in: 0..<bound, using: &numbers) }
        var list = SubscriptionList()
        var model: [(channel: String, patterns: [String])] = []
        for _ in 0..<2000 {
            let channel = String(repeating: "c", count: random(4))
            let pattern = String(repeating: "p", count: random(4))
            let place = model.firstIndex { $0.channel == channel }
            let isHeld = place.map { model[$0].patterns.contains(pattern) } ?? false
            let (channelOctets, patternOctets) = (Array(channel.utf8), Array(pattern.utf8))
            #expect(list.contains(channel: channelOctets, pattern: patternOctets) == isHeld)
            #expect(list.holds(channel: channelOctets) == (place != nil))
            if random(2) == 0 {
                let wasHeld = list.remove(channel: channelOctets, pattern: patternOctets)
                #expect(wasHeld == isHeld)
                if isHeld, let place {
                    model[place].patterns.removeAll { $0 == pattern }
                    if model[place].patterns.isEmpty { model.remove(at: place) }
                }
            } else if !isHeld {
                list.insert(channel: channelOctets, pattern: patternOctets)
                if let place {
                    model[place].patterns.append(pattern)
                } else {
                    model.append((channel, [pattern]))
                }
            }
            let groups = model.map { group in
                let patterns = group.patterns.map { "\"\($0)\"" }.joined(separator: ",")
                return "\"\(group.channel)\":[\(patterns)]"
            }
            #expect(text(of: list) == "{\(groups.joined(separator: ","))}", "seed \(seed)")
            #expect(list.count == model.reduce(0) { $0 + $1.patterns.count }, "seed \(seed)")
        }
    }
}
