import Testing

@testable import WAMPClient

@Suite struct RouterAddressTests {
    @Test("every form of URL names a transport and a place, and is written back")
    func forms() throws {
        let table: [(String, RouterAddress)] = [
            ("ws://h", .init(.webSocket(target: "/"), at: .tcp(host: "h", port: 80))),
            (
                "WS://h:8000/ws?a=b#part",
                .init(.webSocket(target: "/ws?a=b"), at: .tcp(host: "h", port: 8000))
            ),
            (
                "ws://h:8000?a=b",
                .init(.webSocket(target: "/?a=b"), at: .tcp(host: "h", port: 8000))
            ),
            ("ws://[::1]:8/x", .init(.webSocket(target: "/x"), at: .tcp(host: "::1", port: 8))),
            ("ws://[::1]", .init(.webSocket(target: "/"), at: .tcp(host: "::1", port: 80))),
            ("rs://127.0.0.1:8081", .init(.rawSocket, at: .tcp(host: "127.0.0.1", port: 8081))),
            ("rs://[::1]:8081/", .init(.rawSocket, at: .tcp(host: "::1", port: 8081))),
            ("unix:/run/x", .init(.rawSocket, at: .unix(path: "/run/x"))),
            ("unix:///run/x", .init(.rawSocket, at: .unix(path: "/run/x"))),
            ("ws+unix:/run/x", .init(.webSocket(target: "/"), at: .unix(path: "/run/x"))),
            (
                "ws+unix:/run/x:/ws?a:b",
                .init(.webSocket(target: "/ws?a:b"), at: .unix(path: "/run/x"))
            ),
        ]
        for (url, address) in table {
            #expect(try RouterAddress(url) == address, "\(url)")
            #expect(try RouterAddress(address.description) == address, "\(address)")
        }
    }

    @Test("what is no address is refused with a sentence")
    func refusals() {
        let path = String(repeating: "x", count: 107)
        let urls = [
            "", "h", "h:80", "ws:", "ws://", "ws:///x", "ws://:80", "ws://h:", "ws://h:0",
            "ws://h:65536", "ws://h:-1", "ws://[::1", "ws://[::1]x", "ws://a@h/", "ws://h/a b",
            "ws://h/\r\nX: y", "ws://h/ü", "wss://h", "rss://h:1", "rs://h", "rs://h:1/x",
            "unix:run/x", "unix:", "unix:/\(path)", "ws+unix:/x:ws", "http://h", "tcp://h:1",
        ]
        for url in urls {
            #expect(throws: ClientError.self, "\(url)") { try RouterAddress(url) }
        }
    }
}
