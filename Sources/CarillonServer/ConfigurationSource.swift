// ConfigurationSource — fetches what a configuration is made of: the file, the environment, the
// flags and the files of secrets. It can do so again, for a reload.

import ArgumentParser
import CSystem
import Configuration
import Glibc

struct ConfigurationSource {
    /// The file's path; `nil`: what `CARILLON_CONFIG` names, if anything.
    let file: String?
    let flags: [ConfigurationInput.Flag]

    func load() throws(ConfigurationProblems) -> EffectiveConfiguration {
        let environment = Self.environment()
        var input = ConfigurationInput(environment: environment, flags: flags)
        if let path = file ?? environment[EnvironmentNames.file] {
            do throws(UnreadableFile) {
                input.file = (name: path, text: try Self.read(path))
            } catch {
                throw ConfigurationProblems(problems: [
                    ConfigurationProblem(
                        .standard, "\(path): cannot be read: \(error.reason)")
                ])
            }
        }
        return try Configuration.load(input, readFile: Self.read)
    }

    /// The environment the process was started with (proc_pid_environ(5)).
    private static func environment() -> [String: String] {
        guard let text = try? read("/proc/self/environ") else { return [:] }
        var variables: [String: String] = [:]
        for entry in text.split(separator: "\0") {
            guard let equals = entry.firstIndex(of: "=") else { continue }
            variables[String(entry[..<equals])] = String(entry[entry.index(after: equals)...])
        }
        return variables
    }

    /// Reads a text file of at most a mebibyte.
    static func read(_ path: String) throws(UnreadableFile) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw UnreadableFile(reason: systemText(errno)) }
        defer { close(descriptor) }
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe Glibc.read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw UnreadableFile(reason: systemText(errno)) }
            if count == 0 { break }
            octets += piece[..<count]
            guard octets.count <= 1 << 20 else {
                throw UnreadableFile(reason: "it is larger than 1 MiB")
            }
        }
        guard let text = String(validating: octets, as: UTF8.self) else {
            throw UnreadableFile(reason: "it is not UTF-8")
        }
        return text
    }
}

extension ConfigurationProblems {
    /// 64 when only flags are wrong, 78 otherwise.
    var status: ExitCode {
        let isUsage = problems.allSatisfy {
            if case .flag = $0.source { true } else { false }
        }
        return isUsage ? Status.usage : Status.configuration
    }
}

/// The text of an `errno`.
func systemText(_ code: Int32) -> String { unsafe String(cString: carillon_error_text(code)) }

/// Standard error, for what is said before there is a log or instead of one.
enum StandardError {
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func write(_ text: String) {
        let octets = Array(text.utf8)
        var written = 0
        while written < octets.count {
            let count = unsafe octets[written...].withUnsafeBytes {
                unsafe Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count)
            }
            guard count > 0 else { return }
            written += count
        }
    }
}
