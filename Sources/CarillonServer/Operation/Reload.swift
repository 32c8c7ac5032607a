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

    /// The settings that differ, as `section.key`.
    static func changes(from old: Configuration, to new: Configuration) -> [String] {
        let realms = old.declaredRealms == new.declaredRealms ? [] : ["realm"]
        return Configuration.sections.flatMap { section in
            section.settings.compactMap { setting in
                // Every secret looks alike when it is written, so the one there is compares itself.
                let isSame =
                    setting.isSecret
                    ? old.api.key == new.api.key : setting.literal(old) == setting.literal(new)
                return isSame ? nil : "\(section.name).\(setting.key)"
            }
        } + realms
    }
}
