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
        for seed in seeds where failures < 10 {
            unsafe CrashSeed.current = seed
            let schedule = Schedule(seed: seed)
            let wrong = schedule.play()
            guard !wrong.isEmpty else { continue }
            failures += 1
            Issue.record("CARILLON_SEED=\(seed): \(wrong.prefix(5).joined(separator: "; "))")
            if seeds.count == 1 { print(schedule.description) }
        }
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
