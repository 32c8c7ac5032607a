// LogWriter — lines on their way to standard error, on a thread of their own.
//
// Whoever logs appends to a queue and goes on. The queue is bounded in octets: a line that does not
// fit is dropped and counted, because a log that nobody reads must never hold up a server. Lines
// leave at most 4096 octets (PIPE_BUF) at a time and only after `poll` has said that there is room,
// so a pipe that is full is waited for without being stuck in it.

import CSystem
import Glibc
import Lockfree
import Synchronization
import Telemetry

/// Writes lines to a descriptor, in order, or drops them.
final class LogWriter: Sendable {
    private struct Queue {
        var octets: [UInt8] = []
        var isClosing = false
    }

    /// Octets that may wait.
    private let sizeLimit: Int
    private let descriptor: Int32
    private let process: ProcessMetrics
    private let queue = Guarded(Queue())
    /// Tells the thread that the queue is no longer empty.
    private let event: Int32
    private let isDone = Atomic<Bool>(false)

    /// - Parameter process: Counts the lines that are dropped.
    init(descriptor: Int32, sizeLimit: Int = 1 << 20, process: ProcessMetrics) {
        self.descriptor = descriptor
        self.sizeLimit = sizeLimit
        self.process = process
        event = carillon_eventfd()
        precondition(event >= 0, "no descriptor is left for the log")
        ServiceThread.start("log") { self.run() }
    }

    /// Queues one line, line end included. Never waits for its reader.
    func write(_ line: [UInt8]) {
        let wasEmpty: Bool? = queue.withLock { queue in
            guard !queue.isClosing, queue.octets.count + line.count <= sizeLimit else {
                return nil
            }
            let wasEmpty = queue.octets.isEmpty
            queue.octets += line
            return wasEmpty
        }
        guard let wasEmpty else {
            process.countDroppedLogLines()
            return
        }
        if wasEmpty { _ = carillon_eventfd_signal(event) }
    }

    /// Writes what is queued and ends, but waits no longer than `patience` for a reader.
    func close(patience: Duration) {
        queue.withLock { $0.isClosing = true }
        _ = carillon_eventfd_signal(event)
        let end = ContinuousClock.now + patience
        while !isDone.load(ordering: .acquiring) && ContinuousClock.now < end { usleep(500) }
    }

    private func run() {
        while true {
            waitFor(event, POLLIN)
            var count: UInt64 = 0
            _ = unsafe read(event, &count, 8)
            let (batch, isClosing) = queue.withLock { queue in
                let batch = queue.octets
                queue.octets = []
                return (batch, queue.isClosing)
            }
            deliver(batch)
            if isClosing {
                // Pairs with the acquiring load in `close`.
                isDone.store(true, ordering: .releasing)
                return
            }
        }
    }

    private func deliver(_ batch: [UInt8]) {
        var offset = 0
        while offset < batch.count {
            waitFor(descriptor, POLLOUT)
            let end = min(batch.count, offset + 4096)
            let count = unsafe batch[offset..<end].withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count > 0 else {
                // The reader is gone, or the disk is full: these lines are lost.
                process.countDroppedLogLines(batch[offset...].count { $0 == 0x0A })
                return
            }
            offset += count
        }
    }

    private func waitFor(_ descriptor: Int32, _ what: Int32) {
        var wanted = pollfd(fd: descriptor, events: Int16(what), revents: 0)
        _ = unsafe poll(&wanted, 1, -1)
    }
}
