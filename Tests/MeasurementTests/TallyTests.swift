import FoundationEssentials
import Measurement
import Testing

@Suite("tallies and intervals")
struct TallyTests {
    /// The counters' names as the encoder writes them, so that a new counter is in the test.
    private static func counterNames() throws -> [String] {
        let text = String(decoding: try JSONEncoder().encode(Tally()), as: UTF8.self)
        return text.split(separator: "\"").map(String.init).filter { $0.first?.isLetter == true }
            .sorted()
    }

    /// A tally in which every counter has a value of its own.
    private func distinct(times factor: UInt64) throws -> Tally {
        let names = try Self.counterNames()
        var text = "{"
        for (index, name) in names.enumerated() {
            text += (index == 0 ? "" : ",") + "\"\(name)\":\(UInt64(index + 1) * factor)"
        }
        return try JSONDecoder().decode(Tally.self, from: Data((text + "}").utf8))
    }

    @Test("every counter takes part in a sum")
    func sum() throws {
        var sum = try distinct(times: 1)
        sum += try distinct(times: 10)
        #expect(sum == (try distinct(times: 11)))
    }

    @Test("a sum that does not fit stays at the greatest number")
    func saturation() {
        var tally = Tally()
        tally.lost = .max
        tally.duplicated = 1
        var sum = tally
        sum += tally
        #expect(sum.lost == .max)
        #expect(sum.duplicated == 2)
        #expect(sum.violations == .max)
        #expect(sum.errors == .max)
    }

    @Test("intervals of two threads add up, and the server is not counted twice")
    func intervals() {
        var tally = Tally()
        tally.delivered = 10
        let latency = LatencyDistributionTests.distribution(of: [100, 200])
        var one = Interval(
            startSeconds: 3, durationSeconds: 0.5, tally: tally, latency: latency,
            generatorBusyShare: 0.2)
        let two = Interval(
            startSeconds: 3, durationSeconds: 0.5, tally: tally, latency: latency,
            serverCPUSeconds: 0.4, serverResidentOctets: 7, generatorBusyShare: 0.3)
        one.add(two)
        #expect(one.tally.delivered == 20)
        #expect(one.latency.count == 4)
        #expect(one.serverCPUSeconds == 0.4)
        #expect(one.serverResidentOctets == 7)
        #expect(one.generatorBusyShare == 0.3)
        #expect(one.rate(of: .messages) == 40)
        one.add(two)
        #expect(one.serverCPUSeconds == 0.4)
        one.durationSeconds = 0
        #expect(one.rate(of: .messages) == 0)
    }
}
