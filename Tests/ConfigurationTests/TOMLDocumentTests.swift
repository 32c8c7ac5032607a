import Configuration
import Testing

@Suite("TOML document")
struct TOMLDocumentTests {
    @Test("every type arrives as a plain value")
    func types() throws {
        let document = try TOMLDocument(
            """
            text = "a\\tb"
            whole = -7
            decimal = 2.5
            flag = true
            list = [1, "two", [3.0], { x = 1 }]
            day = 2020-01-02
            [table]
            inner = { x = 1, y.z = 2 }
            """)
        #expect(
            document.root == [
                "text": .text("a\tb"), "whole": .integer(-7), "decimal": .decimal(2.5),
                "flag": .flag(true),
                "list": .list([
                    .integer(1), .text("two"), .list([.decimal(3)]), .table(["x": .integer(1)]),
                ]),
                "day": .moment,
                "table": .table([
                    "inner": .table(["x": .integer(1), "y": .table(["z": .integer(2)])])
                ]),
            ])
        #expect(document.line(of: ["table", "inner"]) == 8)
    }

    @Test("numbers are read in all their spellings")
    func numbers() throws {
        for (text, value) in [
            ("0", RawValue.integer(0)), ("+99", .integer(99)), ("-0", .integer(0)),
            ("1_000", .integer(1000)), ("0xDEAD_beef", .integer(0xDEAD_BEEF)),
            ("0o755", .integer(0o755)), ("0b1101", .integer(13)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("1.5", .decimal(1.5)), ("-0.01", .decimal(-0.01)), ("5e+22", .decimal(5e22)),
            ("1e06", .decimal(1e6)), ("6.626e-34", .decimal(6.626e-34)),
            ("1_0.2_5", .decimal(10.25)), ("inf", .decimal(.infinity)),
            ("-inf", .decimal(-.infinity)), ("1e400", .decimal(.infinity)),
            ("true", .flag(true)), ("false", .flag(false)), ("1979-05-27", .moment),
            ("1979-05-27T07:32:00Z", .moment), ("1979-05-27 07:32:00.5-07:00", .moment),
            ("07:32:00", .moment),
        ] {
            #expect(try TOMLDocument("x = \(text)").root == ["x": value], "\(text)")
            #expect(try TOMLDocument("x = [\(text), ]# c").root == ["x": .list([value])], "\(text)")
        }
        for text in [
            "", "01", "-01", "1_", "_1", "1__0", "+", "-", "0x", "0x_1", "0xG", "-0x1", "1.", ".5",
            "1.e5", "1e", "1e1_", "00.5", "1.5.5", "9223372036854775808", "True", "yes", "1 2",
            "0b2", "0o8", "1979-05", "1979-05-27T", "1979-05-271", "nann", "bare", "infinity",
            "+true", "é",
        ] {
            #expect(throws: TOMLDocument.Failure.self, "\(text)") {
                try TOMLDocument("x = \(text)")
            }
        }
    }

    @Test("strings of all four kinds are read")
    func strings() throws {
        for (text, value) in [
            (#""""#, ""), ("''", ""), (#""\b\t\n\f\r\"\\""#, "\u{8}\t\n\u{C}\r\"\\"),
            (#""\u00e9\U0001F600""#, "é😀"), (#"'C:\x'"#, #"C:\x"#), ("\"é😀\"", "é😀"),
            ("\"\"\"\na\nb\"\"\"", "a\nb"), ("\"\"\"a\\\n   \n  b\"\"\"", "ab"),
            ("\"\"\"\"\"two\"\"\"\"\"", "\"\"two\"\""), ("'''\r\na\r\n'b'''", "a\n'b"),
            ("'''\\'''", "\\"), ("\"\"\"\\\"\"\"\"", "\""), ("\"\"\"\"\"\"", ""), ("\"\t\"", "\t"),
        ] {
            #expect(try TOMLDocument("x = \(text)").root == ["x": .text(value)], "\(text)")
        }
        for text in [
            "\"", "'", "\"a\nb\"", "'a\nb'", #""\x41""#, #""\u12""#, #""\uD800""#,
            #""\U00110000""#, "\"\u{1}\"", "'\u{7F}'", "\"\"\"", "'''a''", "\"\\", "\"\"\"\\",
            "\"\"\"\u{0}\"\"\"", "\"a\" b", "'a\rb'", "\"\"\"\"\"\"\"\"\"", "\"\\ \n\"",
        ] {
            #expect(throws: TOMLDocument.Failure.self, "\(text)") {
                try TOMLDocument("x = \(text)")
            }
        }
    }

    @Test("tables may be mentioned often and defined once")
    func tables() throws {
        let accepted: [(String, [String: RawValue])] = [
            (
                "[a.b]\nx=1\n[a]\ny=2",
                ["a": .table(["b": .table(["x": .integer(1)]), "y": .integer(2)])]
            ),
            ("a.b=1\na.c=2", ["a": .table(["b": .integer(1), "c": .integer(2)])]),
            (
                "[[p]]\nx=1\n[[p]]\n[p.q]",
                ["p": .list([.table(["x": .integer(1)]), .table(["q": .table([:])])])]
            ),
            (
                "[f]\na.c=1\n[f.a.t]\ns=1",
                ["f": .table(["a": .table(["c": .integer(1), "t": .table(["s": .integer(1)])])])]
            ),
            (
                "\"\" = 1\n\"a.b\".'c d' = 2",
                ["": .integer(1), "a.b": .table(["c d": .integer(2)])]
            ),
            ("\u{FEFF}# only a comment", [:]), ("", [:]), ("\r\n \t\r\n", [:]),
            ("a = [ # c\n\n 1 # d\n , 2,\n]", ["a": .list([.integer(1), .integer(2)])]),
        ]
        for (text, values) in accepted { #expect(try TOMLDocument(text).root == values, "\(text)") }
        for (text, line) in [
            ("a=1\na=2", 2), ("[a]\n[a]", 2), ("[a]\nb=1\n[a.b]", 3), ("a={}\na.b=1", 2),
            ("a={x=1}\n[a.y]", 2), ("a.b=1\n[a]", 2), ("[a.b]\n[a]\nb.c=1", 3), ("a=[]\n[[a]]", 2),
            ("[[a]]\n[a]", 2), ("[a]\n[[a]]", 2), ("a=1\na.b=2", 2), ("a={x=1,x=2}", 1),
        ] {
            do {
                _ = try TOMLDocument(text)
                Issue.record("accepted \(text)")
            } catch {
                #expect(error.line == line, "\(text)")
                #expect(error.message.hasSuffix("is defined twice"))
            }
        }
    }

    @Test("tables of lists hold lists of tables, and a large file takes no large time")
    func nestedLists() throws {
        let text = "[[a]]\n[[a.b]]\nx=1\n[[a.b]]\n[[a.b.c]]\n[[a]]\n[[a.b]]\n[a.b.d]\ny=2"
        #expect(
            try TOMLDocument(text).root == [
                "a": .list([
                    .table([
                        "b": .list([
                            .table(["x": .integer(1)]), .table(["c": .list([.table([:])])]),
                        ])
                    ]),
                    .table(["b": .list([.table(["d": .table(["y": .integer(2)])])])]),
                ])
            ])
        for (text, line) in [
            ("[[a]]\n[[a.b]]\n[a.b]", 3), ("[[a]]\n[a.b]\n[[a.b]]", 3),
            ("[[a]]\nb = []\n[[a.b]]", 3),
        ] {
            let failure = #expect(throws: TOMLDocument.Failure.self) { try TOMLDocument(text) }
            #expect(failure?.line == line)
        }
        // One copy of the list per table would be ten thousand million steps.
        let many = String(repeating: "[[a]]\n", count: 140_000)
        guard case .list(let tables) = try TOMLDocument(many).root["a"] else {
            Issue.record("no list")
            return
        }
        #expect(tables.count == 140_000)
    }

    @Test("what is no TOML fails with its line")
    func failures() {
        for (text, line) in [
            ("a = 1\nb = \n", 2), ("[x\n", 1), ("a = 1\n\nb \u{0}= 2", 3), ("# \u{0}", 1),
            ("é = 1", 1), ("a = " + String(repeating: "[", count: 5000), 1), ("a", 1), ("= 1", 1),
            ("a = 1 b = 2", 1), ("a = 1\r", 1), ("a = {\nx = 1}", 1), ("a = {x = 1,}", 1),
            ("a = [,]", 1), ("a = [1\n2]", 2), ("[a] b", 1), ("[ [a]]", 1), ("[[a] ]", 1),
            ("[a.]", 1), ("[.a]", 1), ("a..b = 1", 1), ("a.b.", 1), ("\"\"\"a\"\"\" = 1", 1),
            // What made a library abort.
            ("a = 1\n[=]", 2), ("[", 1), ("[[", 1), ("[ \n]", 1), ("\t[é]", 1), ("[[ , ]]", 1),
            ("[]", 1), ("a = 1\nb = [\n}", 3), ("b = [1, # x\n}]", 2), ("x = 1979-05-27 :", 1),
            ("x = \"\"\"\n\n\n", 1), (String(repeating: "#", count: 1_048_577), 1),
            (Array(repeating: "a", count: 100_000).joined(separator: ".") + " = 1", 1),
        ] {
            do {
                _ = try TOMLDocument(text)
                Issue.record("accepted \(text.prefix(30))")
            } catch {
                #expect(error.line == line, "\(text.prefix(30)): \(error.message)")
                #expect(!error.message.isEmpty)
            }
        }
    }

    @Test("every key knows its line")
    func lines() throws {
        let document = try TOMLDocument(
            #"""
            # a comment with = and [x]
            top = """
            fake = 1

            """
            [server]
            listen = "127.0.0.1:8000" # [not a header]
              cores = [
              2, # y = 2
            ]
            [ limits . inner ] # header
            "quoted key" = 1
            a.b = { deep = 1 }
            [[many]]
            x = 1
            [[many]]
            x = 2
            [limits]
            [[many]]
            [[many.inner]]
            y = 1
            [[many.inner]]
            z.a = 1
            [many.inner.table]
            w = { v = 1 }
            """#)
        for (path, line) in [
            (["top"], 2), (["server"], 6), (["server", "listen"], 7), (["server", "cores"], 8),
            (["limits"], 18), (["limits", "inner"], 11), (["limits", "inner", "quoted key"], 12),
            (["limits", "inner", "a", "b", "deep"], 13), (["many"], 14), (["many", "x"], 14),
            (["many", "0"], 14), (["many", "1"], 16), (["many", "1", "x"], 17),
            (["many", "2"], 19),
            (["many", "2", "inner", "0", "y"], 21), (["many", "2", "inner", "1"], 22),
            (["many", "2", "inner", "1", "z", "a"], 23), (["many", "2", "inner", "2"], 20),
            (["many", "2", "inner", "1", "table", "w", "v"], 25), (["many", "3"], 14),
            (["many", "-1"], 14), (["many", "2", "inner", "9223372036854775808"], 20),
            (["server", "nothing"], 6),
        ] {
            #expect(document.line(of: path) == line, "\(path)")
        }
        #expect(document.line(of: ["fake"]) == nil)
        #expect(document.line(of: []) == nil)
    }

    @Test("quoted text reads as it was")
    func quoting() throws {
        for text in ["", "plain", "a\"b\\c", "line\nfeed\r\t", "\u{1}\u{1F}\u{7F}", "é😀", "\u{0}"] {
            let document = try TOMLDocument("x = " + TOMLText.quoted(text))
            #expect(document.root["x"] == .text(text))
        }
    }
}
