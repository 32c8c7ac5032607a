import Bytes
import DialectKit
import Rohrpost
import Rooms
import Testing

private func change(
    _ body: String, _ template: NameTemplate = .model
) throws(ReportProblem) -> ModelChange {
    let octets = Array(body.utf8)
    return try ModelChange(parsing: unsafe octets.span.bytes, template: template)
}

private func message(_ body: String) throws(ReportProblem) -> GroupMessage {
    let octets = Array(body.utf8)
    return try GroupMessage(parsing: unsafe octets.span.bytes)
}

extension [UInt8] {
    fileprivate var text: String { String(decoding: self, as: UTF8.self) }
}

@Suite("Model changes")
struct ModelChangeTests {
    @Test("become a publication that says its change and its object")
    func publication() throws {
        let change = try change(
            #"{"class":"Straße","pk":"7f0c-é","change":"delete","realm":"realm2"}"#)
        #expect(change.room.dottedText == "straße-7f0c-é")
        #expect(change.change == .delete)
        #expect(change.object.text == #"{"id":"7f0c-é"}"#)
        #expect(!change.isSuppressed)
        #expect(change.realm == "realm2")
        let publication = change.publication(in: .standard)
        #expect(publication.value.text == #"{"type":"delete","object":{"id":"7f0c-é"}}"#)
        #expect(publication.dialect == nil)
        #expect(publication.room == change.room)
    }

    @Test("name their group themselves, or by the template, or by class and key")
    func groups() throws {
        let template = NameTemplate(model: "shop.{class}.{pk}.{id}")
        #expect(
            try change(#"{"class":"A","pk":1,"change":"create","group":"g.{pk}"}"#, template)
                .room.dottedText == "g.{pk}")
        #expect(
            try change(#"{"class":"AB","pk":1,"change":"create"}"#, template).room.dottedText
                == "shop.ab.1.{id}")
        #expect(
            try change(#"{"class":"AB","pk":-12345678901234567890,"change":"create"}"#)
                .room.dottedText == "ab--12345678901234567890")
    }

    @Test("show the updated fields inside their object")
    func updatedFields() throws {
        let cases: [(members: String, object: String)] = [
            (#""updated_fields":["a"]"#, #"{"id":1,"updated_fields":["a"]}"#),
            (#""updated_fields":[]"#, #"{"id":1}"#),
            (#""updated_fields":null"#, #"{"id":1}"#),
            (#""object":{},"updated_fields":["a"]"#, #"{"updated_fields":["a"]}"#),
            (#""object":{ },"updated_fields":["a"]"#, #"{ "updated_fields":["a"]}"#),
            (
                #""object":{"b": 1 },"updated_fields":[ "a" ]"#,
                #"{"b": 1 ,"updated_fields":[ "a" ]}"#
            ),
            (#""object":{"updated_fields":1},"updated_fields":["a"]"#, #"{"updated_fields":1}"#),
            (
                #""object":{"updated\u005ffields":1},"updated_fields":["a"]"#,
                #"{"updated\u005ffields":1}"#
            ),
            (#""object":[1],"updated_fields":["a"]"#, "[1]"),
            (#""object":5,"updated_fields":["a"]"#, "5"),
            (#""object":null"#, #"{"id":1}"#), (#""object":"x""#, #""x""#),
        ]
        for (members, object) in cases {
            let change = try change(#"{"class":"A","pk":1,"change":"update",\#(members)}"#)
            #expect(change.object.text == object, "\(members)")
        }
    }

    @Test("are suppressed when asked to be and nothing that changed is shown")
    func suppression() throws {
        let cases: [(change: String, members: String, isSuppressed: Bool)] = [
            ("update", #""updated_fields":["a"]"#, true),
            ("update", #""updated_fields":["a","id"]"#, false),
            ("update", #""updated_fields":["i\u0064"]"#, false),
            ("update", #""object":{"a":1},"updated_fields":["a"]"#, false),
            ("update", #""object":{"\u0061":1},"updated_fields":["a"]"#, false),
            ("update", #""object":{"b":{"a":1}},"updated_fields":["a"]"#, true),
            ("update", #""object":["a"],"updated_fields":["a"]"#, true),
            ("update", #""updated_fields":[]"#, false), ("update", #""object":{}"#, false),
            ("create", #""updated_fields":["a"]"#, false),
            ("delete", #""updated_fields":["a"]"#, false),
        ]
        for (word, members, isSuppressed) in cases {
            let body = #"{"class":"A","pk":1,"change":"\#(word)",\#(members)"#
            #expect(
                try change(body + #","always_send":false}"#).isSuppressed == isSuppressed,
                "\(members)")
            #expect(try !change(body + #","always_send":true}"#).isSuppressed)
            #expect(try !change(body + "}").isSuppressed)
        }
    }

    @Test("that are wrong are told what is wrong")
    func problems() {
        let rest = #""class":"A","pk":1,"change":"update""#
        let long = String(repeating: "x", count: 256)
        let cases: [(String, ReportProblem, String)] = [
            ("", .notJSON(at: 0), "the body is not JSON at octet 0"),
            ("{} x", .notJSON(at: 3), "the body is not JSON at octet 3"),
            ("[]", .notAnObject, "the body must be a JSON object"),
            (
                String(repeating: "[", count: 65), .tooLarge,
                "the body has too many members or levels"
            ),
            ("{}", .missing("class"), "'class' is missing"),
            (#"{"class":null}"#, .missing("class"), "'class' is missing"),
            (#"{"class":"A"}"#, .missing("pk"), "'pk' is missing"),
            (#"{"class":"A","pk":1}"#, .missing("change"), "'change' is missing"),
            (
                #"{"class":""}"#, .wrongKind("class", expected: "a string that is not empty"),
                "'class' must be a string that is not empty"
            ),
            (
                #"{"class":"A","pk":1,"change":"Update"}"#, .unknownChange("Update"),
                "'change' must be create, update or delete, not 'Update'"
            ),
            (
                #"{\#(rest),"updated_field":[]}"#, .unknownMember("updated_field"),
                "unknown member 'updated_field'"
            ),
            (
                #"{\#(rest),"updated_fields":["a",1]}"#,
                .wrongKind("updated_fields", expected: "a list of strings"),
                "'updated_fields' must be a list of strings"
            ),
            (
                #"{\#(rest),"updated_fields":"a"}"#,
                .wrongKind("updated_fields", expected: "a list of strings"),
                "'updated_fields' must be a list of strings"
            ),
            (
                #"{\#(rest),"updated_fields":{"a":"b"}}"#,
                .wrongKind("updated_fields", expected: "a list of strings"),
                "'updated_fields' must be a list of strings"
            ),
            (
                #"{\#(rest),"always_send":1}"#,
                .wrongKind("always_send", expected: "true or false"),
                "'always_send' must be true or false"
            ),
            (
                #"{\#(rest),"group":"\#(long)"}"#, .unnamable(.tooLong(limit: 255)),
                "the group is longer than 255 octets"
            ),
            (
                #"{"class":"\#(long)","pk":1,"change":"update"}"#,
                .unnamable(.tooLong(limit: 255)), "the group is longer than 255 octets"
            ),
            (
                #"{\#(rest),"group":"\#(String(repeating: ".", count: 32))"}"#,
                .unnamable(.tooManySegments(limit: 32)), "the group has more than 32 dotted parts"
            ),
        ]
        for (body, problem, sentence) in cases {
            #expect(throws: problem, "\(body)") { try change(body) }
            #expect(problem.sentence == sentence)
        }
        for key in ["1.5", "true", "[]", #""""#, #""\ud800""#, String(repeating: "1", count: 256)] {
            #expect(
                throws: ReportProblem.wrongKind(
                    "pk", expected: "an integer or a string that is not empty")
            ) { try change(#"{"class":"A","pk":\#(key),"change":"update"}"#) }
        }
        let octets: [UInt8] = [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]
        #expect(throws: ReportProblem.notUTF8) {
            try ModelChange(parsing: unsafe octets.span.bytes)
        }
    }
}

@Suite("Group messages")
struct GroupMessageTests {
    /// What a client of the route gets, and what everybody else reads.
    private func readings(_ body: String) throws -> [String] {
        let message = try message(body)
        let publication = message.publication(in: .standard, dialect: ModelHub.dialectID)
        let hub = ModelHub()
        var own = OctetBuffer()
        let place = hub.dialect.encode(publication, reading: 0, into: &own)
        let size = own.count
        #expect(place == 0..<size)
        return [own.octets.text, publication.value.text]
    }

    @Test("go to the clients word for word, and to others as a value")
    func readings() throws {
        let cases: [(message: String, own: String, value: String)] = [
            (#"{"a": 1.50}"#, #"{"a": 1.50}"#, #"{"a": 1.50}"#),
            (#""{\"a\": 1.50}""#, #"{"a": 1.50}"#, #"{"a": 1.50}"#),
            (#""plain \u00e9\n""#, "plain \u{e9}\n", #""plain \u00e9\n""#),
            (#""\"plain\"""#, #""plain""#, #""plain""#), (#""5""#, "5", "5"),
            (#""{""#, "{", #""{""#),
        ]
        for (text, own, value) in cases {
            #expect(try readings(#"{"group":"a","message":\#(text)}"#) == [own, value])
        }
    }

    @Test("are a notification on another route of the same protocol")
    func otherRoute() throws {
        let message = try message(#"{"group":"a","message":{"n":1},"realm":"realm2"}"#)
        #expect(message.realm == "realm2")
        let publication = message.publication(in: .standard, dialect: DialectID(rawValue: 9))
        var text = OctetBuffer()
        let place = ModelHub().dialect.encode(publication, reading: 0, into: &text)
        #expect(place != nil)
        #expect(
            text.octets.text.hasSuffix(
                #""data":{"group":"a","type":"update","object":{"n":1}}}"#))
    }

    @Test("that are wrong are told what is wrong")
    func problems() {
        let cases: [(String, ReportProblem)] = [
            ("{}", .missing("group")), (#"{"group":"a"}"#, .missing("message")),
            (#"{"group":"a","message":null}"#, .missing("message")),
            (
                #"{"group":"a","message":[]}"#,
                .wrongKind("message", expected: "a string or an object")
            ),
            (
                #"{"group":"a","message":""}"#,
                .wrongKind("message", expected: "a string that is not empty")
            ),
            (
                #"{"group":"a","message":"\ud800"}"#,
                .wrongKind("message", expected: "a string that is not empty")
            ),
            (
                #"{"group":5,"message":{}}"#,
                .wrongKind("group", expected: "a string that is not empty")
            ),
            (#"{"group":"a","message":{},"data":1}"#, .unknownMember("data")),
        ]
        for (body, problem) in cases {
            #expect(throws: problem, "\(body)") { try message(body) }
        }
    }
}
