import Configuration
import Testing

@testable import CarillonServer

@Suite struct BannerTests {
    @Test("the banner says where to connect and gives lines that work as they stand")
    func lines() {
        var configuration = Configuration()
        func banner(_ address: String = "127.0.0.1:8000") -> String {
            Banner.text(configuration, address: address, control: "127.0.0.1:9000")
        }
        #expect(banner().contains("listening on 127.0.0.1:8000\n"))
        #expect(banner().contains("control on 127.0.0.1:9000 "))
        #expect(banner().contains("websocat ws://127.0.0.1:8000/stream\n"))
        #expect(
            banner().contains(
                "curl -d '{\"room\":\"news\",\"data\":\"hello\"}' "
                    + "http://127.0.0.1:8000/api/publish\n"))

        configuration.server.listen = ListenAddress("0.0.0.0:8000")!
        #expect(banner("0.0.0.0:8000").contains("ws://127.0.0.1:8000/stream"))
        #expect(!banner("0.0.0.0:8000").contains("curl"))
        configuration.server.listen = ListenAddress("[::]:8000")!
        configuration.api.key = Secret("s3cret")
        #expect(banner("[::]:8000").contains("http://[::1]:8000/api/publish"))
        #expect(banner("[::]:8000").contains("Bearer $KEY"))
        #expect(!banner("[::]:8000").contains("s3cret"))

        configuration.openapi.path = nil
        configuration.server.echo = "/echo"
        #expect(!banner().contains("subscriber"))
        #expect(banner().contains("ws://127.0.0.1:8000/echo"))
    }
}
