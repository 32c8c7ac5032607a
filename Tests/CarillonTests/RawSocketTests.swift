import Carillon
import Glibc
import TestClients
import Testing

@Suite struct RawSocketTests {
    private func options(_ listen: [String]) -> PushServer.Options {
        var options = PushServer.Options(listen: "127.0.0.1:0")
        options.cores = 2
        options.connectionLimit = 64
        options.wamp?.rawSocketListen = listen
        options.wamp?.rawSocketMessageSize = 1 << 16
        return options
    }

    /// A session's first words over RawSocket, and whether it was welcomed.
    private func isWelcomed(_ address: String) throws -> Bool {
        let socket = try Socket(address)
        let hello = Array(#"[1,"realm1",{"roles":{"subscriber":{}}}]"#.utf8)
        try socket.send([0x7F, 0xF1, 0, 0, 0, 0, 0, UInt8(hello.count)] + hello)
        while socket.received.count < 11, try socket.receive() {}
        return Array(socket.received.prefix(4)) == [0x7F, 0x71, 0, 0]
            && socket.received.dropFirst(8).starts(with: Array("[2,".utf8))
    }

    @Test("sessions come by every RawSocket listener, and the file of a Unix socket goes with stop")
    func listeners() throws {
        let path = "/tmp/carillon-raw-\(getpid()).sock"
        let server = PushServer(options(["127.0.0.1:0", "unix:\(path)", "localhost:0"]))
        #expect(server.rawSocketAddresses == [])
        try server.start()
        let addresses = server.rawSocketAddresses
        #expect(addresses.count == 3)
        #expect(addresses[1] == "unix:\(path)")
        for address in [addresses[0], addresses[2]] {
            for _ in 0..<8 { #expect(try isWelcomed(address)) }
        }
        #expect(unsafe access(path, F_OK) == 0)
        server.stop()
        #expect(unsafe access(path, F_OK) != 0)
        #expect(server.rawSocketAddresses == [])
    }

    @Test("what is no address of a RawSocket does not start")
    func badOptions() {
        for text in [
            "", "127.0.0.1", "unix:relative", "unix:",
            "unix:/" + String(repeating: "x", count: 107),
        ] {
            #expect {
                try PushServer(options([text])).start()
            } throws: {
                if case .badOption = $0 as? StartError { true } else { false }
            }
        }
        #expect {
            try PushServer(options(["unix:/nowhere/at/all.sock"])).start()
        } throws: {
            if case .cannotListen = $0 as? StartError { true } else { false }
        }
    }
}
