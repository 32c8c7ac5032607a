import Crypto
import Testing
import Tokens

@Suite("Token check")
struct TokenCheckTests {
    @Test("without a rule takes every token and none")
    func none() {
        for token in [nil, "", "x", String(repeating: "x", count: 100_000)] {
            #expect(outcome(.none, token) == .success(""))
        }
    }

    @Test("of a fixed token takes that one")
    func fixed() {
        let check = TokenCheck.fixed(Array("hunter2".utf8))
        #expect(outcome(check, "hunter2") == .success(""))
        #expect(outcome(check, nil) == .failure(.absent))
        for token in ["", "hunter", "hunter3", "hunter22", "Hunter2"] {
            #expect(outcome(check, token) == .failure(.wrong), "\(token)")
        }
        let tooLong = String(repeating: "x", count: TokenCheck.sizeLimit + 1)
        #expect(outcome(check, tooLong) == .failure(.tooLong))
    }

    @Test("of web tokens is what other implementations sign")
    func vectors() throws {
        let secret = Vectors.octets("secret")
        let hashes: [(String, HMAC.Hash)] = [
            ("HS256", .sha256), ("HS384", .sha384), ("HS512", .sha512),
        ]
        var checks: [(String, TokenCheck)] = []
        for (name, hash) in hashes {
            let check = try #require(WebTokenCheck(hash, secret: secret))
            #expect(!check.isShort)
            checks.append((name, .signed(check)))
        }
        let key = Vectors.octets("key")
        checks.append(
            ("RS256", .signed(try #require(WebTokenCheck(publicKeyPEM: unsafe key.span.bytes)))))
        for (algorithm, check) in checks {
            for (signed, token) in Vectors.words where signed.contains("S") {
                let expected: Result<String, TokenProblem> =
                    signed == algorithm ? .success(Vectors.claims) : .failure(.wrongAlgorithm)
                #expect(outcome(check, token) == expected, "\(signed) by \(algorithm)")
            }
            #expect(outcome(check, Vectors.words["trick"]) != .success(Vectors.claims))
        }
    }

    @Test("of web tokens takes the example of RFC 7515, appendix A.1, while it is valid")
    func exampleOfTheRFC() throws {
        let secret: [UInt8] = [
            3, 35, 53, 75, 43, 15, 165, 188, 131, 126, 6, 101, 119, 123, 166, 143, 90, 179, 40,
            230, 240, 84, 201, 40, 169, 15, 132, 178, 210, 80, 46, 191, 211, 251, 90, 146, 210, 6,
            71, 239, 150, 138, 180, 195, 119, 98, 61, 34, 61, 46, 33, 114, 5, 46, 79, 8, 192, 205,
            154, 245, 103, 208, 128, 163,
        ]
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
            + ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
            + "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        let check = TokenCheck.signed(try #require(WebTokenCheck(.sha256, secret: secret)))
        let claims =
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
        #expect(outcome(check, token, at: 1_300_819_379) == .success(claims))
        #expect(outcome(check, token, at: 1_300_819_380) == .failure(.expired))
    }

    @Test("of web tokens refuses keys that are none, or too weak")
    func keys() {
        for name in ["weak", "curve", "secret", "nothing"] {
            let pem = Vectors.octets(name)
            #expect(WebTokenCheck(publicKeyPEM: unsafe pem.span.bytes) == nil, "\(name)")
        }
        #expect(WebTokenCheck(.sha256, secret: []) == nil)
        #expect(WebTokenCheck(.sha256, secret: Array("short".utf8))?.isShort == true)
    }
}

@Suite("Web tokens")
struct WebTokenTests {
    private func check(leeway: UInt32 = 0) throws -> TokenCheck {
        .signed(
            try #require(
                WebTokenCheck(.sha256, secret: Vectors.octets("secret"), leeway: leeway)))
    }

    @Test("are valid from nbf to just before exp, give or take the leeway")
    func times() throws {
        let cases: [(claims: String, leeway: UInt32, now: UInt64, TokenProblem?)] = [
            ("{}", 0, 0, nil),
            (#"{"exp":100}"#, 0, 99, nil), (#"{"exp":100}"#, 0, 100, .expired),
            (#"{"exp":100.5}"#, 0, 100, nil), (#"{"exp":1e2}"#, 0, 100, .expired),
            (#"{"exp":100}"#, 5, 104, nil), (#"{"exp":100}"#, 5, 105, .expired),
            (#"{"exp":-1}"#, 0, 0, .expired), (#"{"exp":1e400}"#, 0, 4_000_000_000, nil),
            (#"{"nbf":100}"#, 0, 99, .notYetValid), (#"{"nbf":100}"#, 0, 100, nil),
            (#"{"nbf":100}"#, 5, 95, nil), (#"{"nbf":100}"#, 5, 94, .notYetValid),
            (#"{"exp":1,"exp":100}"#, 0, 50, nil), (#"{"exp":100,"exp":1}"#, 0, 50, .expired),
            (#"{"\u0065xp":1}"#, 0, 50, .expired),
            (#"{"exp":"100"}"#, 0, 50, .malformed), (#"{"exp":null}"#, 0, 50, .malformed),
            (#"{"nbf":[]}"#, 0, 50, .malformed), (#"{"nbf":true}"#, 0, 50, .malformed),
        ]
        for (claims, leeway, now, problem) in cases {
            let found = outcome(try check(leeway: leeway), try token(claims: claims), at: now)
            let expected: Result<String, TokenProblem> =
                if let problem { .failure(problem) } else { .success(claims) }
            #expect(found == expected, "\(claims) at \(now)")
        }
    }

    @Test("say the algorithm that was agreed on, and demand nothing unknown")
    func headers() throws {
        let cases: [(header: String, TokenProblem?)] = [
            (#"{"alg":"HS256"}"#, nil), (#"{"typ":"JWT","alg":"HS\u0032\u00356"}"#, nil),
            (#"{"alg":"none"}"#, .wrongAlgorithm), (#"{"alg":"None"}"#, .wrongAlgorithm),
            (#"{"alg":"hs256"}"#, .wrongAlgorithm), (#"{"alg":"HS384"}"#, .wrongAlgorithm),
            (#"{"alg":"RS256"}"#, .wrongAlgorithm), (#"{"alg":null}"#, .wrongAlgorithm),
            (#"{"alg":["HS256"]}"#, .wrongAlgorithm), ("{}", .wrongAlgorithm),
            (#"{"alg":"HS256","alg":"none"}"#, .wrongAlgorithm),
            (#"{"alg":"HS256","crit":["b64"],"b64":false}"#, .unknownExtension),
            (#"{"alg":"HS256","crit":[]}"#, .unknownExtension),
            (#"["alg","HS256"]"#, .malformed), (#""HS256""#, .malformed), ("", .malformed),
            (#"{"alg":"HS256"} x"#, .malformed), (#"{"alg":"HS256""#, .malformed),
        ]
        for (header, problem) in cases {
            let found = outcome(try check(), try token(header: header, claims: "{}"))
            let expected: Result<String, TokenProblem> =
                if let problem { .failure(problem) } else { .success("{}") }
            #expect(found == expected, "\(header)")
        }
    }

    @Test("claim an object of JSON in UTF-8")
    func claims() throws {
        let texts: [[UInt8]] = [
            [], Array("1".utf8), Array("[]".utf8), Array("null".utf8), Array("{".utf8),
            Array("{} {}".utf8), [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D],
            [0xEF, 0xBB, 0xBF, 0x7B, 0x7D],
            Array((String(repeating: #"{"a":"#, count: 65) + "1").utf8),
        ]
        for text in texts {
            #expect(outcome(try check(), try token(claims: text)) == .failure(.malformed))
        }
    }

    @Test("have three parts of base 64 in one spelling")
    func form() throws {
        let good = try token(claims: "{}")
        let parts = good.split(separator: ".").map(String.init)
        #expect(outcome(try check(), good) == .success("{}"))
        let bad = [
            "", ".", "..", "...", parts[0], parts[0] + "." + parts[1], good + ".", "." + good,
            good + "=", good + " ", " " + good, good + "AA", good.replacing(".", with: ".\n"),
            parts[0] + "=." + parts[1] + "." + parts[2], good + "." + parts[2], good + "é",
        ]
        for token in bad {
            #expect(outcome(try check(), token) == .failure(.malformed), "\(token)")
        }
        // 32 octets end in a letter with two bits to spare, which are 0 in the one good spelling.
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        for letter in letters where letter != good.last {
            let isSpare = letters.firstIndex(of: letter)! % 4 != 0
            #expect(
                outcome(try check(), good.dropLast() + String(letter))
                    == .failure(isSpare ? .malformed : .wrongSignature))
        }
    }

    @Test("are refused with a signature of another secret, another message or another size")
    func signatures() throws {
        let good = try token(claims: #"{"sub":"a"}"#)
        let other = try token(claims: #"{"sub":"b"}"#)
        let parts = good.split(separator: ".")
        let bad = [
            try token(claims: Array("{}".utf8), secret: [1]),
            "\(parts[0]).\(other.split(separator: ".")[1]).\(parts[2])",
            "\(parts[0]).\(parts[1]).", "\(parts[0]).\(parts[1]).AAAA",
            "\(parts[0]).\(parts[1]).\(String(repeating: "A", count: 43))",
        ]
        for token in bad {
            #expect(outcome(try check(), token) == .failure(.wrongSignature), "\(token)")
        }
        let key = Vectors.octets("key")
        let rsa = TokenCheck.signed(
            try #require(WebTokenCheck(publicKeyPEM: unsafe key.span.bytes)))
        let signed = try #require(Vectors.words["RS256"])
        for token in [signed.dropLast(2), signed.dropLast(342), signed.dropLast(4) + "AAAA"] {
            #expect(outcome(rsa, String(token)) == .failure(.wrongSignature))
        }
    }
}
