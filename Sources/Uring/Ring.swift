// Ring — one io_uring, owned by one thread.
//
// Created, used and destroyed on its core's thread (SINGLE_ISSUER: the kernel answers EEXIST to
// anybody else). Submissions are prepared by the methods of `Ring+Submissions.swift` and reach the
// kernel with the next `enter`; what finds the queue full waits in a FIFO and is never dropped.

import CSystem
import CUring
import Glibc

/// How a ring is made.
package struct RingOptions: Sendable {
    /// Submission entries; the completion queue has eight times as many.
    package var entries: UInt32 = 4096
    package var bufferCount: UInt32 = 2048
    package var bufferSize: Int = 4096
    /// Direct descriptors wanted; 0 for none.
    package var socketCount: UInt32 = 0
    /// Features treated as missing, for tests.
    package var absent: Features = []

    package init() {}
}

/// What an enter came to.
package enum EnterOutcome: Sendable, Equatable {
    case entered
    case timedOut
    case interrupted  // EINTR, EBUSY, EAGAIN: reap, then enter again
}

/// Safety: `ring` and `buffers` are C objects owned here alone, freed in `deinit`; all memory lent
/// to the kernel (`storage`) outlives the ring, which is destroyed first.
@safe
package struct Ring: ~Copyable {
    let ring: OpaquePointer
    let bufferRing: OpaquePointer?
    let storage: UnsafeMutableRawPointer
    package let bufferCount: Int
    package let bufferSize: Int
    package let features: Features
    /// How many sockets the direct table holds; 0 without one.
    package let socketCount: Int
    package let descriptor: Int32

    /// Prepared operations that found the queue full.
    var waiting: [carillon_sqe] = []
    var scratch: UnsafeMutablePointer<carillon_cqe>
    static let scratchCount = 1024
    static let bufferGroup: UInt16 = 1

    /// How many operations were prepared.
    package internal(set) var preparedCount = 0
    /// How often the submission queue was full.
    package internal(set) var fullCount = 0
    /// How often the completion queue overflowed.
    package internal(set) var overflowCount = 0

    /// - Throws: ``RingError`` when there can be no ring at all; a missing feature is no error.
    package init(_ options: RingOptions) throws(RingError) {
        precondition(options.bufferCount.nonzeroBitCount == 1 && options.bufferCount <= 32_768)
        let (ring, setup) = try unsafe Self.make(options)
        let probe = unsafe FeatureProbe(ring: ring, absent: options.absent)
        guard probe.answersNop() else {
            unsafe carillon_ring_destroy(ring)
            throw RingError(operation: "a no-op", errno: EIO)
        }
        var features = setup.union(probe.basics())
        let size = Int(options.bufferCount) * options.bufferSize
        guard let storage = unsafe carillon_pages(size, true) else {
            unsafe carillon_ring_destroy(ring)
            throw .memory
        }
        var bufferRing: OpaquePointer?
        if !options.absent.contains(.bufferRing),
            unsafe carillon_buffers_create(ring, Self.bufferGroup, options.bufferCount, &bufferRing)
                == 0
        {
            features.insert(.bufferRing)
        }
        var sockets: UInt32 = 0
        if options.socketCount > 0, !options.absent.contains(.directDescriptors) {
            sockets = unsafe Self.registerSockets(ring, atMost: options.socketCount)
            if sockets > 0 { features.insert(.directDescriptors) }
        }
        unsafe self.ring = ring
        unsafe self.bufferRing = bufferRing
        unsafe self.storage = storage
        bufferCount = Int(options.bufferCount)
        bufferSize = options.bufferSize
        socketCount = Int(sockets)
        descriptor = unsafe carillon_ring_descriptor(ring)
        unsafe scratch = .allocate(capacity: Self.scratchCount)
        self.features = features.union(probe.multishots(direct: sockets > 0))
        for id in 0..<options.bufferCount { recycle(UInt16(id)) }
        publishBuffers()
    }

    deinit {
        if let bufferRing = unsafe bufferRing { unsafe carillon_buffers_destroy(ring, bufferRing) }
        unsafe carillon_ring_destroy(ring)
        unsafe carillon_pages_release(storage, bufferCount * bufferSize)
        unsafe scratch.deallocate()
    }

    /// Makes the C ring with the best flags the kernel takes, and halves it while memory is short.
    private static func make(
        _ options: RingOptions
    ) throws(RingError) -> (OpaquePointer, Features) {
        var entries = options.entries
        var wanted: [Features] = [[.singleIssuer, .deferredTaskRun], [.singleIssuer], []]
        wanted = wanted.map { $0.subtracting(options.absent) }
        if wanted[0] == [.deferredTaskRun] { wanted.removeFirst() }  // needs a single issuer
        while true {
            var status: Int32 = 0
            for features in wanted {
                var flags = UInt32(CARILLON_SETUP_CQSIZE | CARILLON_SETUP_SUBMIT_ALL)
                if features.contains(.singleIssuer) {
                    flags |= UInt32(CARILLON_SETUP_SINGLE_ISSUER)
                }
                if features.contains(.deferredTaskRun) {
                    flags |= UInt32(CARILLON_SETUP_DEFER_TASKRUN)
                } else {
                    flags |= UInt32(CARILLON_SETUP_COOP_TASKRUN)
                }
                var ring: OpaquePointer?
                status = unsafe carillon_ring_create(entries, entries * 8, flags, &ring)
                if status == 0, let ring = unsafe ring { return unsafe (ring, features) }
                if status != -EINVAL { break }
            }
            guard status == -ENOMEM, entries > 64 else {
                throw RingError(operation: "a ring of \(entries) entries", errno: -status)
            }
            entries /= 2
        }
    }

    private static func registerSockets(_ ring: OpaquePointer, atMost wanted: UInt32) -> UInt32 {
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        unsafe carillon_descriptor_limit(&soft, &hard, false)
        let count = UInt32(clamping: min(UInt64(wanted), soft))
        return unsafe carillon_ring_register_files(ring, count) == 0 ? count : 0
    }

    /// Moves a connected or connecting socket of the process into place `index` of the ring's own
    /// table, and gives its descriptor back to the process.
    ///
    /// - Returns: How to speak of it from now on; the descriptor itself where there is no table.
    /// - Throws: ``RingError``; the descriptor is closed all the same.
    package mutating func adopt(
        _ descriptor: Int32, at index: Int
    ) throws(RingError) -> SocketHandle {
        guard features.contains(.directDescriptors), index < socketCount else {
            return SocketHandle(index: descriptor, isDirect: false)
        }
        let status = unsafe carillon_ring_place_file(ring, UInt32(index), descriptor)
        Glibc.close(descriptor)
        guard status == 1 else {
            throw RingError(operation: "a place in the socket table", errno: -status)
        }
        return SocketHandle(index: Int32(index), isDirect: true)
    }

    // MARK: entering and reaping

    /// Entries the kernel has not taken yet, the waiting ones included.
    package var unsubmittedCount: Int {
        unsafe Int(carillon_ring_unsubmitted(ring)) + waiting.count
    }

    /// Submits what is prepared, runs deferred work, and waits for a completion if asked to.
    ///
    /// - Parameter timeout: Nanoseconds to wait for one completion; 0 does not wait, `nil` waits
    ///   without end.
    package mutating func enter(timeout: UInt64?) -> EnterOutcome {
        refillFromWaiting()
        let waits = timeout != 0 && waiting.isEmpty
        let limit = timeout.map { Int64(clamping: $0) } ?? -1
        let status = unsafe carillon_ring_enter(ring, waits ? 1 : 0, limit)
        switch -status {
        case ETIME: return .timedOut
        case EINTR, EBUSY, EAGAIN: return .interrupted
        default:
            // EEXIST is a second thread, EBADF a lost ring: ours to mend, never to hide.
            precondition(status >= 0, "io_uring_enter failed: errno \(-status)")
            return .entered
        }
    }

    /// Takes every completion there is, those that overflowed the queue included.
    package mutating func reap(into completions: inout [Completion]) {
        while true {
            let count = unsafe carillon_ring_reap(ring, scratch, UInt32(Self.scratchCount))
            for index in 0..<Int(count) {
                let entry = unsafe scratch[index]
                completions.append(
                    Completion(token: entry.user_data, result: entry.result, flags: entry.flags))
            }
            if count == UInt32(Self.scratchCount) { continue }
            guard unsafe carillon_ring_overflowed(ring) else { return }
            overflowCount += 1
            _ = unsafe carillon_ring_enter(ring, 0, 0)
        }
    }

    /// Copies an entry into the queue; in place of a value, since a copy more is felt here.
    mutating func push(_ entry: inout carillon_sqe) {
        preparedCount &+= 1
        if waiting.isEmpty, unsafe carillon_ring_push(ring, &entry) { return }
        fullCount += 1
        if waiting.isEmpty {
            _ = unsafe carillon_ring_enter(ring, 0, 0)
            if unsafe carillon_ring_push(ring, &entry) { return }
        }
        waiting.append(entry)
    }

    private mutating func refillFromWaiting() {
        guard !waiting.isEmpty else { return }
        var moved = 0
        while moved < waiting.count {
            var entry = waiting[moved]
            guard unsafe carillon_ring_push(ring, &entry) else {
                _ = unsafe carillon_ring_enter(ring, 0, 0)
                guard unsafe carillon_ring_push(ring, &entry) else { break }
                moved += 1
                continue
            }
            moved += 1
        }
        waiting.removeFirst(moved)
    }

    // MARK: receive buffers

    /// Lends the octets the kernel wrote into a buffer; they are ours until `recycle`.
    @unsafe
    package func octets(of buffer: UInt16, size: Int) -> UnsafeMutableRawBufferPointer {
        precondition(Int(buffer) < bufferCount && size >= 0 && size <= bufferSize)
        return unsafe UnsafeMutableRawBufferPointer(
            start: storage + Int(buffer) * bufferSize, count: size)
    }

    /// Gives a buffer back. With a buffer ring the kernel sees it after `publishBuffers`.
    package mutating func recycle(_ buffer: UInt16) {
        precondition(Int(buffer) < bufferCount)
        let start = unsafe storage + Int(buffer) * bufferSize
        if let bufferRing = unsafe bufferRing {
            unsafe carillon_buffers_add(bufferRing, start, UInt32(bufferSize), buffer)
        } else {
            var entry = carillon_sqe()
            entry.opcode = UInt8(CARILLON_OP_PROVIDE_BUFFERS)
            entry.fd = 1  // how many
            entry.address = UInt64(UInt(bitPattern: start))
            entry.length = UInt32(bufferSize)
            entry.offset = UInt64(buffer)
            entry.buffer_group = Self.bufferGroup
            entry.user_data = Self.ignoredToken
            if features.contains(.skippedSuccess) { entry.flags = UInt8(CARILLON_SQE_SKIP_SUCCESS) }
            push(&entry)
        }
    }

    package func publishBuffers() {
        if let bufferRing = unsafe bufferRing { unsafe carillon_buffers_publish(bufferRing) }
    }

    /// The token of submissions whose completion says nothing.
    package static let ignoredToken = UInt64.max
}
