// The catalogue of §3 once more, written down naively, against every wrong type and length.

import Codecs
import Testing

@testable import WAMP

/// Elements behind the code: `i` request id, `n` another id, `t` type of request, `m` map, `s`
/// string, `a` arguments, `k` keywords; what stands behind `?` may be left out.
private let catalogue: [(code: MessageCode, elements: String)] = [
    (.hello, "sm"), (.welcome, "nm"), (.abort, "ms?ak"), (.challenge, "sm"),
    (.authenticate, "sm"), (.goodbye, "ms"), (.error, "tims?ak"), (.publish, "ims?ak"),
    (.published, "in"), (.subscribe, "ims"), (.subscribed, "in"), (.unsubscribe, "in"),
    (.unsubscribed, "i?m"), (.event, "nnm?ak"), (.call, "ims?ak"), (.cancel, "im"),
    (.result, "im?ak"), (.register, "ims"), (.registered, "in"), (.unregister, "in"),
    (.unregistered, "i?m"), (.invocation, "inm?ak"), (.interrupt, "im"), (.yield, "im?ak"),
]

/// Values, and the elements they may be.
private let values: [(json: String, fits: String)] = [
    ("null", ""), ("true", ""), ("false", ""), ("0", "i"), ("1", "in"), ("-1", ""),
    ("9007199254740992", "in"), ("9007199254740993", ""), ("18446744073709551615", ""),
    ("1.5", ""), ("1.0", ""), (#""x""#, "s"), (#""""#, "s"), (#""\u0000AQI=""#, "s"),
    ("[]", "a"), (#"[{"a":[1]}]"#, "a"), ("{}", "mk"), (#"{"a":[]}"#, "mk"),
]

@Suite struct CatalogueTests {
    private func isViolation(_ text: String, _ code: MessageCode) -> [Bool] {
        let phase: SessionPhase =
            code == .hello ? .closed : code == .authenticate ? .challenging : .established
        let receiver: Receiver = code.isFromClient ? .router(phase, .loose) : .client
        return Serialization.allCases.map { serialization in
            if case .violation? = failure(wire(text, serialization), serialization, receiver) {
                return true
            }
            return false
        }
    }

    private func sound(_ element: Character, _ code: MessageCode) -> String {
        switch element {
        case "i", "n": "7"
        case "t": "68"
        case "m": code == .hello ? #"{"roles":{"callee":{}}}"# : "{}"
        case "s": #""com.app""#
        case "a": "[1]"
        default: #"{"a":1}"#
        }
    }

    @Test("the naive catalogue knows every message")
    func complete() {
        #expect(catalogue.map(\.code) == MessageCode.allCases)
    }

    @Test("a message has as many elements as the catalogue says, no fewer and no more")
    func lengths() {
        for (code, elements) in catalogue {
            let names = elements.filter { $0 != "?" }
            let required = elements.split(separator: "?")[0].count
            for count in 0...names.count + 2 {
                var parts = names.prefix(count).map { sound($0, code) }
                while parts.count < count { parts.append("{}") }
                let text = "[" + (["\(code.rawValue)"] + parts).joined(separator: ",") + "]"
                let expected = count < required || count > names.count
                #expect(isViolation(text, code) == [expected, expected, expected], "\(text)")
            }
        }
    }

    @Test("an element of another type than the catalogue says is a violation")
    func types() {
        for (code, elements) in catalogue {
            let names = Array(elements.filter { $0 != "?" })
            for place in names.indices {
                for value in values {
                    var parts = names.map { sound($0, code) }
                    parts[place] = value.json
                    let text = "[" + (["\(code.rawValue)"] + parts).joined(separator: ",") + "]"
                    var fits = value.fits.contains(names[place])
                    // Without roles HELLO has the right type and is a violation all the same.
                    if code == .hello && names[place] == "m" { fits = false }
                    for (index, found) in isViolation(text, code).enumerated() {
                        var expected = !fits
                        // Only JSON's octet strings are strings.
                        if value.json.contains("u0000") && index > 0 { expected = true }
                        #expect(found == expected, "\(text) \(Serialization.allCases[index])")
                    }
                }
            }
        }
    }

    @Test("what only we can do wrong stops us")
    func preconditions() async {
        await #expect(processExitsWith: .failure) {
            _ = RawSocketHeader(.message, payloadSize: (1 << 24) + 1)
        }
        await #expect(processExitsWith: .failure) {
            _ = RawSocketHandshake(.json, exponent: 16)
        }
    }
}
