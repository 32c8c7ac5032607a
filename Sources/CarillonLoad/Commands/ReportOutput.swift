// ReportOutput — where a finished report goes: the terminal, a file of JSON, a page.

internal import ArgumentParser
internal import Glibc
internal import Measurement

struct ReportOutput {
    let options: OutputOptions

    /// Writes what was asked for; the summary goes to standard output, unless the JSON does.
    func write(_ report: RunReport) throws {
        if let file = options.json {
            if file == "-" {
                StandardOutput.write(report.json())
            } else {
                try Self.write(report.json(), to: file)
            }
        }
        if let file = options.html { try Self.write(Array(report.htmlPage().utf8), to: file) }
        guard !options.quiet, options.json != "-" else { return }
        StandardOutput.write(
            Array(report.summary(width: Terminal.width, color: Terminal.hasColor).utf8))
    }

    /// Says before the run what would lose its report behind it.
    func checkPlaces() throws {
        for path in [options.json, options.html].compactMap({ $0 }) where path != "-" {
            let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
            let isThere = unsafe access(path, F_OK) == 0
            guard unsafe access(isThere ? path : folder, W_OK) == 0 else { throw Self.error(path) }
        }
    }

    static func write(_ octets: [UInt8], to path: String) throws {
        guard let file = unsafe fopen(path, "we") else {
            throw Self.error(path)
        }
        let count = unsafe fwrite(octets, 1, octets.count, file)
        guard unsafe fclose(file) == 0, count == octets.count else { throw Self.error(path) }
    }

    static func read(_ path: String) throws -> [UInt8] {
        guard let file = unsafe fopen(path, "re") else { throw Self.error(path) }
        defer { unsafe fclose(file) }
        var octets: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe fread(&piece, 1, piece.count, file)
            guard count > 0 else { break }
            octets += piece[..<count]
        }
        guard unsafe ferror(file) == 0 else { throw Self.error(path) }
        return octets
    }

    private static func error(_ path: String) -> any Error {
        StandardError.write("carillon-load: \(path): \(systemText(errno))\n")
        return LoadStatus.setUp
    }
}

/// Standard output, if somebody looks at it.
enum Terminal {
    static var hasColor: Bool {
        unsafe isatty(1) == 1 && getenv("NO_COLOR") == nil
    }

    static var width: Int {
        var size = winsize()
        guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col >= 40 else { return 80 }
        return min(Int(size.ws_col), 120)
    }
}
