// Seeded schedules over whole cores: the promises hold whatever the kernel and the peers do.

import Glibc
import Testing

@Suite("schedules", .serialized)
struct ScheduleTests {
    @Test("a seed is a whole schedule: played twice, it is the same")
    func replay() {
        for seed in 1...20 as ClosedRange<UInt64> {
            let (first, second) = (Schedule(seed: seed), Schedule(seed: seed))
            _ = first.play()
            _ = second.play()
            #expect(first.fingerprint == second.fingerprint, "seed \(seed)")
        }
    }

    @Test("the promises hold in every schedule")
    func schedules() {
        guard let sights = ScheduleRun.play(Schedule.self, count: 1_000) else { return }
        // Schedules that never see trouble prove nothing.
        for (sight, count) in sights { #expect(count > 0, "never seen: \(sight)") }
    }

    @Test("who stops the process names the schedule of its own thread")
    func crashSeed() async throws {
        let result = await #expect(
            processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
        ) {
            CrashSeed.install()
            CrashSeed.current = 7
            // Suites play their schedules side by side.
            var other = pthread_t()
            let status = unsafe pthread_create(
                &other, nil,
                { _ in
                    CrashSeed.current = 8
                    return nil
                }, nil)
            precondition(status == 0)
            pthread_join(other, nil)
            abort()
        }
        let said = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(said.contains("CARILLON_SEED=7\n"))
    }
}
