// ChildProcess — a program of this build, started by a test, with its output line by line.

import Glibc

/// A running program. Killed when it goes out of use. One thread.
package final class ChildProcess {
    package let id: Int32
    private let output: Int32
    private var input: Int32
    private var rest: [UInt8] = []
    private var status: Int32?

    /// Starts `name`, which lies beside the program that runs the tests. Standard output and
    /// standard error come as one stream.
    package init(
        _ name: String, _ arguments: [String] = [], environment: [String: String] = [:]
    ) throws {
        var toChild: [Int32] = [0, 0]
        var fromChild: [Int32] = [0, 0]
        guard unsafe pipe(&toChild) == 0, unsafe pipe(&fromChild) == 0 else {
            throw ClientError("no pipe")
        }
        for descriptor in [toChild[1], fromChild[0]] {
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, fromChild[1], 2)
        unsafe posix_spawn_file_actions_addclose(&actions, toChild[0])
        unsafe posix_spawn_file_actions_addclose(&actions, fromChild[1])
        let path = try Self.buildFolder() + "/" + name
        var process = pid_t()
        let words = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        let surroundings = environment.merging(Self.inherited) { own, _ in own }
        let variables =
            unsafe surroundings.map { unsafe strdup("\($0.key)=\($0.value)") } + [
                strdup("PATH=/usr/bin:/bin"), nil,
            ]
        let status = unsafe posix_spawn(&process, path, &actions, nil, words, variables)
        for index in unsafe words.indices { unsafe free(words[index]) }
        for index in unsafe variables.indices { unsafe free(variables[index]) }
        close(toChild[0])
        close(fromChild[1])
        guard status == 0 else { throw ClientError("\(path) does not start: errno \(status)") }
        id = process
        input = toChild[1]
        output = fromChild[0]
    }

    /// What a sanitizer was told for us holds for our children; nothing else reaches them unasked.
    private static let inherited: [String: String] = {
        var values: [String: String] = [:]
        for name in ["ASAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"] {
            if let value = unsafe getenv(name) { values[name] = unsafe String(cString: value) }
        }
        return values
    }()

    deinit {
        if status == nil {
            kill(id, SIGKILL)
            _ = waitpid(id, nil, 0)
        }
        closeInput()
        close(output)
    }

    /// Where the build put the programs: beside the one that runs.
    private static func buildFolder() throws -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let size = unsafe readlink("/proc/self/exe", &path, path.count)
        guard size > 0 else { throw ClientError("no /proc") }
        let text = String(decoding: path[..<size].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = text.lastIndex(of: "/") else { throw ClientError("no folder: \(text)") }
        return String(text[..<slash])
    }

    /// The next line, without its end; `nil` at the end of the output.
    package func line() throws -> String? {
        while true {
            if let end = rest.firstIndex(of: 0x0A) {
                let line = String(decoding: rest[..<end], as: UTF8.self)
                rest.removeSubrange(...end)
                return line
            }
            var wait = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            let readyCount = unsafe poll(&wait, 1, 90_000)
            if readyCount < 0, errno == EINTR { continue }
            guard readyCount > 0 else { throw ClientError("nothing was said") }
            var piece = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(output, &piece, piece.count)
            guard count > 0 else { return nil }
            rest += piece[..<count]
        }
    }

    /// The next line that holds `text`.
    package func line(with text: String) throws -> String {
        while let line = try line() {
            if line.contains(text) { return line }
        }
        throw ClientError("\"\(text)\" was never said")
    }

    /// All that is still said until the output ends.
    package func remainingLines() throws -> [String] {
        var lines: [String] = []
        while let line = try line() { lines.append(line) }
        return lines
    }

    package func write(_ text: String) throws {
        let octets = Array(text.utf8)
        guard unsafe Glibc.write(input, octets, octets.count) == octets.count else {
            throw ClientError("the program takes no input")
        }
    }

    /// Ends the program's standard input.
    package func closeInput() {
        if input >= 0 { Glibc.close(input) }
        input = -1
    }

    package func signal(_ number: Int32) { kill(id, number) }

    /// Waits for the end.
    ///
    /// - Returns: The exit status, or the signal that ended it, negated.
    package func wait() -> Int32 {
        var word: Int32 = 0
        while unsafe waitpid(id, &word, 0) < 0 && errno == EINTR {}
        let status = word & 0x7F == 0 ? word >> 8 & 0xFF : -(word & 0x7F)
        self.status = status
        return status
    }
}
