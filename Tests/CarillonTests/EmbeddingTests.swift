import TestClients
import Testing

/// Runs the daemon of `Tests/Embedding`, which knows nothing of the server but `import Carillon`.
@Suite struct EmbeddingTests {
    @Test("a daemon with the server inside answers calls, publishes from a thread, and stops")
    func daemon() throws {
        let daemon = try ChildProcess("EmbeddedDaemon")
        let line = try daemon.line(with: "listening on ")
        let address = String(line.dropFirst("listening on ".count))
        let client = try WebSocketClient(address)
        try client.send(#"{"id":"1","method":"add","payload":{"a":3,"b":4}}"#)
        #expect(try client.message().contains(#"{"sum": 7}"#))
        try client.send(#"{"id":"2","method":"add","payload":{"a":3}}"#)
        #expect(try client.message().contains("whole numbers"))

        try client.send(#"{"id":"3","method":"subscribe","payload":{"channel":"lines"}}"#)
        _ = try client.message()
        try daemon.write("say \"hello\"\n")
        #expect(
            try client.message()
                == #"{"channel":"lines","event":"","data":{"line": "say \"hello\""}}"#)

        daemon.closeInput()
        #expect(try client.next() == .close(1001))
        client.close()
        #expect(try daemon.line(with: "stopped") == "stopped")
        #expect(daemon.wait() == 0)
    }
}
