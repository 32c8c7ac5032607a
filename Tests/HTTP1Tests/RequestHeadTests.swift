import Bytes
import HTTP1
import Testing

/// A head, told in words that can be compared.
private enum Verdict: Equatable {
    case missing
    case failed(HeadError)
    case complete(String)
}

private func describe(_ head: RequestHead, _ bytes: RawSpan) -> String {
    var lines = ["\(head.method) \(bytes.extracting(head.targetRange).text) \(head.version)"]
    lines.append("path=\(bytes.extracting(head.pathRange).text)")
    lines.append("query=\(bytes.extracting(head.queryRange).text)")
    lines.append("body=\(head.bodyLength) keeps=\(head.keepsAlive) size=\(head.headSize)")
    for field in head.fields {
        let name = bytes.extracting(field.nameRange).text
        lines.append("\(name)=\(bytes.extracting(field.valueRange).text)")
    }
    return lines.joined(separator: "|")
}

private func parse(_ octets: [UInt8], limits: HeadLimits = HeadLimits()) -> Verdict {
    do {
        let bytes = unsafe octets.span.bytes
        guard let head = try RequestHead.parse(bytes, limits: limits) else { return .missing }
        return .complete(describe(head, bytes))
    } catch {
        return .failed(error)
    }
}

/// The verdict when octets arrive in pieces of `size`.
private func parse(
    _ octets: [UInt8], first: Int, step: Int, limits: HeadLimits = HeadLimits()
) -> Verdict {
    var head = RequestHead()
    var end = min(first, octets.count)
    while true {
        do {
            let bytes = unsafe octets.span.bytes.extracting(0..<end)
            if try head.resume(bytes, limits: limits) { return .complete(describe(head, bytes)) }
        } catch {
            return .failed(error)
        }
        if end == octets.count { return .missing }
        end = min(end + step, octets.count)
    }
}

/// The verdict, which must be the same whole, octet by octet, and at every cut into two.
private func verdict(
    _ text: String, limits: HeadLimits = HeadLimits(),
    location: SourceLocation = #_sourceLocation
) -> Verdict {
    let octets = Array(text.utf8)
    let whole = parse(octets, limits: limits)
    for first in 1...max(1, min(400, octets.count)) {
        let cut = parse(octets, first: first, step: first == 1 ? 1 : octets.count, limits: limits)
        if cut != whole {
            #expect(cut == whole, "first piece \(first)", sourceLocation: location)
            break
        }
    }
    return whole
}

