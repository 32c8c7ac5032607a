// ChildProcess — the same program once more, for the descriptors and memory a process may have.
//
// A child gets our command line, so it makes the same plan, and finds the board and the eventfds of
// all workers under the numbers we have them. Its records come back as lines of JSON.

internal import FoundationEssentials
internal import Glibc

/// What a parent tells a child through its environment.
enum Inheritance {
    static let variable = "CARILLON_LOAD_WORKERS"

    /// `process:board:event,event,…`, when we are a child.
    static var given: (process: Int, board: Int32, events: [Int32])? {
        guard let text = unsafe getenv(variable) else { return nil }
        let parts = unsafe String(cString: text).split(separator: ":")
        guard parts.count == 3, let process = Int(parts[0]), let board = Int32(parts[1]) else {
            return nil
        }
        return (process, board, parts[2].split(separator: ",").compactMap { Int32($0) })
    }
}

/// Safety: `thread` is written by `start` and read by `join`, both on the conductor's thread.
@safe
final class ChildProcess: @unchecked Sendable {
    private let number: Int
    private let inbox: Inbox
    private var id: pid_t = 0
    private var output: Int32 = -1
    private var thread: pthread_t?

    init(_ number: Int, _ inbox: Inbox) {
        self.number = number
        self.inbox = inbox
    }

    /// Starts it with our command line.
    func start(_ board: Board) throws(SetUpError) {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SetUpError("no pipe: \(systemText(errno))") }
        _ = fcntl(ends[0], F_SETFD, FD_CLOEXEC)
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        // Onto itself: a descriptor given so stays open behind exec.
        for descriptor in [board.descriptor] + board.events {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, descriptor)
        }
        let events = board.events.map(String.init).joined(separator: ",")
        var environment: [String] = []
        var entry = unsafe environ
        while let variable = unsafe entry.pointee {
            unsafe environment.append(String(cString: variable))
            unsafe entry += 1
        }
        environment.append("\(Inheritance.variable)=\(number):\(board.descriptor):\(events)")
        let words = unsafe CommandLine.arguments.map { unsafe strdup($0) } + [nil]
        let variables = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            for place in unsafe words.indices { unsafe free(words[place]) }
            for place in unsafe variables.indices { unsafe free(variables[place]) }
        }
        let status = unsafe posix_spawn(&id, "/proc/self/exe", &actions, nil, words, variables)
        close(ends[1])
        output = ends[0]
        guard status == 0 else {
            throw SetUpError("process \(number) does not start: \(systemText(status))")
        }
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        guard unsafe pthread_create(&thread, nil, readChild, context) == 0 else {
            unsafe Unmanaged<ChildProcess>.fromOpaque(context).release()
            throw SetUpError("no thread to read process \(number)")
        }
        self.thread = thread
    }

    /// Waits until it has said everything and ended; `false` when it ended badly.
    func join() -> Bool {
        if let thread { pthread_join(thread, nil) }
        thread = nil
        guard id > 0 else { return true }
        var status: Int32 = 0
        _ = unsafe waitpid(id, &status, 0)
        id = 0
        return status == 0
    }

    /// Ends it, when the run does not take place.
    func kill() { if id > 0 { _ = Glibc.kill(id, SIGKILL) } }

    fileprivate func read() {
        var rest: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(output, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            rest += piece[..<count]
            while let end = rest.firstIndex(of: 0x0A) {
                let line = Data(rest[..<end])
                rest.removeFirst(end + 1)
                if let record = try? JSONDecoder().decode(WorkerRecord.self, from: line) {
                    inbox.add(record)
                }
            }
        }
        close(output)
    }
}

private func readChild(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context = unsafe context {
        unsafe Unmanaged<ChildProcess>.fromOpaque(context).takeRetainedValue().read()
    }
    return nil
}
