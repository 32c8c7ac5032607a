import Bytes
import DialectKit
import Rooms
import Testing

@testable import HighTemplar

@Suite("high-templar triggers")
struct TriggerTests {
    private func trigger(_ text: String) throws(TriggerError) -> Trigger {
        let octets = Array(text.utf8)
        return try Trigger(parsing: unsafe octets.span.bytes)
    }

    @Test("are checked in the order of the specification")
    func errors() {
        for (text, error) in [
            ("", TriggerError.notAnObject), ("[]", .notAnObject), (#"{"rooms":[]"#, .notAnObject),
            ("{}", .roomsMissing), (#"{"data":1}"#, .roomsMissing), (#"{"rooms":1}"#, .dataMissing),
            (#"{"rooms":1,"data":1}"#, .roomsAreNoList),
            (#"{"rooms":{},"data":1}"#, .roomsAreNoList),
            (#"{"rooms":[{},1],"data":1}"#, .roomIsNoObject),
        ] {
            #expect(throws: error, "\(text)") { try trigger(text) }
        }
        #expect(throws: TriggerError.notAnObject) {
            let octets = Array(#"{"rooms":[],"data":""#.utf8) + [0xC3, 0x22, 0x7D]
            _ = try Trigger(parsing: unsafe octets.span.bytes)
        }
    }

    @Test("are refused when cut anywhere")
    func truncation() {
        let text = #"{"rooms":[{"a":1,"b":"*"}],"data":{"x":[1]}}"#
        for size in 0..<text.utf8.count {
            #expect(throws: TriggerError.self) { try trigger(String(text.prefix(size))) }
        }
    }

    @Test("publish to each room in the order listed, with the octets of the data")
    func publications() throws {
        let trigger = try trigger(
            #"{"data": {"n": 1.50} ,"rooms":[{"b":"*","a":1},{"a":"x"},{"a":"x"}],"more":1}"#)
        #expect(trigger.data == Array(#"{"n": 1.50}"#.utf8))
        let covering = trigger.publications(in: .standard, match: .covering)
        #expect(covering.map(\.room.text) == ["a%26b.%3A1.%2A", "a.x", "a.x"])
        let expected: [[UInt8]?] = [Array("a&b".utf8), Array(":1".utf8), nil]
        #expect(covering[0].coverage == expected)
        #expect(covering[1].coverage == nil)
        #expect(covering.allSatisfy { $0.value == trigger.data && $0.dialect == nil })
        let exact = trigger.publications(in: .standard, match: .exact)
        #expect(exact.map(\.room) == covering.map(\.room))
        #expect(exact.allSatisfy { $0.coverage == nil })
    }

    @Test("write their payload once for all rooms")
    func sharedForms() throws {
        for rooms in [#"{"a":1},{"a":2}"#, #"{"a":1},{"a":"*"}"#, #"{"a":"*"},{"a":1}"#] {
            let publications = try trigger(#"{"data":1,"rooms":[\#(rooms)]}"#)
                .publications(in: .standard, match: .covering)
            let form = PublicationForm(.message(9), windowBits: 12, octets: [1])
            #expect(publications[1].keep(form, ignoringRoom: true) === form)
            for bits in [11, 12, 15] {
                let found = publications[0].form(
                    ofMessage: 9, windowBits: bits, ignoringRoom: true)
                #expect(found === (bits < 12 ? nil : form), "\(rooms)")
            }
        }
    }

    @Test("skip rooms that nobody can be in, and count them")
    func unusable() throws {
        let long = String(repeating: "x", count: 300)
        let intake = TriggerIntake(realm: .standard)
        let body = Array(
            #"{"data":1,"rooms":[{"a":"\#(long)"},{"a":1},{"a":"\ud800"}]}"#.utf8)
        let publications = try intake.take(unsafe body.span.bytes)
        #expect(publications.map(\.room.text) == ["a.%3A1"])
        #expect(intake.unusableRoomCount == 2)
        #expect(throws: TriggerError.self) { try intake.take(RawSpan()) }
        #expect(intake.receivedCount == 2)
        #expect(intake.droppedCount == 1)
    }

    @Test("go to the realm of their intake, with its reading of stars")
    func intake() throws {
        let realm = Realm(rawValue: 3)
        let body = Array(#"{"data":1,"rooms":[{"a":"*"}]}"#.utf8)
        for match in [PublishMatch.covering, .exact] {
            let publications = try TriggerIntake(realm: realm, match: match)
                .take(unsafe body.span.bytes)
            #expect(publications.map(\.realm) == [realm])
            #expect((publications[0].coverage != nil) == (match == .covering))
        }
    }
}
