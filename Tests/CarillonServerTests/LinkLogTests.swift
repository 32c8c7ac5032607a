import LinkKit
import Lockfree
import Logging
import Telemetry
import Testing

@testable import CarillonServer

@Suite struct LinkLogTests {
    /// Keeps what is logged.
    private struct Keeper: LogHandler {
        let lines: Lines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }
            lines.add("\(event.message) " + fields.map { "\($0)=\($1)" }.joined(separator: " "))
        }
    }

    private final class Lines: Sendable {
        private let lines = Guarded<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private final class Clock: Sendable {
        private let time = Guarded<UInt64>(1)
        func advance(by time: UInt64) { self.time.withLock { $0 += time } }
        var now: UInt64 { time.withLock { $0 } }
    }

    @Test("dropped messages are told once per second, with how many there were, the rest always")
    func pace() {
        let lines = Lines()
        let clock = Clock()
        let logger = Logger(label: "x") { _ in Keeper(lines: lines) }
        let log = LinkLog(logger, link: "redis a", clock: { clock.now })
        for _ in 0..<1000 {
            log.write(.rejected(origin: "c", reason: "no"))
            clock.advance(by: 1_000_000)
        }
        #expect(lines.all == ["message dropped from=c link=redis a reason=no times=1"])
        log.write(.rejected(origin: "d", reason: "no"))
        #expect(
            lines.all.dropFirst() == ["message dropped from=d link=redis a reason=no times=1000"])
        for _ in 0..<2 { log.write(.connected(gap: nil)) }
        #expect(lines.all.count == 4)
    }

    @Test("of what a message was sent to, no more is told than a line can hold")
    func longOrigin() {
        let kept = Kept()
        let desk = LinkDesk(
            status: LinkStatus(kind: .redis, name: "a"), handler: { _ in .taken },
            report: { kept.add($0) })
        desk.drop([UInt8](repeating: 0x61, count: 1 << 20), "no")
        #expect(kept.sizes == [255])
    }

    private final class Kept: Sendable {
        private let events = Guarded<[LinkEvent]>([])

        func add(_ event: LinkEvent) { events.withLock { $0.append(event) } }

        var sizes: [Int] {
            events.withLock { events in
                events.compactMap { event in
                    if case .rejected(let origin, _) = event { origin.utf8.count } else { nil }
                }
            }
        }
    }
}
