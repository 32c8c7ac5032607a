import Codecs
import Testing

private func isFalsy(_ json: String, _ fractions: PythonFractions) -> Bool {
    let octets = Array(json.utf8)
    return unsafe octets.span.bytes.isFalseToPython(fractions: fractions)
}

@Suite("Python's truth")
struct PythonTruthTests {
    /// What `bool(json.loads(…))` says; where a `Decimal` differs, it is below.
    private static let falsy = [
        "", "null", "false", #""""#, "[]", "{}", "[ ]", "{ \n\t}", "0", "-0", "0.0", "-0.0",
        "0e5", "0E-5", "0.000e9", "-0.00E+7",
    ]
    private static let truthy = [
        "true", #"" ""#, #""0""#, #""\u0000""#, "[0]", "[null]", "[[]]", #"{"":0}"#, "{ \"a\":0}",
        "1", "-1", "10", "0.5", "-0.001", "1e-300", "1E5", "1e400", "-1e400",
        "100000000000000000000000000000000000000000",
    ]

    @Test("takes zeros, null, false and what is empty for false", arguments: falsy)
    func isFalse(_ json: String) {
        #expect(isFalsy(json, .float))
        #expect(isFalsy(json, .decimal))
    }

    @Test("takes everything else for true", arguments: truthy)
    func isTrue(_ json: String) {
        #expect(!isFalsy(json, .float))
        #expect(!isFalsy(json, .decimal))
    }

    @Test("of a number too small for a float depends on what the reference makes of it")
    func underflow() {
        for json in ["1e-400", "-1e-400", "0.5E-99999", "2e-324"] {
            #expect(isFalsy(json, .float), "\(json)")
            #expect(!isFalsy(json, .decimal), "\(json)")
        }
        #expect(!isFalsy("3e-324", .float))
    }

    @Test("of what is no value is an answer and no trap")
    func notAValue() {
        let scraps = ["\"", "[", "{", "-", ".", "e", "1e", "nul", "]", "\\", " ", "0x", "-e"]
        for json in scraps {
            _ = isFalsy(json, .float)
            _ = isFalsy(json, .decimal)
        }
    }
}
