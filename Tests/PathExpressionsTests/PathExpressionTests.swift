import PathExpressions
import Testing

extension PathExpression.Outcome {
    /// The groups as text; `nil` when nothing was found.
    fileprivate var groups: [String: String?]? {
        guard case .found(let match) = self else { return nil }
        return Dictionary(
            uniqueKeysWithValues: match.groups.map { name, text in
                (name, text.map { String(decoding: $0, as: UTF8.self) })
            })
    }
}

@Suite("path expressions")
struct PathExpressionTests {
    @Test("take groups as Python writes them and as others do")
    func groupSyntax() throws {
        for text in [#"/number/(?P<number>\d+)/?"#, #"/number/(?<number>\d+)/?"#] {
            let expression = try PathExpression(text)
            #expect(expression.names == ["number"])
            #expect(expression.search("/number/3/").groups == ["number": "3"])
            #expect(expression.search("/number/42").groups == ["number": "42"])
            #expect(expression.search("/number/x/") == .none)
        }
    }

    @Test("are found in the middle of a path, unless they say where they stand")
    func unanchored() throws {
        let free = try PathExpression(#"/number/(?P<number>\d+)/?"#)
        #expect(free.search("/a/number/3/b").groups == ["number": "3"])
        let bound = try PathExpression(#"^/number/(?P<number>\d+)/?$"#)
        #expect(bound.search("/a/number/3") == .none)
        #expect(bound.search("/number/3/b") == .none)
        #expect(bound.search("/number/3").groups == ["number": "3"])
        #expect(try PathExpression("").search("/").groups == [:])
    }

    @Test("compare letters as they are, and percent signs as they stand")
    func literal() throws {
        let expression = try PathExpression("/Chat/(?P<name>[^/]+)")
        #expect(expression.search("/chat/a") == .none)
        #expect(expression.search("/Chat/a%2Fb").groups == ["name": "a%2Fb"])
    }

    @Test("tell a group that took no part from an empty one")
    func absentGroups() throws {
        let expression = try PathExpression(#"^/x(?:/(?P<a>\d*))?(?P<b>y)?(?P<c>z)?$"#)
        #expect(expression.names == ["a", "b", "c"])
        #expect(expression.search("/x").groups == ["a": nil, "b": nil, "c": nil])
        #expect(expression.search("/x/y").groups == ["a": "", "b": "y", "c": nil])
        guard case .found(let match) = expression.search("/x/7") else {
            Issue.record("not found")
            return
        }
        #expect(match["a"] == Array("7".utf8))
        #expect(match["b"] == nil)
        #expect(match["other"] == nil)
    }

    @Test("refuse a name that is given twice, unless they ask for it")
    func repeatedNames() throws {
        #expect(throws: PathExpressionError.self) { try PathExpression("(?P<a>x)(?P<a>y)") }
        let either = try PathExpression("(?J)^/(?:x(?P<a>1)|y(?P<a>2))(?P<b>.)?$")
        #expect(either.names == ["a", "b"])
        #expect(either.search("/x1").groups == ["a": "1", "b": nil])
        #expect(either.search("/y2z").groups == ["a": "2", "b": "z"])
        let reset = try PathExpression("^/(?|x(?P<a>1)|y(?P<a>2))$")
        #expect(reset.names == ["a"])
        #expect(reset.search("/y2").groups == ["a": "2"])
    }

    @Test("have groups that are whole characters")
    func characters() throws {
        let expression = try PathExpression("/(?P<first>.)")
        #expect(expression.search("/äb").groups == ["first": "ä"])
        #expect(expression.search("/😀").groups == ["first": "😀"])
        #expect(try PathExpression("[äö](?P<n>.)").search("/ö1").groups == ["n": "1"])
        #expect(throws: PathExpressionError.self) { try PathExpression(#"(?P<a>\C)"#) }
    }

    @Test("that are none are refused with the place and the reason")
    func errors() {
        let cases: [(text: String, position: Int)] = [
            ("/a(b", 4), ("/a)", 2), ("[a", 2), ("(?P<1>x)", 4), ("ä(", 2), ("a**", 2),
            ("(?P<a>x)(?P<a>y)", 14), ("\\", 1), ("(?P>none)", 4),
        ]
        for (text, position) in cases {
            do {
                _ = try PathExpression(text)
                Issue.record("\(text) was taken")
            } catch {
                #expect(error.position == position, "\(error)")
                #expect(!error.problem.isEmpty)
                #expect(
                    error.description.hasPrefix(
                        "the path expression '\(text)' is not valid at character \(position + 1): ")
                )
            }
        }
    }

    @Test("end their search at a limit, in whatever way they would go on")
    func limits() throws {
        let path = "/" + String(repeating: "a", count: 4000) + "!c"
        // Doubling with each octet.
        for text in ["^/(?:a+)+c", "^/(?:a|aa)+c", "(?:a|aa)+c", "^/(?:a*a*a*)*c"] {
            #expect(try PathExpression(text).search(path) == .limited, "\(text)")
        }
        // Nested once per octet.
        let small = PathExpression.Limits(stepCount: 10_000_000, depth: 10, memory: 4096)
        let deep = try PathExpression("^/((?:a|b)(?1)?)!?c", limits: small)
        #expect(deep.search(path.replacing("!c", with: "c")) == .limited)
        #expect(deep.search("/ac").groups == [:])
    }

    @Test("take long paths, where machine code has no stack left")
    func longPaths() throws {
        let path = "/" + String(repeating: "ab", count: 4000)
        let expression = try PathExpression("^/(?:(a|b))*(?P<end>b)$")
        #expect(expression.search(path).groups == ["end": "b"])
    }

    @Test("are searched by many threads at once")
    func threads() async throws {
        let expression = try PathExpression(#"/(?P<a>\w+)/(?P<b>\d+)"#)
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<500).allSatisfy { number in
                        expression.search("/t\(task)/\(number)").groups
                            == ["a": "t\(task)", "b": "\(number)"]
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
