// Conductor — leads a run from the first connection to the report.
//
// It connects nothing itself. It starts the workers, sets the times, watches the server and the
// clock, and adds up what the workers report.

internal import CSystem
internal import FoundationEssentials
internal import Glibc
internal import Measurement

/// What the conductor says while it works.
protocol Audience {
    /// So many of so many are connected.
    mutating func connecting(_ ready: Int, of count: Int)
    /// An interval is over on every worker.
    mutating func finished(_ interval: Interval, connections: Int)
    /// What is waited for.
    mutating func note(_ text: String)
}

/// One run.
struct Conductor {
    let plan: LoadPlan
    let watch: ServerWatch?
    private let inbox = Inbox()
    private let signals = SignalPoll()
    private var threads: [WorkerThread] = []
    private var children: [ChildProcess] = []
    private var collector: RecordCollector
    private var samples = ServerSamples()
    private var openedCount = 0

    /// What the run came to; see ``report(into:)``.
    private(set) var wasInterrupted = false

    init(_ plan: LoadPlan, watch: ServerWatch?) {
        self.plan = plan
        self.watch = watch
        collector = RecordCollector(plan)
    }

    /// Runs it all.
    ///
    /// - Throws: ``SetUpError`` when it could not begin; nothing is running then.
    mutating func run(_ audience: inout some Audience) throws(SetUpError) -> RunOutcome {
        let board = try Board(plan)
        samples.first = watch?.use
        do throws(SetUpError) {
            try start(board)
            try connect(board, &audience)
        } catch {
            end(board)
            throw collector.explain(error)
        }
        samples.connected = watch?.use
        perform(board, &audience)
        let isWhole = end(board)
        collect(&audience)
        return RunOutcome(
            collector: collector, samples: samples, wasInterrupted: wasInterrupted,
            isWhole: isWhole, openedCount: openedCount,
            measuredSeconds: Double(board.measureEnd - min(board.measureBegin, board.measureEnd))
                / 1e9)
    }

    // MARK: beginning

    private mutating func start(_ board: Board) throws(SetUpError) {
        for number in 1..<max(plan.processCount, 1) {
            let child = ChildProcess(number, inbox)
            children.append(child)
            try child.start(board)
        }
        for index in 0..<plan.threadCount {
            let thread = WorkerThread(index, plan, board) { [inbox] in inbox.add($0) }
            threads.append(thread)
            try thread.start()
        }
    }

    private mutating func connect(
        _ board: Board, _ audience: inout some Audience
    ) throws(SetUpError) {
        let wanted = plan.populations.filter { $0.role != .visitor }.reduce(0) { $0 + $1.count }
        var last = -1
        while board.sum(.triedAll) < UInt64(plan.workerCount) {
            if let failure = threads.compactMap(\.failure).first { throw failure }
            let ready = Int(board.sum(.ready))
            if ready != last { audience.connecting(ready, of: wanted) }
            last = ready
            guard !signals.wait(milliseconds: 20) else {
                throw SetUpError("interrupted while connecting: \(ready) of \(wanted) were ready")
            }
            // A few may be a hiccup; when most are refused the rest will be too.
            let failed = Int(board.sum(.failed))
            if failed > 100 && failed > ready { break }
        }
        openedCount = Int(board.sum(.ready))
        audience.connecting(openedCount, of: wanted)
        if let failure = threads.compactMap(\.failure).first { throw failure }
        let failed = board.sum(.failed)
        if failed > 0 {
            throw SetUpError("not all of the \(wanted) connections could be made ready:")
        }
        // What the server still does for the newcomers is not what is measured.
        _ = signals.wait(milliseconds: 200)
    }

    // MARK: performing

    private mutating func perform(_ board: Board, _ audience: inout some Audience) {
        let begin = carillon_monotonic_now() + 5_000_000
        board.warmUpBegin = begin
        board.measureBegin = begin + plan.warmUp
        board.measureEnd = begin + plan.warmUp + plan.duration
        board.stage = .running
        board.wakeAll()
        wait(until: board.measureBegin, board, &audience)
        let start = carillon_monotonic_now()
        samples.begin(
            watch?.use, after: start - min(start, board.measureBegin), of: plan.duration)
        var next = board.measureBegin + plan.interval
        while carillon_monotonic_now() < board.measureEnd, !wasInterrupted,
            board.sum(.doneSending) < UInt64(plan.workerCount)
        {
            wait(until: min(next, board.measureEnd), board, &audience)
            if carillon_monotonic_now() >= next {
                samples.intervalEnded(watch?.use)
                next += plan.interval
            }
        }
        // Ended before its time: by a signal, or because all messages are sent.
        board.measureEnd = min(board.measureEnd, carillon_monotonic_now())
        board.stage = .draining
        board.wakeAll()
        drain(board, &audience)
        samples.end(watch?.use)
    }

