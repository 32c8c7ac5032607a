import Glibc
import TestClients
import Testing

/// The program itself, as a process: what it says, how it ends.
@Suite struct CommandTests {
    private let loopback = ["serve", "--listen", "127.0.0.1:0", "--control", "127.0.0.1:0"]

    /// The address in the log line `{"message":what,…,"address":…}`.
    private func address(_ process: ChildProcess, _ what: String) throws -> String {
        let line = try process.line(with: "\"message\":\"\(what)\"")
        let parts = line.split(separator: "\"")
        guard let place = parts.firstIndex(of: "address"), place + 2 < parts.count else {
            throw ClientError("no address in \(line)")
        }
        return String(parts[place + 2])
    }

    private func ended(
        _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (status: Int32, said: String) {
        let process = try ChildProcess("carillon", arguments, environment: environment)
        let lines = try process.remainingLines()
        return (process.wait(), lines.joined(separator: "\n"))
    }

    @Test("it serves, drains its clients on TERM and counts them in its last line")
    func life() throws {
        let process = try ChildProcess(
            "carillon", loopback + ["--cores", "2", "--echo", "/echo"],
            environment: [
                "CARILLON_DRAIN_DELAY": "100ms", "CARILLON_DRAIN_SPREAD": "100ms",
                "CARILLON_LIMITS_CLOSE_HANDSHAKE_TIME": "60s",
                "CARILLON_WEBSOCKET_ORIGINS": "https://example.com",
            ])
        let features = try process.line(with: "\"message\":\"features\"")
        #expect(features.contains("\"missing\""))
        let address = try address(process, "listening")
        let control = try self.address(process, "control")
        #expect(try HTTPClient(control).request("GET", "/health/ready").status == 200)
        let page = "https://example.com"
        let client = try WebSocketClient(address, path: "/echo", origin: page)
        try client.send("hello")
        #expect(try client.message() == "hello")
        let others = try (0..<4).map { _ in try WebSocketClient(address, origin: page) }
        process.signal(SIGQUIT)
        #expect(try process.line(with: "\"message\":\"status\"").contains("\"websockets\":5"))
        process.signal(SIGTERM)
        for client in others + [client] {
            #expect(try client.next() == .close(1001))
            client.close()
        }
        let last = try process.remainingLines().last ?? ""
        #expect(process.wait() == 0)
        #expect(last.contains("\"message\":\"stopped\""))
        #expect(last.contains("\"closed_cleanly\":5,\"dropped\":0"), "\(last)")
    }

    @Test("INT ends it at once, and TERM does when nobody is connected")
    func ends() throws {
        for (number, isConnected) in [(SIGINT, true), (SIGTERM, false)] {
            let process = try ChildProcess("carillon", loopback)
            let address = try address(process, "listening")
            let client = isConnected ? try WebSocketClient(address) : nil
            process.signal(number)
            if let client { #expect(try client.next() == .close(1001)) }
            client?.close()
            #expect(process.wait() == 0)
        }
    }

    @Test("a core that has ended while others say goodbye is not taken for a stuck one")
    func endedCore() throws {
        // A busy machine may let a core wait for as long in earnest, but not every time.
        var said = try lastWords()
        for _ in 0..<9 where said.contains("core stalled") { said = try lastWords() }
        #expect(!said.contains("core stalled"), "\(said)")
    }

    /// What a server on two cores says from INT on, while one of them waits for a client.
    private func lastWords() throws -> String {
        let process = try ChildProcess(
            "carillon", loopback + ["--cores", "2"],
            environment: ["CARILLON_ENGINE_STALL_WARNING": "100ms"])
        let address = try address(process, "listening")
        // It does not answer the close frame, so its core waits a fifth of a second for it.
        let client = try WebSocketClient(address)
        process.signal(SIGQUIT)
        _ = try process.line(with: "\"message\":\"status\"")
        process.signal(SIGINT)
        let said = try process.remainingLines()
        #expect(process.wait() == 0)
        client.close()
        #expect(said.last?.contains("\"message\":\"stopped\"") == true, "\(said)")
        return said.joined(separator: "\n")
    }

    @Test("a second TERM does not wait for the drain")
    func secondTerm() throws {
        let process = try ChildProcess("carillon", loopback)
        let address = try address(process, "listening")
        let client = try WebSocketClient(address)
        process.signal(SIGTERM)
        _ = try process.line(with: "\"message\":\"draining\"")
        process.signal(SIGTERM)
        #expect(try client.next() == .close(1001))
        client.close()
        #expect(process.wait() == 0)
    }

    @Test("a port in use ends the start with a sentence")
    func portInUse() throws {
        let process = try ChildProcess("carillon", loopback)
        let taken = try address(process, "listening")
        for flag in ["--listen", "--control"] {
            var arguments = loopback
            arguments[flag == "--listen" ? 2 : 4] = taken
            let (status, said) = try ended(arguments)
            #expect(status == 1)
            #expect(said.contains("in use") && said.contains(taken), "\(said)")
        }
        process.signal(SIGINT)
        #expect(process.wait() == 0)
    }

    @Test("wrong usage is 64, a wrong configuration 78, and both say what is wrong")
    func exitCodes() throws {
        for arguments in [
            ["serve", "--nonsense"], ["nonsense"], ["serve", "--cores", "x"],
            ["serve", "--cores", "0"], ["serve", "--listen", "nonsense"],
            ["serve", "--cores", "100"],
        ] {
            let (status, said) = try ended(arguments)
            #expect(status == 64, "\(arguments): \(said)")
            #expect(!said.isEmpty)
        }
        let missing = try ended(["serve", "--config", "/nonexistent/carillon.toml"])
        #expect(missing.status == 78)
        #expect(missing.said.contains("No such file"))
        let wrong = try ended(
            loopback,
            environment: ["CARILLON_LIMITS_MESAGE_SIZE": "1", "CARILLON_LOG_LEVEL": "loud"])
        #expect(wrong.status == 78)
        #expect(wrong.said.contains("message_size") && wrong.said.contains("loud"))
        let feature = try ended(loopback, environment: ["CARILLON_TESTING_ABSENT": "magic"])
        #expect(feature.status == 78)
        #expect(feature.said.contains("magic") && feature.said.contains("multishot-accept"))
    }

    @Test("the configuration can be looked at and begun with")
    func config() throws {
        let check = try ended(
            ["config", "check", "--echo", "/e"], environment: ["CARILLON_API_KEY": "s3cret"])
        #expect(check.status == 0)
        #expect(check.said.contains("[limits]") && check.said.contains("# flag --echo"))
        #expect(!check.said.contains("s3cret"))
        let bad = try ended(
            ["config", "check"],
            environment: ["CARILLON_SERVER_LISTN": "x", "CARILLON_DRAIN_DELAY": "x"])
        #expect(bad.status == 78)
        #expect(bad.said.contains("server.listen") && bad.said.contains("drain.delay"))
        let standard = try ended(["config", "default"])
        #expect(standard.status == 0)
        #expect(standard.said.contains("# message_size = \"1MiB\""))
        #expect(try ended(["--version"]).said == "0.1.0")
        #expect(try ended(["--help"]).said.contains("serve"))
    }

    @Test("HUP takes what can change, names what cannot, and refuses a bad file whole")
    func reload() throws {
        let folder = "/tmp/carillon-reload-\(getpid())"
        unsafe mkdir(folder, 0o700)
        let file = folder + "/carillon.toml"
        func write(_ text: String) {
            guard let stream = unsafe fopen(file, "w") else { return }
            unsafe fputs(text, stream)
            unsafe fclose(stream)
        }
        defer {
            unsafe unlink(file)
            unsafe rmdir(folder)
        }
        write("[api]\nkey = \"one\"\n")
        let process = try ChildProcess("carillon", loopback + ["--config", file])
        let address = try address(process, "listening")
        func publish(_ key: String) throws -> Int {
            try HTTPClient(address).request(
                "POST", "/api/publish", fields: ["Authorization: Bearer \(key)"],
                body: #"{"room":"a","data":1}"#
            ).status
        }
        #expect(try publish("one") == 200)

        write("[api]\nkey = \"two\"\n[limits]\nmessage_size = 5000\n")
        process.signal(SIGHUP)
        let line = try process.line(with: "configuration reloaded")
        #expect(line.contains("\"changed\":[\"api.key\"]"), "\(line)")
        #expect(line.contains("\"needs_restart\":[\"limits.message_size\"]"), "\(line)")
        #expect(try publish("one") == 401)
        #expect(try publish("two") == 200)

        write("[api]\nkey = \"three\"\n[limits]\nmesage_size = 1\n")
        process.signal(SIGHUP)
        #expect(try process.line(with: "reload refused").contains("message_size"))
        #expect(try publish("two") == 200)
        // What only those who use it know to be wrong.
        write("[api]\nkey = \"four\"\n[[backend]]\nname = \"b\"\nurl = \"http://h?x\"\n")
        process.signal(SIGHUP)
        #expect(try process.line(with: "reload refused").contains("http://h?x"))
        #expect(try publish("two") == 200)
        process.signal(SIGINT)
        #expect(process.wait() == 0)
        #expect(try !process.remainingLines().contains { $0.contains("\"two\"") })
    }

    @Test("a check refuses what a start refuses")
    func deepCheck() throws {
        let file = "/tmp/carillon-check-\(getpid()).toml"
        defer { unsafe unlink(file) }
        for (text, word) in [
            ("[[redis]]\n[[redis.source]]\nchannels = [\"a\"]\nroom = \"{two}\"\n", "{two}"),
            ("[[redis]]\n[[redis.source]]\nchannels = [\"a\"]\nroom = \"{1}\"\n", "{1}"),
            ("[[backend]]\nname = \"b\"\nurl = \"http://h?x\"\n", "http://h?x"),
            ("[[endpoint]]\nname = \"e\"\npath = \"(\"\n", "("),
            ("[rohrpost]\ntoken_key_file = \"/nonexistent/key\"\n", "/nonexistent/key"),
            ("[websocket]\norigins = [\"https://a:99999\"]\n", "origin"),
            ("[testing]\nabsent = [\"magic\"]\n", "magic"),
        ] {
            guard let stream = unsafe fopen(file, "w") else { return }
            unsafe fputs(text, stream)
            unsafe fclose(stream)
            for command in [["config", "check"], loopback] {
                let (status, said) = try ended(command + ["--config", file])
                #expect(status == 78 && said.contains(word), "\(command[0]): \(said)")
            }
        }
    }

    @Test("it runs where every optional kernel feature is missing")
    func oldKernel() throws {
        let process = try ChildProcess(
            "carillon", loopback, environment: ["CARILLON_TESTING_ABSENT": "all"])
        #expect(try process.line(with: "features").contains("\"found\":\"none\""))
        let address = try address(process, "listening")
        let client = try WebSocketClient(address)
        try client.send(#"{"id":"1","method":"subscribe","payload":{"channel":"a"}}"#)
        _ = try client.message()
        let answer = try HTTPClient(address).request(
            "POST", "/api/publish", body: #"{"room":"a","data":1}"#)
        #expect(answer.body == "{\"receivers\":1}\n")
        #expect(try client.message().hasSuffix("\"data\":1}"))
        process.signal(SIGINT)
        #expect(process.wait() == 0)
    }
}
