// MetricsPage, triggers — what applications had high-templar publish, by HTTP or a broker.

/// The triggers that came into one realm so far.
package struct TriggerFigures: Sendable, Equatable {
    package let realm: String
    /// Right or wrong.
    package let received: Int
    /// Those of them that were wrong.
    package let dropped: Int
    /// Rooms that were listed and that nobody can be in.
    package let unusableRooms: Int

    package init(realm: String, received: Int, dropped: Int, unusableRooms: Int) {
        self.realm = realm
        self.received = received
        self.dropped = dropped
        self.unusableRooms = unusableRooms
    }
}

extension MetricsPage {
    static func writeTriggers(_ realms: [TriggerFigures], _ writer: inout ExpositionWriter) {
        let families: [(name: String, help: String, value: (TriggerFigures) -> Int)] = [
            ("triggers_total", "Triggers of high-templar that came in.", \.received),
            ("triggers_dropped_total", "Triggers that could not be understood.", \.dropped),
            (
                "trigger_rooms_unusable_total", "Rooms of triggers that nobody can be in.",
                \.unusableRooms
            ),
        ]
        for family in families {
            writer.family(family.name, .counter, help: family.help)
            for figures in realms {
                writer.sample(
                    family.name, [("realm", figures.realm)], String(family.value(figures)))
            }
        }
    }
}
