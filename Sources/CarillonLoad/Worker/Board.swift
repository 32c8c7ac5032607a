// Board — what workers tell each other, in memory that all threads of all processes share.
//
// A thread in this process and one in another are the same thing here: each has a block of words
// that it alone writes and everybody reads. Nothing is locked and nothing is sent; who sleeps is
// woken through its eventfd. Every word is its own fact, so relaxed order does, but where a store
// announces others (noted there).

internal import CSystem
internal import Glibc
internal import Synchronization

/// How far a run has come.
enum Stage: UInt64 {
    case connecting
    /// Times are set: warm-up, then the measured part.
    case running
    /// What was due before the end is sent, if it is late; what is under way arrives.
    case draining
    /// Everybody reports and ends.
    case finished
}

/// What a worker tells, one word each.
enum WorkerFact: Int {
    /// Clients that are ready.
    case ready
    /// Clients that could not be connected.
    case failed
    /// All its clients were tried (1).
    case triedAll
    /// Deliveries and answers that its sending made due.
    case expected
    /// Deliveries and answers that came, or are known not to come.
    case accounted
    /// Has sent everything it ever will (1): stored behind what that made due.
    case doneSending
    /// Sleeps until something is accounted for (1).
    case awaitsProgress
    // For the progress line.
    case sent
    case received
    case wrong
    static let count = 16
}

/// Safety: `words` is a mapping of `size` octets that lives as long as the process; every index is
/// computed from the plan both sides were made from, and checked.
@safe
final class Board: @unchecked Sendable {
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let counters: UnsafeMutablePointer<Atomic<UInt32>>
    let descriptor: Int32
    let workerCount: Int
    private let streamCount: Int
    private let flatCount: Int
    /// One eventfd per worker.
    let events: [Int32]

    private static let headerSize = 8

    private static func size(_ plan: LoadPlan) -> Int {
        let words = headerSize + plan.workerCount * WorkerFact.count
        return words * 8 + (plan.streams.count + plan.streams.flatCount) * 4
    }

    /// Makes a board, or joins the one whose descriptors a parent process has left us.
    ///
    /// - Throws: ``SetUpError`` when there is no memory or descriptor for it.
    init(
        _ plan: LoadPlan, joining inherited: (board: Int32, events: [Int32])? = nil
    ) throws(SetUpError) {
        let size = Self.size(plan)
        descriptor = inherited?.board ?? carillon_shared_create(size)
        guard descriptor >= 0, let pages = unsafe carillon_shared_map(descriptor, size) else {
            throw SetUpError("no shared memory: \(systemText(errno))")
        }
        let wordCount = Self.headerSize + plan.workerCount * WorkerFact.count
        unsafe words = pages.bindMemory(to: Atomic<UInt64>.self, capacity: wordCount)
        unsafe counters = (pages + wordCount * 8).bindMemory(
            to: Atomic<UInt32>.self, capacity: plan.streams.count + plan.streams.flatCount)
        workerCount = plan.workerCount
        streamCount = plan.streams.count
        flatCount = plan.streams.flatCount
        var events = inherited?.events ?? []
        while events.count < workerCount {
            let event = carillon_eventfd()
            guard event >= 0 else {
                throw SetUpError("no eventfd for a worker: \(systemText(-event))")
            }
            events.append(event)
        }
        self.events = events
        if inherited == nil { seed = UInt32.random(in: 1 ... .max) }
    }

    // MARK: the run

    /// Stored last, with release: whoever sees a stage sees the times that go with it.
    var stage: Stage {
        get { Stage(rawValue: unsafe words[0].load(ordering: .acquiring)) ?? .finished }
        set { unsafe words[0].store(newValue.rawValue, ordering: .releasing) }
    }
    /// When warm-up begins, the measured part begins, and sending ends; ns of the monotonic clock.
    var warmUpBegin: UInt64 {
        get { unsafe words[1].load(ordering: .relaxed) }
        set { unsafe words[1].store(newValue, ordering: .relaxed) }
    }
    var measureBegin: UInt64 {
        get { unsafe words[2].load(ordering: .relaxed) }
        set { unsafe words[2].store(newValue, ordering: .relaxed) }
    }
    var measureEnd: UInt64 {
        get { unsafe words[3].load(ordering: .relaxed) }
        set { unsafe words[3].store(newValue, ordering: .relaxed) }
    }
    /// Goes into the check of every stamp.
    private(set) var seed: UInt32 {
        get { UInt32(truncatingIfNeeded: unsafe words[4].load(ordering: .relaxed)) }
        set { unsafe words[4].store(UInt64(newValue), ordering: .relaxed) }
    }

    // MARK: workers

    private func place(_ fact: WorkerFact, _ worker: Int) -> Int {
        precondition(worker >= 0 && worker < workerCount)
        return Self.headerSize + worker * WorkerFact.count + fact.rawValue
    }

    func set(_ fact: WorkerFact, of worker: Int, to value: UInt64) {
        unsafe words[place(fact, worker)].store(value, ordering: .relaxed)
    }

    func value(_ fact: WorkerFact, of worker: Int) -> UInt64 {
        unsafe words[place(fact, worker)].load(ordering: .relaxed)
    }

    func sum(_ fact: WorkerFact) -> UInt64 {
        (0..<workerCount).reduce(0) { $0 &+ value(fact, of: $1) }
    }

    /// Wakes a worker from its sleep in the ring.
    func wake(_ worker: Int) { _ = carillon_eventfd_signal(events[worker]) }

    func wakeAll() { for worker in 0..<workerCount { wake(worker) } }

    /// Between two words of which one announces the other, on both sides. So who sleeps stores
    /// that, then looks once more, and who makes progress stores that, then looks for sleepers.
    func fence() { atomicMemoryFence(ordering: .sequentiallyConsistent) }

    // MARK: streams

    /// Says, before it is sent, that one more message of `stream` is.
    func published(_ stream: Int, count: UInt32) {
        precondition(stream >= 0 && stream < streamCount)
        unsafe counters[stream].store(count, ordering: .relaxed)
    }

    func publishedCount(_ stream: Int) -> UInt32 {
        precondition(stream >= 0 && stream < streamCount)
        return unsafe counters[stream].load(ordering: .relaxed)
    }

    /// How many subscribers a room has that read.
    func audience(of flatRoom: Int) -> Int {
        precondition(flatRoom >= 0 && flatRoom < flatCount)
        return Int(unsafe counters[streamCount + flatRoom].load(ordering: .relaxed))
    }

    func adjustAudience(of flatRoom: Int, by change: Int) {
        precondition(flatRoom >= 0 && flatRoom < flatCount)
        let word = UInt32(truncatingIfNeeded: change)
        unsafe counters[streamCount + flatRoom].wrappingAdd(word, ordering: .relaxed)
    }
}
