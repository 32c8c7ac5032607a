import DialectKit
import Testing

@testable import HighTemplar

private func headers(
    query: String = "", _ headers: [(name: String, value: String)] = [],
    extra: [ExtraHeader] = []
) -> [String] {
    let request = OpeningRequest(path: "/ws/", query: query, subprotocols: [], headers: headers)
    return ForwardedHeaders.of(request, extra: extra).map { "\($0.name): \($0.value)" }
}

@Suite("high-templar forwarded headers")
struct ForwardedHeadersTests {
    @Test("come in the order of the table, and only where there is a value")
    func table() {
        #expect(headers() == [])
        #expect(
            headers(
                query: "token=t",
                [
                    ("x-real-ip", "::1"), ("user-agent", "A"), ("cookie", "a=b; csrftoken=c"),
                    ("authorization", "Basic x"), ("host", "h"), ("origin", "o"),
                    ("x-forwarded-for", "f"),
                ]) == [
                    "Cookie: a=b; csrftoken=c", "User-Agent: A", "X-Real-IP: ::1",
                    "X-CSRFToken: c", "Authorization: Token t",
                ])
    }

    @Test("read cookies as browsers write them")
    func cookies() {
        for (text, token) in [
            ("csrftoken=a", "a"), ("x=y;csrftoken = a ;z", "a"), ("csrftoken=a=b", "a=b"),
            (#"csrftoken="a b""#, "a b"), ("xcsrftoken=n; csrftoken=a; csrftoken=b", "a"),
            ("csrftoken=\"", "\""),
        ] {
            #expect(headers([("cookie", text)]).last == "X-CSRFToken: \(token)", "\(text)")
        }
        for text in ["csrftoken=", "csrftoken", "CSRFToken=a", ";;=", #"csrftoken="""#] {
            #expect(headers([("cookie", text)]) == ["Cookie: \(text)"])
        }
        #expect(
            headers([("cookie", "a=1"), ("cookie", "csrftoken=2")])
                == ["Cookie: a=1; csrftoken=2", "X-CSRFToken: 2"])
    }

    @Test("read query parameters as forms write them")
    func parameters() {
        for (query, token) in [
            ("token=a", "a"), ("x&token=a+b%20c", "a b c"), ("tok%65n=%C3%A9", "é"),
            ("token=a=b&token=c", "a=b"), ("&&token=%2B", "+"), ("token=50%", "50%"),
            ("token=%zz", "%zz"),
        ] {
            #expect(headers(query: query) == ["Authorization: Token \(token)"], "\(query)")
        }
        for query in ["", "token", "token=", "token=&token=a", "Token=a", "token=%0a", "token=%7f"]
        {
            #expect(headers(query: query) == [], "\(query)")
        }
    }

    @Test("of the configuration come from anywhere, with text around them")
    func extra() {
        let extra = [
            ExtraHeader("X-A", from: .header("X-Thing"), prefix: "<", suffix: ">"),
            ExtraHeader("X-B", from: .queryParameter("b")),
            ExtraHeader("X-C", from: .cookie("c"), suffix: "!"),
            ExtraHeader("Referer", from: .fixed("http://hub/")),
        ]
        #expect(headers(extra: extra) == ["Referer: http://hub/"])
        #expect(
            headers(query: "b=2", [("x-thing", "1"), ("cookie", "c=3")], extra: extra) == [
                "Cookie: c=3", "X-A: <1>", "X-B: 2", "X-C: 3!", "Referer: http://hub/",
            ])
    }

    @Test("of the configuration replace the usual ones where they have a value")
    func replacing() {
        let extra = [ExtraHeader("authorization", from: .queryParameter("key"), prefix: "Bearer ")]
        #expect(headers(query: "token=t", extra: extra) == ["Authorization: Token t"])
        #expect(headers(query: "token=t&key=k", extra: extra) == ["authorization: Bearer k"])
    }
}
