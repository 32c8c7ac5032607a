import Carillon
import Testing

@Suite struct JSONTextTests {
    @Test("exactly one JSON value in UTF-8 is valid")
    func validity() {
        for text in ["1", "null", "\"a\"", " {\"a\": [1, 2]}\n", "-1.5e3"] {
            #expect(JSONText(text).isValid, "\(text)")
        }
        for text in ["", " ", "1 2", "{", "nul", "{'a':1}", "[1,]", "\"\n\""] {
            #expect(!JSONText(text).isValid, "\(text)")
        }
        #expect(!JSONText(octets: [0x22, 0xFF, 0x22]).isValid)
    }

    @Test("text becomes a JSON string, whatever it holds")
    func strings() {
        let name = "a \"quoted\" \\ \n \u{1} é"
        let text: JSONText = "{\"name\": \(JSONText.string(name)), \"n\": \(7)}"
        #expect(text.isValid)
        #expect(text.text == #"{"name": "a \"quoted\" \\ \n \u0001 é", "n": 7}"#)
    }
}
