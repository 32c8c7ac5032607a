// Reload — what of a new configuration a running server can take.
//
// Live: the log's level, the API's key and body limit, how a drain is paced, and the watchdog's
// times. All else is built into the cores when they start; those settings are named in the log.

import Configuration

enum Reload {
    /// Settings that take effect at once.
    static let liveKeys: Set<String> = [
        "log.level", "api.key", "limits.body_size", "drain.delay", "drain.spread",
        "drain.deadline", "engine.stall_warning", "engine.stall_abort",
    ]

    /// The settings that differ, as `section.key`, and the tables.
    static func changes(from old: Configuration, to new: Configuration) -> [String] {
        let settings = Configuration.sections.flatMap { section in
            section.settings.filter { !$0.isSame(old, new) }.map { "\(section.name).\($0.key)" }
        }
        return settings + Configuration.records.filter { !$0.isSame(old, new) }.map(\.name)
    }
}
