// CPUPlan — how many cores to run and where: the affinity mask, and no more than the quota pays
// for.

import CSystem
import Glibc

package struct CPUPlan: Sendable {
    /// CPUs this process may run on.
    package let allowed: [Int]
    /// CPUs' worth of time per period that the control group grants, rounded up; `nil`: no limit.
    package let quota: Int?

    package init() {
        var cpus = [Int32](repeating: 0, count: 1024)
        let count = unsafe carillon_allowed_cpus(&cpus, Int32(cpus.count))
        allowed = cpus.prefix(Int(max(count, 0))).map { Int($0) }
        quota = Self.readQuota()
    }

    /// One core per CPU.
    package var coreCount: Int {
        min(max(1, min(allowed.count, quota ?? .max)), InterestSummary.coreLimit)
    }

    /// `cpu.max` of cgroup v2: "quota period" in microseconds, or "max period".
    private static func readQuota() -> Int? {
        guard let file = unsafe fopen("/sys/fs/cgroup/cpu.max", "re") else { return nil }
        defer { unsafe fclose(file) }
        var line = [UInt8](repeating: 0, count: 64)
        let count = unsafe fread(&line, 1, line.count, file)
        let text = String(decoding: line.prefix(count), as: UTF8.self)
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard parts.count == 2, let quota = Int(parts[0]), let period = Int(parts[1]), period > 0,
            quota > 0
        else { return nil }
        return (quota + period - 1) / period
    }
}
