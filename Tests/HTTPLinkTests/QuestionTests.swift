import DialectKit
import Testing

@testable import HTTPLink

@Suite("a request before it is sent") struct QuestionTests {
    private func question(
        _ method: String = "GET", _ target: String = "/", base: String = "http://app",
        headers: [(name: String, value: String)] = [],
        fixed: [(name: String, value: String)] = []
    ) throws(RequestError) -> Question {
        var settings = HTTPBackEndSettings(name: "app", baseURL: base)
        settings.headers = fixed
        let request = BackEndRequest(method: method, target: target, headers: headers)
        return try Question(request, for: settings)
    }

    @Test("has the target behind the base URL as it stands")
    func urls() throws {
        let cases = [
            ("http://app", "/a/../b?c=%20d", "http://app/a/../b?c=%20d"),
            ("http://app", "", "http://app"),
            ("http://app", "?x", "http://app?x"),
            ("http://app/base", "way", "http://app/baseway"),
            ("https://app:8443/base/", "//x@y", "https://app:8443/base///x@y"),
        ]
        for (base, target, url) in cases {
            #expect(try question("GET", target, base: base).url == url)
        }
    }

    @Test("is another one when a header is only equivalent")
    func spelling() throws {
        let spellings = ["caf\u{E9}", "cafe\u{301}"]
        let questions = try spellings.map { try question(headers: [("Cookie", "a=\($0)")]) }
        #expect(questions[0] != questions[1] && Set(questions).count == 2)
        #expect(try questions[0] == question(headers: [("Cookie", "a=\(spellings[0])")]))
    }

    @Test("cannot be led to another host, nor be cut short, by its target")
    func badTargets() {
        for target in ["@evil.example/", ".evil.example/", ":8080/", "evil", "\\evil"] {
            #expect(throws: RequestError.target(target)) { try question("GET", target) }
        }
        for target in [
            "/a b", "/a#b", "/a\r\nX: y", "/a\nb", "/a\u{0}b", "/ä", "/\u{7F}", "/a\tb",
        ] {
            #expect(throws: RequestError.target(target)) { try question("GET", target) }
        }
    }

    @Test("has header lines in the order given, with blanks for empty values, and an agent")
    func headers() throws {
        let given = [
            ("X-A", "1"), ("Cookie", "a=b; c=d"), ("X-Empty", ""), ("X-Blank", " \t"),
            ("X-A", "2"), ("Host", "public.example"), ("X-Ümlaut-Value".filter(\.isASCII), "ü"),
        ]
        let lines = try question(headers: given).headerLines
        #expect(
            lines == [
                "X-A: 1", "Cookie: a=b; c=d", "X-Empty;", "X-Blank;", "X-A: 2",
                "Host: public.example", "X-mlaut-Value: ü", "User-Agent: carillon",
            ])
        let own = try question(headers: [("user-agent", "own/1")]).headerLines
        #expect(own == ["user-agent: own/1"])
    }

    @Test("has no second header in a header")
    func injection() {
        let values = ["a\r\nX: y", "a\nb", "a\rb", "\u{0}", "a\u{0}", "\r\n", "\n"]
        for value in values {
            #expect(throws: RequestError.headerValue(name: "X-A")) {
                try question(headers: [("X-A", value)])
            }
        }
        for name in ["", "X A", "X:A", "X\r\nA", "X\nA", "Ä", "X\u{0}", "(X)"] {
            #expect(throws: RequestError.headerName(name)) {
                try question(headers: [(name, "1")])
            }
        }
        for method in ["", "GET /", "G\r\nET", "GÊT"] {
            #expect(throws: RequestError.method(method)) { try question(method) }
        }
    }

    @Test("leaves out what says how another connection frames its messages")
    func framing() throws {
        let given = [
            ("Content-Length", "5"), ("transfer-encoding", "chunked"), ("CONNECTION", "close"),
            ("Expect", "100-continue"), ("Upgrade", "websocket"), ("TE", "trailers"),
            ("Accept-Encoding", "br"), ("Keep-Alive", "5"), ("X-A", "1"),
        ]
        #expect(
            try question(headers: given).headerLines == ["X-A: 1", "User-Agent: carillon"])
    }

    @Test("has the fixed headers of the back end, which a request cannot replace")
    func fixed() throws {
        let lines = try question(
            headers: [("authorization", "guess"), ("X-B", "2")],
            fixed: [("Authorization", "Bearer key"), ("User-Agent", "us")]
        ).headerLines
        #expect(lines == ["X-B: 2", "Authorization: Bearer key", "User-Agent: us"])
    }

    @Test("is the same as another one when all of it is")
    func equality() throws {
        let first = try question(headers: [("A", "1"), ("B", "2")])
        #expect(try question(headers: [("A", "1"), ("B", "2")]) == first)
        #expect(try question(headers: [("B", "2"), ("A", "1")]) != first)
        #expect(try question("POST", headers: [("A", "1"), ("B", "2")]) != first)
        #expect(try question("GET", "/x", headers: [("A", "1"), ("B", "2")]) != first)
    }
}

@Suite("settings of a back end") struct HTTPBackEndSettingsTests {
    @Test("are refused with a sentence when they cannot work")
    func problems() {
        for base in [
            "", "app", "ftp://app", "http://", "http:///path", "https://?x", "http://app?x",
            "http://app/#x", "http://a b", "http://app\r\n", "http://äpp", "file:///etc/passwd",
        ] {
            #expect(HTTPBackEndSettings(name: "x", baseURL: base).problem != nil, "\(base)")
        }
        for base in ["http://app", "HTTPS://app:1/p", "http://[::1]:80/", "http://127.0.0.1:8/"] {
            #expect(HTTPBackEndSettings(name: "x", baseURL: base).problem == nil, "\(base)")
        }
        let changes: [(inout HTTPBackEndSettings) -> Void] = [
            { $0.inFlightLimit = 0 }, { $0.queueLimit = -1 }, { $0.timeLimit = 0 },
            { $0.connectTimeLimit = 0 }, { $0.answerSizeLimit = -1 }, { $0.redirectLimit = -1 },
            { $0.unixSocketPath = "" }, { $0.unixSocketPath = "a\u{0}b" },
            { $0.unixSocketPath = String(repeating: "x", count: 108) }, { $0.caFile = "\u{0}" },
            { $0.headers = [("A", "b\r\nC: d")] }, { $0.headers = [("A B", "c")] },
            { $0.breakThreshold = -1 }, { $0.queueSizeLimit = -1 }, { $0.proxyURL = "\u{0}" },
        ]
        for (index, change) in changes.enumerated() {
            var settings = HTTPBackEndSettings(name: "x", baseURL: "http://app")
            change(&settings)
            #expect(settings.problem != nil, "change \(index)")
        }
    }

    @Test("name a host and a port, given or usual")
    func places() {
        let cases = [
            "http://app": "app:80", "https://app/x": "app:443", "http://app:8000/": "app:8000",
            "http://u:p@app": "app:80", "http://u@app:1": "app:1", "http://[::1]:80": nil,
            "http://:80": nil, "app": nil,
        ]
        for (base, place) in cases { #expect(BaseURL.nameAndPort(of: base) == place, "\(base)") }
    }

    @Test("media types lose their parameters")
    func mediaTypes() {
        let cases = [
            "application/json": "application/json", "Text/HTML; charset=utf-8": "text/html",
            "  a/b  ;c": "a/b", "": "", ";": "", "  ": "", "a/b\t": "a/b",
        ]
        for (field, name) in cases { #expect(MediaType.name(field) == name) }
    }
}
