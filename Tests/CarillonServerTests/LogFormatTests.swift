import Glibc
import Logging
import Testing

@testable import CarillonServer

@Suite struct LogFormatTests {
    private let time = timespec(tv_sec: 1_700_000_000, tv_nsec: 7_900_000)

    private func line(
        _ format: LogFormat, _ message: String, _ metadata: Logger.Metadata = [:]
    ) -> String {
        String(
            decoding: format.line(level: .info, message: message, metadata: metadata, time: time),
            as: UTF8.self)
    }

    @Test("JSON lines are one object each, with numbers as numbers")
    func json() {
        #expect(
            line(.json, "listening", ["address": "127.0.0.1:8000"])
                == #"{"time":"2023-11-14T22:13:20.007Z","level":"info","message":"listening","#
                + #""address":"127.0.0.1:8000"}"# + "\n")
        let metadata: Logger.Metadata = [
            "b": .stringConvertible(7), "a": .stringConvertible(true), "d": ["x", "y"],
            "c": .stringConvertible(0.5), "level": "mine", "e": ["k": "v\"\n"],
        ]
        #expect(
            line(.json, "two\nlines", metadata).hasSuffix(
                #""message":"two\nlines","a":true,"b":7,"c":0.5,"d":["x","y"],"e":{"k":"v\"\n"},"#
                    + #""_level":"mine"}"# + "\n"))
    }

    @Test("text lines hold no control characters, so that nobody can forge or hide a line")
    func text() {
        let text = line(.text, "a\nb", ["k": "\u{1B}[2Jx\u{9B}2J\u{E9}"])
        #expect(
            text.hasSuffix(" info     a\u{FFFD}b  k=\u{FFFD}[2Jx\u{FFFD}2J\u{E9}\n"))
        #expect(text.filter { $0 == "\n" }.count == 1)
    }
}