    /// Waits, and passes on what the workers report meanwhile.
    private mutating func wait(
        until time: UInt64, _ board: Board, _ audience: inout some Audience
    ) {
        while !wasInterrupted {
            let now = carillon_monotonic_now()
            guard now < time, board.sum(.doneSending) < UInt64(plan.workerCount) else { return }
            let milliseconds = min(50, Int(time - now) / 1_000_000 + 1)
            if signals.wait(milliseconds: milliseconds) { wasInterrupted = true }
            collect(&audience)
        }
    }

    /// Waits for what is late or under way, as long as something still comes.
    private mutating func drain(_ board: Board, _ audience: inout some Audience) {
        var last = board.sum(.accounted)
        var lastChange = carillon_monotonic_now()
        while isSending(board) || board.sum(.accounted) < board.sum(.expected) {
            if signals.wait(milliseconds: 2) { return }
            let accounted = board.sum(.accounted)
            let now = carillon_monotonic_now()
            if accounted != last {
                last = accounted
                lastChange = now
            } else if now > lastChange + plan.patience {
                let missing = board.sum(.expected) - min(accounted, board.sum(.expected))
                audience.note("gave up waiting for the last \(missing)")
                return
            }
        }
        // What comes late is reordered, not lost: one moment more.
        _ = signals.wait(milliseconds: 60)
    }

    /// Whether a worker may still send; what it has made due is on the board otherwise.
    private func isSending(_ board: Board) -> Bool {
        let isDone = !plan.hasSenders || board.sum(.doneSending) == UInt64(plan.workerCount)
        board.fence()
        return !isDone
    }

    private mutating func collect(_ audience: inout some Audience) {
        for record in inbox.take() { collector.add(record) }
        while let interval = collector.nextInterval(samples) {
            audience.finished(interval, connections: openedCount)
        }
    }

    /// Lets everybody report and end; whether every process did.
    @discardableResult
    private mutating func end(_ board: Board) -> Bool {
        board.stage = .finished
        board.wakeAll()
        for thread in threads { _ = thread.join() }
        let isWhole = children.map { $0.join() }.allSatisfy { $0 }
        for record in inbox.take() { collector.add(record) }
        return isWhole
    }
}

/// The workers of a child process, and nothing else: its parent conducts.
enum ChildRun {
    static func run(
        _ plan: LoadPlan, _ given: (process: Int, board: Int32, events: [Int32])
    ) throws(SetUpError) {
        let board = try Board(plan, joining: (given.board, given.events))
        // A signal to the group is the parent's to understand.
        signal(SIGINT, SIG_IGN)
        let first = given.process * plan.threadCount
        let inbox = Inbox()
        let threads = (first..<first + plan.threadCount).map { index in
            WorkerThread(index, plan, board) { inbox.add($0) }
        }
        for thread in threads { try thread.start() }
        while board.stage != .finished {
            // Without a parent nobody will ever say that it is over.
            if getppid() == 1 { board.stage = .finished }
            write(inbox.take())
            usleep(50_000)
        }
        for thread in threads {
            if let failure = thread.join() { throw failure }
        }
        write(inbox.take())
    }

    private static func write(_ records: [WorkerRecord]) {
        for record in records {
            guard let line = try? JSONEncoder().encode(record) else { continue }
            StandardOutput.write([UInt8](line) + [0x0A])
        }
    }
}

/// Signals, asked for where there is time for them.
struct SignalPoll {
    /// Blocks INT and TERM, for this thread and those it starts from now on.
    static func prepare() {
        var set = Self.set
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    private static var set: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGINT)
        unsafe sigaddset(&set, SIGTERM)
        return set
    }

    /// Sleeps; `true` when somebody wants an end meanwhile.
    func wait(milliseconds: Int) -> Bool {
        var set = Self.set
        var time = timespec(
            tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        return unsafe sigtimedwait(&set, nil, &time) > 0
    }
}

enum StandardOutput {
    static func write(_ octets: [UInt8]) {
        var sent = 0
        while sent < octets.count {
            let count = unsafe octets.withUnsafeBytes {
                unsafe Glibc.write(1, $0.baseAddress! + sent, octets.count - sent)
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}
