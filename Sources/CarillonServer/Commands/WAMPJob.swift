// WAMPJob — one run of a command that answers one call, and the table of those under way.
//
// Standard input is a file of memory with the call in it, so nobody waits for a pipe to be emptied;
// standard output is a pipe that the session's loop reads; standard error is ours. Each run is a
// process group of its own, so that canceling it ends what it started as well.

import CSystem
import Glibc
import WAMP
import WAMPClient

/// One run.
final class WAMPJob {
    /// Octets of output, at most.
    private static let outputLimit = 16 << 20

    let invocation: Invocation
    private let process: pid_t
    /// What the command writes; -1 when that is over.
    private(set) var output: CInt
    private(set) var text: [UInt8] = []
    /// Whether the caller has its answer, or nobody waits for one.
    var isAnswered = false

    struct NotStarted: Error {
        let sentence: String
    }

    /// Starts `command`.
    init(_ command: [String], _ invocation: Invocation, input: String) throws(NotStarted) {
        let octets = Array((input + "\n").utf8)
        let file = carillon_shared_create(octets.count)
        guard file >= 0 else { throw NotStarted(sentence: systemText(-file)) }
        defer { close(file) }
        var ends: [CInt] = [0, 0]
        guard unsafe pwrite(file, octets, octets.count, 0) == octets.count,
            unsafe pipe(&ends) == 0
        else { throw NotStarted(sentence: systemText(errno)) }
        for descriptor in [file] + ends { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }

        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, file, STDIN_FILENO)
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { _ = unsafe posix_spawnattr_destroy(&attributes) }
        // We ignore SIGPIPE; `yes | head` must not inherit that.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setpgroup(&attributes, 0)
        unsafe posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        let words = unsafe command.map { unsafe strdup($0) } + [nil]
        defer { for place in unsafe words.indices { unsafe free(words[place]) } }
        var process = pid_t()
        let status = unsafe posix_spawnp(
            &process, command[0], &actions, &attributes, words, environ)
        close(ends[1])
        guard status == 0 else {
            close(ends[0])
            throw NotStarted(sentence: "\(command[0]): \(systemText(status))")
        }
        self.invocation = invocation
        self.process = process
        output = ends[0]
    }

    deinit { closeOutput() }

    private func closeOutput() {
        if output >= 0 { close(output) }
        output = -1
    }

    /// Reads once what the command has written.
    ///
    /// - Returns: `false` when it writes more than is kept; it is stopped then.
    func read() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe Glibc.read(output, &piece, piece.count)
        if count < 0 && errno == EINTR { return true }
        guard count > 0 else {
            closeOutput()
            return true
        }
        text += piece[..<count]
        guard text.count <= Self.outputLimit else {
            stop()
            closeOutput()
            return false
        }
        return true
    }

    /// Takes the lines that are complete, except the last one: it may be the result.
    func progressLines() -> [String] {
        var lines: [String] = []
        var start = 0
        for place in text.indices.dropLast() where text[place] == 0x0A {
            lines.append(String(decoding: text[start..<place], as: UTF8.self))
            start = place + 1
        }
        text.removeFirst(start)
        return lines
    }

    /// How the process ended; `nil` while it goes on.
    func ending() -> CInt? {
        var status: CInt = 0
        return unsafe waitpid(process, &status, WNOHANG) == 0 ? nil : status
    }

    /// Ends the process and what it started.
    func stop() { kill(-process, SIGTERM) }
}

/// The runs under way.
final class WAMPJobTable {
    /// How often a process that writes no more is asked whether it has ended.
    private static let lookInterval = Duration.milliseconds(10)

    private let command: [String]
    private let limit: Int
    private let json: Bool
    private let sendsProgress: Bool
    private var jobs: [WAMPJob] = []

    init(_ command: [String], limit: Int, json: Bool, sendsProgress: Bool) {
        self.command = command
        self.limit = limit
        self.json = json
        self.sendsProgress = sendsProgress
    }

    func run(_ client: WAMPClient, _ calls: WAMPCalls) throws {
        while !calls.isOver || !jobs.isEmpty {
            let outputs = jobs.map(\.output).filter { $0 >= 0 }
            let hasEnding = outputs.count < jobs.count
            let deadline = hasEnding ? ContinuousClock.now + Self.lookInterval : nil
            let happening = try client.next(until: deadline, watching: outputs)
            if try !calls.handle(happening, client) { try handle(happening, client) }
            try reap(client)
            while jobs.count < limit, let invocation = calls.take() {
                try start(invocation, calls.envelope(invocation), client)
            }
        }
    }

    /// Ends all of them.
    func stop() { for job in jobs { job.stop() } }

    private func start(
        _ invocation: Invocation, _ input: String, _ client: WAMPClient
    ) throws {
        do throws(WAMPJob.NotStarted) {
            jobs.append(try WAMPJob(command, invocation, input: input))
        } catch {
            try WAMPAnswerText.fail(invocation, error.sentence, client)
        }
    }

    private func handle(_ happening: Happening, _ client: WAMPClient) throws {
        switch happening {
        case .readable(let descriptor):
            guard let job = jobs.first(where: { $0.output == descriptor }) else { return }
            guard job.read() else {
                job.isAnswered = true
                return try WAMPAnswerText.fail(
                    job.invocation, "the command writes too much", client)
            }
            guard sendsProgress, job.invocation.receivesProgress, !job.isAnswered else { return }
            for line in job.progressLines() {
                let value = try Arguments(positional: [WAMPText.json(ofWord: line)])
                try client.yield(job.invocation.id, value, isProgress: true)
            }
        case .interrupt(let id, _):
            guard let job = jobs.first(where: { $0.invocation.id == id }) else { return }
            job.stop()
            guard !job.isAnswered else { return }
            job.isAnswered = true
            try client.fail(id, uri: URI.canceled.description)
        default: break
        }
    }

    /// Answers for those that have ended, and forgets them.
    private func reap(_ client: WAMPClient) throws {
        for job in jobs where job.output < 0 {
            guard let status = job.ending() else { continue }
            jobs.removeAll { $0 === job }
            guard !job.isAnswered else { continue }
            job.isAnswered = true
            try answer(job, status, client)
        }
    }

    private func answer(_ job: WAMPJob, _ status: CInt, _ client: WAMPClient) throws {
        guard status == 0 else {
            let number = status & 0x7F
            let how = number == 0 ? "status \(status >> 8 & 0xFF)" : "signal \(number)"
            return try WAMPAnswerText.fail(
                job.invocation, "\(command[0]) ended with \(how)", client)
        }
        guard var text = String(validating: job.text, as: UTF8.self) else {
            return try WAMPAnswerText.fail(
                job.invocation, "\(command[0]) wrote what is not UTF-8", client)
        }
        while let last = text.last, last.isNewline { text.removeLast() }
        do {
            try WAMPAnswerText.answer(job.invocation, text, json: json, client)
        } catch let malformed as WAMPEnvelope.Malformed {
            try WAMPAnswerText.fail(job.invocation, malformed.sentence, client)
        }
    }
}
