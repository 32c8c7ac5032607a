import TestClients
import Testing

/// `carillon wamp` without a router: what is said before there is one. With one it is driven by
/// Tests/EndToEnd/test_wamp_commands.py.
@Suite struct WAMPCommandTests {
    private func ended(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, said: String) {
        let process = try ChildProcess("carillon", ["wamp"] + arguments, environment: environment)
        process.closeInput()
        let lines = try process.remainingLines()
        return (process.wait(), lines.joined(separator: "\n"))
    }

    @Test("wrong usage is 64 and says what is right")
    func usage() throws {
        let table: [([String], String)] = [
            (["publish"], "topic"), (["subscribe"], "topic"), (["call"], "procedure"),
            (["register"], "procedure"), (["publish", "a", "--kw", "x"], "NAME=VALUE"),
            (["publish", "a", "--kw", "=x"], "NAME=VALUE"),
            (["publish", "a", "--envelope", "[]"], "args"),
            (["publish", "a", "1", "--envelope", "{}"], "envelope"),
            (["call", "a", "1", "--lines"], "standard input"),
            (["call", "a", "--url", "http://h"], "ws://HOST:PORT/PATH"),
            (["call", "a", "--url", "wss://h"], "TLS"),
            (["call", "a", "--timeout", "soon"], "timeout"),
            (["call", "a", "--serializer", "xml"], "serializer"),
            (["call", "a", "--ticket-file", "x"], "--authid"),
            (["call", "a", "--ticket-file", "x", "--key-file", "y"], "one of"),
            (["subscribe", "a", "--count", "0"], "--count"),
            (["register", "a", "--jobs", "0"], "--jobs"),
            (["register", "a", "--progress"], "--"),
            (["principal", "a", "--method", "cryptosign"], "--public-key"),
            (["principal", "a", "--iterations", "0"], "--iterations"),
        ]
        for (arguments, sentence) in table {
            let (status, said) = try ended(arguments)
            #expect(status == 64, "\(arguments): \(said)")
            #expect(said.contains(sentence), "\(arguments): \(said)")
        }
        let (status, said) = try ended(
            ["call", "a"], environment: ["CARILLON_URL": "nonsense"])
        #expect(status == 64 && said.contains("CARILLON_URL"), "\(said)")
    }

    @Test("a router that is not there is 69, with what to do about it")
    func unreachable() throws {
        for url in ["ws://127.0.0.1:1/ws", "rs://127.0.0.1:1", "unix:/nonexistent/socket"] {
            let (status, said) = try ended(
                ["call", "a"], environment: ["CARILLON_URL": url])
            #expect(status == 69)
            #expect(said.contains(url) && said.contains("--url"), "\(said)")
        }
        let (status, said) = try ended(
            ["call", "a", "--authid", "x", "--ticket-file", "/nonexistent/ticket"])
        #expect(status == 1 && said.contains("/nonexistent/ticket"), "\(said)")
    }

    @Test("help has examples for every command")
    func help() throws {
        #expect(try ended(["--help"]).said.contains("carillon wamp call com.example.sum 1 2 3"))
        for command in ["publish", "subscribe", "call", "register", "principal"] {
            let (status, said) = try ended([command, "--help"])
            #expect(status == 0)
            let example = command == "principal" ? "carol" : "com.example."
            #expect(said.contains("carillon wamp \(command) \(example)"), "\(said)")
        }
    }
}