@Suite("request head")
struct RequestHeadTests {
    @Test("reads a request, and says where everything lies")
    func complete() {
        #expect(
            verdict("GET /a/b?x=1&y HTTP/1.1\r\nHost: example.org\r\nX-Thing:\t a b \t\r\n\r\nrest")
                == .complete(
                    "get /a/b?x=1&y http11|path=/a/b|query=x=1&y|body=none keeps=true size=63"
                        + "|Host=example.org|X-Thing=a b"))
        #expect(
            verdict("POST / HTTP/1.0\r\ncontent-LENGTH: 12\r\n\r\n")
                == .complete(
                    "post / http10|path=/|query=|body=sized(12) keeps=false size=39"
                        + "|content-LENGTH=12"))
        #expect(verdict("GET / HTTP/1.1\r\nHost: a\r\n") == .missing)
    }

    @Test("overlooks one empty line in front of a request, however it is cut, and no second one")
    func emptyLine() {
        #expect(
            verdict("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
                == .complete(
                    "get / http11|path=/|query=|body=none keeps=true size=29|Host=a"))
        #expect(verdict("\r\nConnection:") == .missing)
        #expect(verdict("\r\n") == .missing)
        #expect(verdict("\r\n\r\nGET /") == .failed(.badStartLine))
        #expect(verdict("\rGET /") == .failed(.badStartLine))
    }

    @Test("knows the methods and takes any other token as other")
    func methods() {
        for (token, method) in [
            ("GET", "get"), ("HEAD", "head"), ("POST", "post"), ("PUT", "put"),
            ("DELETE", "delete"),
            ("PATCH", "patch"), ("TRACE", "trace"), ("get", "other"), ("M-SEARCH", "other"),
        ] {
            let expected =
                "\(method) /x http11|path=/x|query=|body=none keeps=true size=\(token.count + 24)|Host=h"
            #expect(verdict("\(token) /x HTTP/1.1\r\nHost:h\r\n\r\n") == .complete(expected))
        }
    }

    @Test("refuses what is malformed or ambiguous, each with its reason and status")
    func refusals() {
        let host = "Host: a\r\n"
        let cases: [(String, HeadError, Int)] = [
            ("\u{16}\u{03}\u{01}", .badStartLine, 400),
            (" GET / HTTP/1.1\r\n", .badStartLine, 400),
            ("GET  / HTTP/1.1\r\n", .badStartLine, 400),
            ("GET / HTTP/1.1 \r\n", .badStartLine, 400),
            ("GET /\r\n", .badStartLine, 400),
            ("GET / http/1.1\r\n", .badStartLine, 400),
            ("GET / HTTP/1.10\r\n", .badStartLine, 400),
            ("G(T / HTTP/1.1\r\n", .badStartLine, 400),
            ("GET /\u{7F} HTTP/1.1\r\n", .badTarget, 400),
            ("GET /é HTTP/1.1\r\n", .badTarget, 400),
            ("GET /#top HTTP/1.1\r\n", .badTarget, 400),
            ("GET x HTTP/1.1\r\n", .badTarget, 400),
            ("GET * HTTP/1.1\r\n", .badTarget, 400),
            ("GET http:/// HTTP/1.1\r\n", .badTarget, 400),
            ("GET / HTTP/2.0\r\n", .unknownVersion, 505),
            ("GET / HTTP/0.9\r\n", .unknownVersion, 505),
            ("GET / HTTP/1.1\n\(host)\r\n", .bareLineFeed, 400),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", .bareLineFeed, 400),
            ("GET / HTTP/1.1\r\n\(host)\n", .bareLineFeed, 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", .badHeader, 400),
            ("GET / HTTP/1.1\r\n: a\r\n\r\n", .badHeader, 400),
            ("GET / HTTP/1.1\r\nHost\r\n\r\n", .badHeader, 400),
            ("GET / HTTP/1.1\r\nHo st: a\r\n\r\n", .badHeader, 400),
            ("GET / HTTP/1.1\r\n\(host)X: a\u{0}b\r\n\r\n", .badHeader, 400),
            ("GET / HTTP/1.1\r\n\(host)X: a\rb\r\n\r\n", .badHeader, 400),
            ("GET / HTTP/1.1\r\n\(host)X: 12345678901\u{7F}\r\n\r\n", .badHeader, 400),
            ("GET / HTTP/1.1\r\n\(host)X: 123456789\u{1}01\r\n\r\n", .badHeader, 400),
            ("GET / HTTP/1.1\r\n\(host)X: a\r\n b\r\n\r\n", .foldedHeader, 400),
            ("GET / HTTP/1.1\r\n \(host)\r\n", .foldedHeader, 400),
            ("GET / HTTP/1.1\r\n\r\n", .badHost, 400),
            ("GET / HTTP/1.1\r\n\(host)\(host)\r\n", .badHost, 400),
            ("GET / HTTP/1.0\r\n\(host)\(host)\r\n", .badHost, 400),
            ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .badHost, 400),
            ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", .badHost, 400),
            ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .badHost, 400),
        ]
        for (text, error, status) in cases {
            #expect(verdict(text) == .failed(error), "\(text)")
            #expect(error.status == status)
        }
    }

    @Test("takes a field name exactly if all its octets are of a token, known name or not")
    func fieldNames() {
        for name in ["X-Other", "Origin", "Sec-WebSocket-Protocol"] {
            for place in name.utf8.indices {
                for octet in UInt8.min..<0x80 where octet != 0x0A && octet != 0x0D {
                    var text = name
                    text.replaceSubrange(
                        place..<text.index(after: place), with: String(Unicode.Scalar(octet)))
                    let isFirst = place == name.startIndex
                    let wanted: Verdict? =
                        if isFirst, octet == 0x20 || octet == 0x09 {
                            .failed(.foldedHeader)
                        } else if octet == 0x3A {
                            isFirst ? .failed(.badHeader) : nil  // it ends there
                        } else {
                            Grammar.isTokenOctet(octet) ? nil : .failed(.badHeader)
                        }
                    let head = "GET / HTTP/1.1\r\nHost: a\r\n\(text): a\r\n\r\n"
                    let found = parse(Array(head.utf8))
                    if let wanted {
                        #expect(found == wanted, "\(text)")
                    } else if case .failed = found {
                        Issue.record("\(text) is refused")
                    }
                }
            }
        }
    }

    @Test("decides the length of the body once and strictly")
    func bodyLengths() {
        let cases: [(String, HeadError?)] = [
            ("Content-Length: 0", nil), ("Content-Length: 007", nil),
            ("Content-Length: +1", .badContentLength), ("Content-Length: -1", .badContentLength),
            ("Content-Length: 0x10", .badContentLength), ("Content-Length: 1 1", .badContentLength),
            ("Content-Length:", .badContentLength), ("Content-Length: 1, 1", .badContentLength),
            ("Content-Length: 1\r\nContent-Length: 1", .badContentLength),
            ("Content-Length: 99999999999999999999999", .bodyTooLarge),
            ("Content-Length: 99999999999999999999x", .badContentLength),
            ("Transfer-Encoding: chunked", nil), ("Transfer-Encoding: CHUNKED", nil),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1", .conflictingLengths),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked", .conflictingLengths),
            ("Transfer-Encoding: gzip, chunked", .unknownTransferCoding),
            ("Transfer-Encoding: identity", .unknownTransferCoding),
            ("Transfer-Encoding: chunked, chunked", .badTransferCoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .badTransferCoding),
            ("Transfer-Encoding:", .badTransferCoding),
            ("Transfer-Encoding: xchunked", .unknownTransferCoding),
            ("Transfer-Encoding: chunked;q=1", .unknownTransferCoding),
        ]
        for (lines, error) in cases {
            let result = verdict("POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n")
            if let error {
                #expect(result == .failed(error), "\(lines)")
            } else if case .complete = result {
            } else {
                Issue.record("\(lines): \(result)")
            }
        }
        #expect(
            verdict("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n")
                == .failed(.badTransferCoding))
        #expect(HeadError.unknownTransferCoding.status == 501)
        #expect(HeadError.bodyTooLarge.status == 413)
    }

    @Test("reaches each limit as soon as the octets are there, ended or not")
    func limits() {
        let limits = HeadLimits(
            startLineSize: 40, headerLineSize: 30, headersSize: 60, headerCount: 3)
        let exact = "GET /\(String(repeating: "a", count: 24)) HTTP/1.1\r\n"
        #expect(exact.utf8.count == 40)
        #expect(verdict(exact + "Host: a\r\n\r\n", limits: limits) != .failed(.startLineTooLong))
        let long = "GET /\(String(repeating: "a", count: 25)) HTTP/1.1\r\n"
        #expect(verdict(long, limits: limits) == .failed(.startLineTooLong))
        #expect(
            verdict(String(repeating: "A", count: 40), limits: limits) == .failed(.startLineTooLong)
        )
        #expect(verdict(String(repeating: "A", count: 39), limits: limits) == .missing)
        let start = "GET / HTTP/1.1\r\n"
        #expect(
            verdict(start + "X: " + String(repeating: "a", count: 27), limits: limits)
                == .failed(.headerLineTooLong))
        #expect(
            verdict(start + "X: \(String(repeating: "a", count: 25))\r\n", limits: limits)
                == .missing)
        let line = "X: \(String(repeating: "a", count: 20))\r\n"
        #expect(verdict(start + line + line + line, limits: limits) == .failed(.headersTooLarge))
        #expect(
            verdict(start + "a:b\r\na:b\r\na:b\r\na:b\r\n", limits: limits)
                == .failed(.tooManyHeaders))
        #expect(HeadError.startLineTooLong.status == 414)
        #expect(HeadError.headersTooLarge.status == 431)
    }

    @Test("decides whether the connection lives on")
    func keepAlive() {
        let cases = [
            ("1.1", "", true), ("1.1", "Connection: close\r\n", false),
            ("1.1", "Connection: Upgrade, CLOSE\r\n", false),
            ("1.1", "Connection: closed\r\n", true), ("1.0", "", false),
            ("1.0", "Connection: keep-alive\r\n", true),
            ("1.0", "Connection: keep-alive, close\r\n", false),
            ("1.9", "", true),
        ]
        for (version, line, keeps) in cases {
            let octets = Array("GET / HTTP/\(version)\r\nHost: a\r\n\(line)\r\n".utf8)
            let head = try? unsafe RequestHead.parse(octets.span.bytes)
            #expect(head?.keepsAlive == keeps, "\(version) \(line)")
        }
    }

    @Test("takes the other forms of a target")
    func targets() {
        func path(_ text: String) -> String? {
            let octets = Array(text.utf8)
            let bytes = unsafe octets.span.bytes
            guard let head = try? RequestHead.parse(bytes) else { return nil }
            return bytes.extracting(head.pathRange).text + "?"
                + bytes.extracting(head.queryRange).text
        }
        #expect(path("GET http://h/p?q HTTP/1.1\r\nHost: h\r\n\r\n") == "/p?q")
        #expect(path("GET HTTPS://h?q HTTP/1.1\r\nHost: h\r\n\r\n") == "?q")
        #expect(path("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n") == "*?")
        #expect(path("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n") == "h:443?")
        #expect(path("\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n") == "/x?")
        #expect(path("\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n") == nil)
        #expect(path("GET /x?a?b HTTP/1.1\r\nHost: [::1]:80\r\n\r\n") == "/x?a?b")
    }

    @Test("finds fields by name, known and unknown")
    func lookups() throws {
        let octets = Array(
            "GET /%C3%A9?a=1&b=x%20y+z&c HTTP/1.1\r\nHOST: h\r\nX-a: 1\r\nx-A: 2\r\n\r\n".utf8)
        let bytes = unsafe octets.span.bytes
        let head = try #require(try RequestHead.parse(bytes))
        #expect(head.value(of: .host, in: bytes)?.text == "h")
        #expect(head.value(named: "x-a", in: bytes)?.text == "1")
        #expect(head.value(named: "x-b", in: bytes)?.text == nil)
        #expect(head.value(of: .origin, in: bytes)?.text == nil)
        #expect(head.path(in: bytes) == "/é")
    }

    @Test("can be used again for the next request")
    func reuse() throws {
        var head = RequestHead()
        for (text, count) in [
            ("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nConnection: close\r\n\r\n", 3),
            ("GET / HTTP/1.0\r\n\r\n", 0),
            ("PUT /x HTTP/1.1\r\nHost: b\r\n\r\n", 1),
        ] {
            head.reset()
            let octets = Array(text.utf8)
            #expect(try unsafe head.resume(octets.span.bytes))
            #expect(head.fields.count == count)
            #expect(head.headSize == octets.count)
        }
        #expect(head.method == .put && head.keepsAlive)
    }
}
