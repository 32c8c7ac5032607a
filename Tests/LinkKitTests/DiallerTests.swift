import Glibc
import Synchronization
import Testing

@testable import LinkKit

@Suite("dialling", .timeLimit(.minutes(1)))
struct DiallerTests {
    private final class Flags: Sendable {
        let isAsked = Atomic(false)
        let mayAnswer = Atomic(false)
        let hasStopped = Atomic(false)
        let wasRefused = Atomic(false)
    }

    @Test("a stop does not wait for name servers that are silent, nor does anything follow it")
    func silentNameServer() throws {
        let thread = try LinkThread(name: "test")
        let flags = Flags()
        try thread.start { thread in
            var dialler = Dialler(
                .tcp(host: "nowhere.example", port: 1),
                resolve: { _ in
                    flags.isAsked.store(true, ordering: .releasing)
                    while !flags.mayAnswer.load(ordering: .acquiring) { usleep(1000) }
                    return .success(["127.0.0.1"])
                })
            do throws(LinkFailure) {
                _ = try dialler.dial(on: thread, limit: .seconds(1))
            } catch {
                flags.wasRefused.store(error.reason == "stopped", ordering: .releasing)
            }
        }
        while !flags.isAsked.load(ordering: .acquiring) { usleep(1000) }
        let stopper = try LinkThread(name: "stopper")
        try stopper.start { _ in
            thread.stop(patience: .milliseconds(1))
            flags.hasStopped.store(true, ordering: .releasing)
        }
        let end = ContinuousClock.now + .seconds(10)
        while !flags.hasStopped.load(ordering: .acquiring), ContinuousClock.now < end {
            usleep(1000)
        }
        let hasStopped = flags.hasStopped.load(ordering: .acquiring)
        #expect(hasStopped)
        flags.mayAnswer.store(true, ordering: .releasing)
        while !flags.wasRefused.load(ordering: .acquiring) { usleep(1000) }
        stopper.stop()
    }
}
