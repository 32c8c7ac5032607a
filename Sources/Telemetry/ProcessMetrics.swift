// ProcessMetrics — the few numbers that belong to no core.
//
// Written rarely and from any thread (the log writer, the control plane before it renders a page),
// so these are ordinary atomics, and nobody minds that they share a line. Each number stands for
// itself: relaxed is all they need.

internal import Synchronization

/// Numbers about the whole process. One instance, shared.
package final class ProcessMetrics: Sendable {
    private let memory = Atomic<Int>(0)
    private let limit = Atomic<Int>(0)
    private let descriptors = Atomic<Int>(0)
    private let dropped = Atomic<Int>(0)
    private let calls = Atomic<Int>(0)

    package init() {}

    /// Resident memory, in octets; set by whoever asks the kernel.
    package var memoryUsed: Int {
        get { memory.load(ordering: .relaxed) }
        set { memory.store(newValue, ordering: .relaxed) }
    }

    /// The memory the process plans with, in octets; 0 until it is known.
    package var memoryLimit: Int {
        get { limit.load(ordering: .relaxed) }
        set { limit.store(newValue, ordering: .relaxed) }
    }

    /// What calls hold until they are answered, in octets; set before a page is rendered.
    package var callOctets: Int {
        get { calls.load(ordering: .relaxed) }
        set { calls.store(newValue, ordering: .relaxed) }
    }

    /// Descriptors open in the process's own table (direct descriptors are the cores').
    package var descriptorsUsed: Int {
        get { descriptors.load(ordering: .relaxed) }
        set { descriptors.store(newValue, ordering: .relaxed) }
    }

    /// Log lines dropped because the log could not take them.
    package var logLinesDropped: Int { dropped.load(ordering: .relaxed) }

    package func countDroppedLogLines(_ amount: Int = 1) {
        dropped.wrappingAdd(amount, ordering: .relaxed)
    }
}
