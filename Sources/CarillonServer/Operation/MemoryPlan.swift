// MemoryPlan — how much memory the server may plan with: what the control group grants, else most
// of what the machine has.

import Configuration
import Glibc

enum MemoryPlan {
    /// Octets to plan with: `limits.memory`, else the least limit of the control groups we are in,
    /// else 80 % of the machine's memory.
    static func limit(_ given: Configuration.Limits) -> Int {
        if given.memory > 0 { return given.memory }
        let machine = machineSize() / 10 * 8
        return min(machine, groupLimit() ?? machine)
    }

    private static func machineSize() -> Int {
        let pages = Int(sysconf(Int32(_SC_PHYS_PAGES)))
        let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
        let (size, overflow) = pages.multipliedReportingOverflow(by: pageSize)
        return overflow || size <= 0 ? 1 << 30 : size
    }

    /// The least `memory.max` from our control group up to the root (cgroup v2), or version 1's
    /// `memory.limit_in_bytes`; `nil`: none is set.
    private static func groupLimit() -> Int? {
        var least: Int?
        func consider(_ file: String) {
            guard let text = try? ConfigurationSource.read(file) else { return }
            let digits = text.prefix { $0.isNumber }
            // "max", and version 1's number next to 2^63, mean that there is no limit.
            guard let size = Int(digits), size > 0, size < 1 << 60 else { return }
            least = min(least ?? size, size)
        }
        if let groups = try? ConfigurationSource.read("/proc/self/cgroup") {
            for line in groups.split(separator: "\n") where line.hasPrefix("0::/") {
                var path = String(line.dropFirst(3))
                while path != "/" && !path.isEmpty {
                    consider("/sys/fs/cgroup\(path)/memory.max")
                    path = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
                }
            }
        }
        consider("/sys/fs/cgroup/memory.max")
        consider("/sys/fs/cgroup/memory/memory.limit_in_bytes")
        return least
    }
}
