// Seeded schedules of a WAMP router over whole cores: every call that is waited for gets exactly one
// answer, and everything comes in the order of reference §6.

import Testing

@Suite("router schedules", .serialized)
struct RouterScheduleTests {
    @Test("the promises of a router hold in every schedule")
    func schedules() {
        guard let sights = ScheduleRun.play(RouterSchedule.self, count: 300) else { return }
        // Schedules that never see trouble prove nothing.
        for sight in [
            "cancels", "kills", "takings", "goodbyes", "losses", "watched rests", "answers",
        ] {
            #expect(sights[sight, default: 0] > 0, "never seen: \(sight)")
        }
    }
}
