import Configuration
import Testing

@Suite("listen address")
struct ListenAddressTests {
    @Test("addresses are read and written, and loopback is known")
    func addresses() {
        for (text, written, isLoopback) in [
            ("127.0.0.1:8000", "127.0.0.1:8000", true), ("0.0.0.0:80", "0.0.0.0:80", false),
            ("localhost:9000", "127.0.0.1:9000", true), ("127.255.1.2:0", "127.255.1.2:0", true),
            ("[::1]:8000", "[::1]:8000", true), ("[::]:65535", "[::]:65535", false),
            ("[2001:DB8:0:0::1]:1", "[2001:db8::1]:1", false),
            ("[::ffff:127.0.0.1]:5", "[::ffff:127.0.0.1]:5", true),
            ("[::ffff:10.0.0.1]:5", "[::ffff:10.0.0.1]:5", false),
            ("126.0.0.1:1", "126.0.0.1:1", false), ("[::2]:1", "[::2]:1", false),
        ] {
            let address = ListenAddress(text)
            #expect(address?.description == written)
            #expect(address?.isLoopback == isLoopback, "\(text)")
            #expect(address.flatMap { ListenAddress($0.description) } == address)
        }
        #expect(ListenAddress("127.0.0.1:8000") == ListenAddress(loopback: 8000))
        #expect(ListenAddress("[::1]:1")?.octets.count == 16)
        #expect(ListenAddress("10.1.2.3:7")?.octets == [10, 1, 2, 3])
    }

    @Test("anything else is refused")
    func refused() {
        for text in [
            "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
            "127.0.0.1:+1", "127.0.0.1:8 ", "127.1:80", "256.0.0.1:80", "example.com:80", "::1:80",
            "[::1]", "[::1", "::1]:80", "[127.0.0.1]:80", "[fe80::1%eth0]:80", "[]:80", "*:80",
            " 127.0.0.1:80", "127.0.0.1:99999999999999999999", "[:80",
        ] {
            #expect(ListenAddress(text) == nil, "\(text)")
        }
    }
}
