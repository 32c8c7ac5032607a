// RunClock — a worker's view of the run's times: intervals, and how busy it was in them.

internal import CSystem

struct RunClock {
    /// ns of the monotonic clock; never before the board says.
    var measureBegin = UInt64.max
    var measureEnd = UInt64.max
    /// When the running interval ends, or the warm-up does.
    var intervalEnd = UInt64.max
    private(set) var intervalBegin: UInt64 = 0
    /// Turns without work while spinning, ns.
    private var idleTime: UInt64 = 0
    private var turnBegin: UInt64 = 0
    private var cpuBegin: UInt64 = 0

    /// A turn is over; an idle one counts as spare time. Only a spinning worker has idle turns, one
    /// that sleeps uses no CPU time meanwhile.
    mutating func turnEnded(at now: UInt64, isIdle: Bool) {
        if isIdle, turnBegin > 0 { idleTime += now - turnBegin }
        turnBegin = now
    }

    /// Whether a message of `time` belongs to the measured part.
    @inline(__always)
    func isMeasured(_ time: UInt64) -> Bool { time >= measureBegin && time < measureEnd }

    mutating func beginInterval(at now: UInt64, end: UInt64) {
        intervalBegin = now
        intervalEnd = end
        idleTime = 0
        cpuBegin = carillon_thread_cpu_now()
    }

    /// CPU time since the interval began, ns.
    var cpuTime: UInt64 { carillon_thread_cpu_now() - cpuBegin }

    /// The share of the interval in which the thread had work.
    func busyShare(at now: UInt64) -> Double {
        guard now > intervalBegin else { return 0 }
        let cpu = cpuTime
        let busy = Double(cpu) - Double(min(idleTime, cpu))
        return min(1, max(0, busy / Double(now - intervalBegin)))
    }
}
