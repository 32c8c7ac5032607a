// ServerWatch — what the server's processes use, as the kernel counts it (proc(5)).

internal import Glibc

/// A look at the server's processes.
struct ServerUse: Equatable {
    /// What all their threads were scheduled, seconds.
    var cpuSeconds = 0.0
    /// Resident memory, octets.
    var residentOctets: UInt64 = 0
    /// All of them are there.
    var isAlive = true
}

/// Reads the use of some processes.
struct ServerWatch: Sendable {
    let pids: [Int]

    /// - Throws: ``SetUpError`` when one of them does not exist.
    init(_ pids: [Int]) throws(SetUpError) {
        self.pids = pids
        for pid in pids where ProcFile.read("/proc/\(pid)/stat") == nil {
            throw SetUpError("there is no process \(pid); --server-pid takes the server's")
        }
    }

    var use: ServerUse {
        var use = ServerUse()
        for pid in pids {
            guard let stat = ProcFile.read("/proc/\(pid)/stat") else {
                use.isAlive = false
                continue
            }
            // schedstat counts in nanoseconds, stat in ticks of 10 ms.
            let scheduled = ProcFile.entries("/proc/\(pid)/task").reduce(into: UInt64(0)) {
                let line = ProcFile.read("/proc/\(pid)/task/\($1)/schedstat")
                $0 += line.flatMap { UInt64($0.prefix { $0 != " " }) } ?? 0
            }
            use.cpuSeconds += scheduled > 0 ? Double(scheduled) / 1e9 : Self.ticks(stat)
            let pages = ProcFile.read("/proc/\(pid)/statm")?.split(separator: " ").dropFirst().first
            let size = UInt64(max(sysconf(Int32(_SC_PAGESIZE)), 1))
            use.residentOctets += (pages.flatMap { UInt64($0) } ?? 0) * size
        }
        return use
    }

    /// Fields 14 and 15, behind a name that may hold anything.
    private static func ticks(_ stat: String) -> Double {
        guard let end = stat.lastIndex(of: ")") else { return 0 }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13])
        else { return 0 }
        return (user + system) / Double(max(sysconf(Int32(_SC_CLK_TCK)), 1))
    }
}

/// Small files that the kernel makes up.
enum ProcFile {
    /// The text of a file, at most 64 KiB; `nil` when it cannot be read.
    static func read(_ path: String) -> String? {
        guard let file = unsafe fopen(path, "re") else { return nil }
        defer { unsafe fclose(file) }
        var octets = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe fread(&octets, 1, octets.count, file)
        return count > 0 ? String(decoding: octets.prefix(count), as: UTF8.self) : nil
    }

    /// Names in a folder, without those that begin with a dot.
    static func entries(_ path: String) -> [String] {
        guard let folder = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}
