// ScheduleRun — plays seeded schedules and says which of them broke a promise.
//
// `CARILLON_SCHEDULES=n` plays more or fewer, `CARILLON_SEED=s` plays one and prints it.

import Glibc
import Testing

/// A schedule that a seed decides.
protocol SeededSchedule: CustomStringConvertible {
    init(seed: UInt64)

    /// Plays it.
    ///
    /// - Returns: The promises that were broken.
    func play() -> [String]

    /// How often each kind of trouble was seen.
    var sights: [String: Int] { get }
}

enum ScheduleRun {
    /// Plays schedules 1 to `count`, or those that the environment asks for.
    ///
    /// - Returns: What was seen in all of them; `nil` when there were too few to expect anything.
    static func play<Schedule: SeededSchedule>(
        _ kind: Schedule.Type, count: UInt64
    ) -> [String: Int]? {
        CrashSeed.install()
        let seeds: ClosedRange<UInt64>
        if let seed = number("CARILLON_SEED") {
            seeds = seed...seed
        } else {
            seeds = 1...max(1, number("CARILLON_SCHEDULES") ?? count)
        }
        var failures = 0
        var sights: [String: Int] = [:]
        for seed in seeds where failures < 10 {
            CrashSeed.current = seed
            let schedule = Schedule(seed: seed)
            let wrong = schedule.play()
            sights.merge(schedule.sights, uniquingKeysWith: +)
            guard !wrong.isEmpty else { continue }
            failures += 1
            Issue.record("CARILLON_SEED=\(seed): \(wrong.prefix(5).joined(separator: "; "))")
            if seeds.count == 1 { print(schedule.description) }
        }
        return seeds.count >= 300 ? sights : nil
    }

    private static func number(_ name: String) -> UInt64? {
        unsafe getenv(name).flatMap { UInt64(unsafe String(cString: $0)) }
    }
}

/// Names the schedule in which the process stopped: a precondition of ours says what, not when.
///
/// Each thread has its own: suites play side by side, and these signals come to the thread that
/// caused them.
enum CrashSeed {
    private static let key = {
        var key = pthread_key_t()
        precondition(unsafe pthread_key_create(&key, nil) == 0)
        return key
    }()

    /// The seed that is played on this thread.
    static var current: UInt64 {
        get { unsafe UInt64(UInt(bitPattern: pthread_getspecific(key))) }
        set { unsafe pthread_setspecific(key, UnsafeRawPointer(bitPattern: UInt(newValue))) }
    }

    /// Also makes the key, which a signal handler must find ready.
    static func install() {
        current = 0
        for signal in [SIGILL, SIGTRAP, SIGSEGV, SIGABRT] {
            Glibc.signal(signal) { number in
                var text = Array("CARILLON_SEED=".utf8)
                text += Array(String(CrashSeed.current).utf8) + [0x0A]
                unsafe write(2, text, text.count)
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
