// ServiceLog — the log of one service: its writer, its level, its loggers.

import Bytes
import Configuration
import Glibc
import Logging
import Telemetry

final class ServiceLog: Sendable {
    private let writer: LogWriter
    private let shared: SharedLevel
    let format: LogFormat
    let logger: Logger

    /// - Parameter process: Counts lines that had to be dropped.
    init(_ settings: Configuration.Log, process: ProcessMetrics) {
        let writer = LogWriter(descriptor: STDERR_FILENO, process: process)
        let format: LogFormat =
            switch settings.format {
            case .json: .json
            case .text: .text
            case .auto: StandardError.isTerminal ? .text : .json
            }
        let shared = SharedLevel(settings.level.ofLogger)
        self.writer = writer
        self.format = format
        self.shared = shared
        logger = Logger(label: "carillon") { _ in
            ServiceLogHandler(writer: writer, format: format, shared: shared)
        }
    }

    /// Changes the level of all loggers.
    func setLevel(_ level: Configuration.Log.Level) { shared.level = level.ofLogger }

    /// Text for a person, behind the lines logged so far.
    func say(_ text: String) { writer.write(Array(text.utf8)) }

    /// Writes what is queued. Nothing is logged afterwards.
    func close() { writer.close(patience: .seconds(1)) }
}

extension Configuration.Log.Level {
    var ofLogger: Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}
