// Interval — one slice of the measured part of a run, a second most often.
//
// Intervals are what curves over time are drawn from and what a comparison resamples, so each
// holds everything that happened in it and nothing twice.

/// What happened between two moments of the measured part.
package struct Interval: Sendable, Equatable, Codable {
    /// Seconds from the beginning of the measured part to the beginning of the interval.
    package var startSeconds: Double
    /// Seconds it lasted; the last one is often shorter.
    package var durationSeconds: Double
    package var tally: Tally
    /// The latencies that ended in it, in the coarse buckets of
    /// ``LatencyDistribution/coarsened()``.
    package var latency: LatencyDistribution
    /// CPU time the server used in it, in seconds over all its threads, when its pid is known.
    package var serverCPUSeconds: Double?
    /// The server's resident memory at the end of it, in octets, when its pid is known.
    package var serverResidentOctets: UInt64?
    /// How much of the interval the busiest generator thread did not sleep, 0 to 1.
    package var generatorBusyShare: Double

    package init(
        startSeconds: Double, durationSeconds: Double, tally: Tally,
        latency: LatencyDistribution, serverCPUSeconds: Double? = nil,
        serverResidentOctets: UInt64? = nil, generatorBusyShare: Double = 0
    ) {
        self.startSeconds = startSeconds
        self.durationSeconds = durationSeconds
        self.tally = tally
        self.latency = latency.coarsened()
        self.serverCPUSeconds = serverCPUSeconds
        self.serverResidentOctets = serverResidentOctets
        self.generatorBusyShare = generatorBusyShare
    }

    /// Adds what another thread or process did in the same slice of time. The server's figures
    /// are not sums: the one that is known stays.
    package mutating func add(_ other: Interval) {
        tally += other.tally
        latency.add(other.latency)
        serverCPUSeconds = serverCPUSeconds ?? other.serverCPUSeconds
        serverResidentOctets = serverResidentOctets ?? other.serverResidentOctets
        generatorBusyShare = Swift.max(generatorBusyShare, other.generatorBusyShare)
    }

    /// Units of `work` per second; 0 when it has no duration.
    package func rate(of work: Work) -> Double {
        durationSeconds > 0 ? Double(work.units(in: tally)) / durationSeconds : 0
    }
}

extension Interval {
    /// Adds the interval that came right after this one.
    internal mutating func append(_ next: Interval) {
        durationSeconds += next.durationSeconds
        tally += next.tally
        latency.add(next.latency)
        serverCPUSeconds = serverCPUSeconds.flatMap { seconds in
            next.serverCPUSeconds.map { seconds + $0 }
        }
        serverResidentOctets = next.serverResidentOctets ?? serverResidentOctets
        generatorBusyShare = Swift.max(generatorBusyShare, next.generatorBusyShare)
    }
}

extension [Interval] {
    /// The intervals, equally many neighbours joined until at most `limit` are left.
    internal func condensed(to limit: Int) -> [Interval] {
        let size = (count + limit - 1) / limit
        guard size > 1 else { return self }
        return stride(from: 0, to: count, by: size).map { start in
            var joined = self[start]
            for next in self[(start + 1)..<Swift.min(start + size, count)] { joined.append(next) }
            return joined
        }
    }
}
