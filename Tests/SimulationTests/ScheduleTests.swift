// Seeded schedules over whole cores: the promises hold whatever the kernel and the peers do.
//
// `CARILLON_SCHEDULES=n` plays more or fewer, `CARILLON_SEED=s` plays one.

import Glibc
import Testing

@Suite("schedules", .serialized)
struct ScheduleTests {
    private static func number(_ name: String) -> UInt64? {
        unsafe getenv(name).flatMap { UInt64(unsafe String(cString: $0)) }
    }

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
        CrashSeed.install()
        let seeds: ClosedRange<UInt64>
        if let seed = Self.number("CARILLON_SEED") {
            seeds = seed...seed
        } else {
            seeds = 1...max(1, Self.number("CARILLON_SCHEDULES") ?? 1_000)
        }
        var failures = 0
        var sights: [String: Int] = [:]
        for seed in seeds where failures < 10 {
            unsafe CrashSeed.current = seed
            let schedule = Schedule(seed: seed)
            let wrong = schedule.play()
            sights.merge(schedule.sights, uniquingKeysWith: +)
            guard !wrong.isEmpty else { continue }
            failures += 1
            Issue.record("CARILLON_SEED=\(seed): \(wrong.prefix(5).joined(separator: "; "))")
            if seeds.count == 1 { print(schedule.description) }
        }
        // Schedules that never see trouble prove nothing.
        guard seeds.count >= 300 else { return }
        for (sight, count) in sights { #expect(count > 0, "never seen: \(sight)") }
    }
}

/// Names the schedule in which the process stopped: a precondition of ours says what, not when.
enum CrashSeed {
    nonisolated(unsafe) static var current: UInt64 = 0

    static func install() {
        for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT] {
            Glibc.signal(signal) { number in
                var text = Array("CARILLON_SEED=".utf8)
                text += Array(String(unsafe CrashSeed.current).utf8) + [0x0A]
                unsafe write(2, text, text.count)
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
