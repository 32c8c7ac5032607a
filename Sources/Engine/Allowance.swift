// Allowance — how many messages a connection may still send (a token bucket).

/// Filled by the clock at `rate` per second up to `burst`; every message takes one.
struct Allowance {
    private var left = 0.0
    private var reckoned: UInt64 = 0
    private var overSince: UInt64 = 0

    enum Outcome { case granted, wait, exhausted }

    /// Takes one message at `now` (ns). Being over the rate for `patience` ns is the end of it.
    mutating func spend(
        now: UInt64, rate: Int, burst: Int, patience: UInt64 = 60_000_000_000
    ) -> Outcome {
        let ceiling = Double(max(burst, 1))
        if reckoned == 0 {
            left = ceiling
        } else {
            left = min(ceiling, left + Double(now &- reckoned) / 1e9 * Double(rate))
        }
        reckoned = now
        if left >= ceiling { overSince = 0 }  // silent long enough to fill the bucket
        if left >= 1 {
            left -= 1
            // Back below the rate: a bucket with something to spare.
            if left >= 1 { overSince = 0 }
            return .granted
        }
        if overSince == 0 { overSince = now }
        return now >= overSince + patience ? .exhausted : .wait
    }
}
