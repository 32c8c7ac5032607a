// ServiceLogHandler — swift-log's face of the log.

import Glibc
import Logging
import Synchronization

/// The level of all loggers, which a reload may change.
final class SharedLevel: Sendable {
    private let value: Atomic<Int>

    init(_ level: Logger.Level) { value = Atomic(Self.place(of: level)) }

    var level: Logger.Level {
        get { Logger.Level.allCases[value.load(ordering: .relaxed)] }
        set { value.store(Self.place(of: newValue), ordering: .relaxed) }
    }

    private static func place(of level: Logger.Level) -> Int {
        Logger.Level.allCases.firstIndex(of: level) ?? 0
    }
}

/// Formats events and hands them to the writer.
struct ServiceLogHandler: LogHandler {
    let writer: LogWriter
    let format: LogFormat
    let shared: SharedLevel
    private var ownLevel: Logger.Level?
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(writer: LogWriter, format: LogFormat, shared: SharedLevel) {
        self.writer = writer
        self.format = format
        self.shared = shared
    }

    /// The shared level, unless this logger was given one of its own.
    var logLevel: Logger.Level {
        get { ownLevel ?? shared.level }
        set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let given = event.metadata { all.merge(given) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        writer.write(
            format.line(
                level: event.level, message: "\(event.message)", metadata: all, time: now))
    }
}
