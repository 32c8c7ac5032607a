import Glibc
import Telemetry
import Testing

@testable import CarillonServer

@Suite struct LogWriterTests {
    @Test("lines arrive in their order, and closing waits for them")
    func order() {
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        let process = ProcessMetrics()
        let writer = LogWriter(descriptor: ends[1], process: process)
        var expected: [UInt8] = []
        for number in 0..<1000 {
            let line = Array("line \(number)\n".utf8)
            expected += line
            writer.write(line)
        }
        writer.close(patience: .seconds(10))
        close(ends[1])
        var seen: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while case let count = unsafe read(ends[0], &piece, piece.count), count > 0 {
            seen += piece[..<count]
        }
        close(ends[0])
        #expect(seen == expected)
        #expect(process.logLinesDropped == 0)
    }

    @Test("a log that nobody reads drops lines and counts them, and holds up nobody")
    func blocked() {
        var ends: [Int32] = [0, 0]
        #expect(unsafe pipe(&ends) == 0)
        let process = ProcessMetrics()
        let writer = LogWriter(descriptor: ends[1], sizeLimit: 10_000, process: process)
        let line = [UInt8](repeating: 0x78, count: 99) + [0x0A]
        for _ in 0..<5000 { writer.write(line) }
        // A pipe holds 64 KiB, the queue 10 000 octets, and as much may be on its way.
        #expect(process.logLinesDropped > 4000)
        writer.close(patience: .milliseconds(20))
        // The reader goes away: what waits is dropped and counted, and no signal ends us.
        signal(SIGPIPE, SIG_IGN)
        close(ends[0])
        writer.close(patience: .seconds(10))
        #expect(process.logLinesDropped >= 4300)
        close(ends[1])
    }
}
