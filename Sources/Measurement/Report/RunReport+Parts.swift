// RunReport+Parts — the small records a report is made of.

extension RunReport {
    /// Who measured.
    package struct Tool: Sendable, Equatable, Codable {
        package var name: String
        package var version: String

        package init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    /// Where it was measured.
    package struct Host: Sendable, Equatable, Codable {
        /// Kernel name and release.
        package var kernel: String
        /// The CPU's model name.
        package var cpu: String
        /// CPUs the generator may use.
        package var cpuCount: Int

        package init(kernel: String, cpu: String, cpuCount: Int) {
            self.kernel = kernel
            self.cpu = cpu
            self.cpuCount = cpuCount
        }
    }

    /// One setting of the scenario, as text for people.
    package struct Parameter: Sendable, Equatable, Codable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The moment latency is counted from.
    package enum LatencyOrigin: String, Sendable, Equatable, Codable {
        /// When the schedule wanted the message sent, whatever kept it back: a stalled server
        /// shows in every message it delayed (no coordinated omission).
        case due
        /// When it was sent, because there is no schedule: a closed loop.
        case sent

        /// The origin, to follow "latency counted from".
        package var text: String {
            switch self {
            case .due: "the time a message was due"
            case .sent: "the time a message was sent"
            }
        }
    }

    /// What is known of the server's process.
    package struct ServerFigures: Sendable, Equatable, Codable {
        package var pid: Int
        /// CPU time in the measured part, user and system, all threads.
        package var cpuSeconds: Double?
        /// Resident octets before the first connection.
        package var residentAtStart: UInt64?
        /// Resident octets at the end of the measured part, all connections open.
        package var residentAtEnd: UInt64?
        /// Whether the process ended during the run.
        package var died: Bool

        package init(
            pid: Int, cpuSeconds: Double? = nil, residentAtStart: UInt64? = nil,
            residentAtEnd: UInt64? = nil, died: Bool = false
        ) {
            self.pid = pid
            self.cpuSeconds = cpuSeconds
            self.residentAtStart = residentAtStart
            self.residentAtEnd = residentAtEnd
            self.died = died
        }
    }

    /// What the generator has to say about itself: whether it was the bottleneck.
    package struct GeneratorFigures: Sendable, Equatable, Codable {
        package var threads: Int
        package var processes: Int
        /// Share of the measured part that the busiest thread did not sleep, 0 to 1.
        package var busyShareMax: Double
        /// The same, mean of all threads.
        package var busyShareMean: Double
        /// Share of the scheduled messages that were sent later than the tolerance allows, 0 to 1.
        package var slippedShare: Double
        /// The longest such delay, in nanoseconds.
        package var worstSlipNanoseconds: UInt64
        /// CPU time of all its threads in the measured part; `nil` in older reports.
        package var cpuSeconds: Double?

        package init(
            threads: Int = 1, processes: Int = 1, busyShareMax: Double = 0,
            busyShareMean: Double = 0, slippedShare: Double = 0, worstSlipNanoseconds: UInt64 = 0,
            cpuSeconds: Double? = nil
        ) {
            self.threads = threads
            self.processes = processes
            self.busyShareMax = busyShareMax
            self.busyShareMean = busyShareMean
            self.slippedShare = slippedShare
            self.worstSlipNanoseconds = worstSlipNanoseconds
            self.cpuSeconds = cpuSeconds
        }
    }

    /// A kind of mishap: what happened, with as much of the server's words as helps.
    package struct Problem: Sendable, Equatable, Codable {
        package var text: String
        package var count: UInt64

        package init(text: String, count: UInt64) {
            self.text = text
            self.count = count
        }
    }
}
