import Bytes
import FoundationEssentials
import Measurement
import Testing

@Suite("latency distributions")
struct LatencyDistributionTests {
    static func distribution(of values: [UInt64]) -> LatencyDistribution {
        var histogram = LatencyHistogram()
        for value in values { histogram.record(value) }
        return histogram.distribution
    }

    static let samples: [LatencyDistribution] = [
        LatencyDistribution(),
        distribution(of: [0]),
        distribution(of: [7]),
        distribution(of: [100_001, 100_005]),  // one bucket, two ends
        distribution(of: [0, 1, 2047, 2048, 2049, LatencyHistogram.ceiling]),
        distribution(of: LatencyHistogramTests.latencies(5000, seed: 3)),
    ]

    @Test("JSON is a list of pairs, and reads back as it was")
    func jsonRoundTrip() throws {
        for sample in Self.samples {
            let json = try JSONEncoder().encode(sample)
            #expect(try JSONDecoder().decode(LatencyDistribution.self, from: json) == sample)
            let histogram = LatencyHistogram(sample)
            #expect(try JSONEncoder().encode(histogram) == json)
            #expect(try JSONDecoder().decode(LatencyHistogram.self, from: json) == histogram)
        }
        let pair = Self.distribution(of: [100_001, 100_005])
        #expect(
            String(decoding: try JSONEncoder().encode(pair), as: UTF8.self)
                == "[[100001,1],[100005,1]]")
    }

    @Test("JSON that no histogram wrote is refused")
    func badJSON() {
        let bad = [
            "[[1]]", "[[1,2,3]]", "[[-1,1]]", "[[1,-1]]", "[[1,0]]", "[[2,1],[1,1]]",
            "[[1,1],[1,1]]", "[[3600000000001,1]]", "[[1,18446744073709551616]]",
            "[[1,9007199254740993]]", "[[1,9007199254740992],[2,1]]", "[[1.5,1]]", "[[1e99,1]]",
            "[[1,18446744073709551615],[2,18446744073709551615]]",
            "[[\"1\",1]]", "[null]", "{}", "null", "[[[]]]", "3", "",
        ]
        for text in bad {
            #expect(throws: DecodingError.self, "\(text)") {
                try JSONDecoder().decode(LatencyDistribution.self, from: Data(text.utf8))
            }
        }
    }

    @Test("octets for another process read back as they were, about four per bucket")
    func octetsRoundTrip() throws {
        for sample in Self.samples {
            let octets = sample.octets
            #expect(try LatencyDistribution(octets: octets) == sample)
            #expect(octets.count <= 4 + sample.entries.count * 10)
        }
        let last = Self.samples[Self.samples.count - 1]
        #expect(last.octets.count <= last.entries.count * 5)
    }

    @Test("octets cut anywhere, or with more behind them, are refused")
    func cutOctets() {
        let octets = Self.samples[4].octets
        for size in 0..<octets.count {
            let cut = Array(octets[..<size])
            #expect(throws: MeasurementError.self) {
                try LatencyDistribution(octets: cut)
            }
        }
        #expect(throws: MeasurementError.self) {
            try LatencyDistribution(octets: (octets + [0]))
        }
    }

    @Test("random octets are read or refused, and never stop the process")
    func randomOctets() {
        var generator = SplitMix64(seed: 4)
        let valid = Self.samples[5].octets
        for round in 0..<500 {
            var octets =
                round.isMultiple(of: 2)
                ? (0..<Int.random(in: 0..<40, using: &generator)).map { _ in
                    UInt8.random(in: 0...255, using: &generator)
                } : valid
            if !octets.isEmpty {
                let index = Int.random(in: 0..<octets.count, using: &generator)
                octets[index] = UInt8.random(in: 0...255, using: &generator)
            }
            guard let read = try? LatencyDistribution(octets: octets) else { continue }
            // What is accepted is whole: it survives everything that is done with it.
            var histogram = LatencyHistogram(read)
            histogram.add(histogram)
            #expect(histogram.count == 2 * read.count)
            #expect(read.percentile(99.99) <= read.max)
            _ = (read.mean, read.coarsened(), histogram.distribution)
        }
    }

    @Test("coarse buckets know a percentile to 0.8 %, and the ends exactly")
    func coarsening() {
        for sample in Self.samples {
            let coarse = sample.coarsened()
            #expect(coarse.count == sample.count)
            #expect(coarse.min == sample.min)
            #expect(coarse.max == sample.max)
            #expect(coarse.entries.count <= sample.entries.count)
            for percentile in [50, 90, 99, 99.9] {
                let exact = Double(sample.percentile(percentile))
                let rough = Double(coarse.percentile(percentile))
                #expect(rough >= exact)
                #expect(rough <= exact * 1.008)
            }
            #expect(abs(coarse.mean - sample.mean) <= sample.mean * 0.008)
        }
        let coarse = Self.samples[5].coarsened()
        #expect(coarse.coarsened() == coarse)
        #expect(coarse.entries.count < Self.samples[5].entries.count / 3)
    }

    @Test("counts that do not fit saturate instead of wrapping")
    func saturation() throws {
        var sum = try LatencyDistribution(
            octets: [1, 5, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10])
        #expect(sum.count == LatencyDistribution.countLimit)
        for _ in 0..<12 { sum.add(sum) }
        #expect(sum.count == .max)
        #expect(sum.percentile(99) == 5)
        #expect(sum.mean == 5)
    }
}
