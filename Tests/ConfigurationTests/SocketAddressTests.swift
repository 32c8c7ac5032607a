import Configuration
import Testing

@Suite("socket addresses")
struct SocketAddressTests {
    @Test("an IP address or the path of a socket is read and written the same")
    func both() throws {
        for text in ["127.0.0.1:8081", "[::1]:0", "0.0.0.0:1", "unix:/run/carillon.sock"] {
            #expect(SocketAddress(text)?.description == text)
        }
        #expect(SocketAddress("unix:/a") == .unix(path: "/a"))
        for text in [
            "", "unix:", "unix:/", "unix:a", "unix:/a\u{0}", "/run/a", "127.0.0.1", "Unix:/a",
            "unix:/" + String(repeating: "a", count: 107),
        ] {
            #expect(SocketAddress(text) == nil, "\(text)")
        }
        #expect(SocketAddress("unix:/" + String(repeating: "a", count: 106)) != nil)
        #expect(try #require(SocketAddress("unix:/a")).isLocal)
        #expect(try #require(SocketAddress("127.9.9.9:1")).isLocal)
        #expect(try !#require(SocketAddress("[::]:1")).isLocal)
    }
}
