// ProcessFigures — memory and descriptors of this process, as the kernel tells them.
//
// Read when a metrics page is asked for, on the core that was asked. `/proc` is memory, not a
// disk: both figures together take some microseconds.

import Glibc
package import Telemetry

package enum ProcessFigures {
    /// Puts resident memory and the number of open descriptors into `metrics`.
    package static func refresh(_ metrics: ProcessMetrics) {
        if let size = residentSize() { metrics.memoryUsed = size }
        if let count = descriptorCount() { metrics.descriptorsUsed = count }
    }

    /// Octets of resident memory: the second number of `statm`, in pages (proc_pid_statm(5)).
    package static func residentSize() -> Int? {
        let file = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var octets = [UInt8](repeating: 0, count: 128)
        let count = unsafe read(file, &octets, octets.count)
        guard count > 0 else { return nil }
        let words = octets[..<count].split(separator: 0x20)
        guard words.count > 1, let pages = Int(String(decoding: words[1], as: UTF8.self)) else {
            return nil
        }
        return pages.multipliedReportingOverflow(by: Int(sysconf(Int32(_SC_PAGESIZE)))).partialValue
    }

    /// Descriptors open in the process's table; those of the rings' own tables are not in it.
    ///
    /// Since Linux 6.2 the directory's size is their number. Before that they have to be listed,
    /// which is dear only where connections are ordinary descriptors.
    package static func descriptorCount() -> Int? {
        var status = stat()
        guard unsafe stat("/proc/self/fd", &status) == 0 else { return nil }
        if status.st_size > 0 { return Int(status.st_size) }
        guard let directory = unsafe opendir("/proc/self/fd") else { return nil }
        defer { _ = unsafe closedir(directory) }
        var count = -3  // ".", ".." and the descriptor that is listing
        while unsafe readdir(directory) != nil { count += 1 }
        return max(0, count)
    }
}
