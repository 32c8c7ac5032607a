// Calls that a back end answers: the question, the answers it may give, and those it may not.

import Bytes
import Codecs
import DialectKit
import Hub
import Rooms
import Testing

@testable import Proxy

@Suite struct BackEndProcedureTests {
    private let procedure = BackEndProcedure(ProxyTarget(TableBackEnd(), "/rpc"))
    private let room = try! Room(text: "com.shop.total")

    private func report(_ status: Int, _ body: String = "") -> CallReport {
        procedure.outcome(of: .success(BackEndAnswer(status, body)))
    }

    private func failure(_ report: CallReport) -> ProcedureError? {
        if case .failure(let error) = report.outcome { error } else { nil }
    }

    private func result(_ report: CallReport) -> Arguments? {
        if case .result(let arguments) = report.outcome { arguments } else { nil }
    }

    private func arguments(_ list: String?, _ map: String?) -> Arguments {
        let (list, map) = (list.map { Array($0.utf8) }, map.map { Array($0.utf8) })
        guard let list else { return Arguments() }
        let octets = list + (map ?? [])
        return Arguments(
            octets: octets, serialization: .json, arguments: Extent(0..<list.count),
            keywords: map == nil ? .absent : Extent(list.count..<octets.count))
    }

    @Test("a question has the procedure, all arguments as they were sent, and the context")
    func question() throws {
        let call = CallArguments(
            arguments("[1.50, 1e400]", #"{"b":1,"a":2}"#), context: Array(#"{"who":"me"}"#.utf8))
        let request = try procedure.question(call, procedure: room)
        #expect(request.method == "POST")
        #expect(request.target == "/rpc")
        #expect(request.headers.contains { $0.name == "Content-Type" })
        #expect(!request.isShared)
        #expect(
            String(request.body)
                == #"{"procedure":"com.shop.total","args":[1.50, 1e400],"kwargs":{"b":1,"a":2},"context":{"who":"me"}}"#
        )
        let bare = try procedure.question(CallArguments(Arguments()), procedure: room)
        #expect(
            String(bare.body)
                == #"{"procedure":"com.shop.total","args":[],"kwargs":{},"context":{}}"#)
    }

    @Test("a payload that only its receiver can read is not sent")
    func passthru() {
        var passthru = Passthru()
        passthru.scheme = Extent(0..<1)
        let call = CallArguments(
            Arguments(
                octets: Array("[1]".utf8), serialization: .json, arguments: Extent(0..<3),
                passthru: passthru))
        do throws(ProcedureError) {
            _ = try procedure.question(call, procedure: room)
            Issue.record("it was sent")
        } catch {
            #expect(error.status == 501)
        }
    }

    @Test("arguments survive the way out and back, octet by octet, from every serialization")
    func survival() throws {
        let values = [
            "0", "-0.0", "12345678901234567890123", #""a\u0000\u00e9\"""#, "[]", "{}",
            #"{"a":{"b":[null,true,false]}}"#, #""é😀""#, "[[[1]]]",
        ]
        for first in values {
            for second in values {
                let list = "[\(first),\(second)]"
                let map = #"{"x":\#(second),"y":\#(first)}"#
                let source = arguments(list, map)
                let request = try procedure.question(CallArguments(source), procedure: room)
                // A back end that answers with what it was asked.
                let text = String(request.body)
                let start = text.firstRange(of: #""args":"#)!.lowerBound
                let end = text.firstRange(of: #","context""#)!.lowerBound
                let report = report(200, "{" + text[start..<end] + "}")
                let answer = try #require(result(report), "\(list) \(map)")
                #expect(String(answer.listText) == list)
                #expect(String(answer.keywordText) == map)
            }
        }
        for serialization in [Serialization.messagePack, .cbor] {
            var octets = OctetBuffer()
            let json = Array(#"[1,{"a":[2.5,"é"]}]"#.utf8)
            try transcode(unsafe json.span.bytes, from: .json, to: serialization, into: &octets)
            let size = octets.count
            let source = Arguments(
                octets: octets.octets.array, serialization: serialization,
                arguments: Extent(0..<size))
            let request = try procedure.question(CallArguments(source), procedure: room)
            #expect(String(request.body).contains(#""args":[1,{"a":[2.5,"é"]}]"#))
        }
    }

    @Test("every way to give a result is read as the result it is")
    func results() throws {
        for (body, list, map) in [
            ("", "", ""), ("{}", "", ""), (#"{"result":null}"#, "[null]", ""),
            (#"{"result":{"a":1.0}}"#, #"[{"a":1.0}]"#, ""),
            (#" { "result" : [ 1 ] , "push":[] }"#, "[[ 1 ]]", ""),
            (#"{"args":[1,2]}"#, "[1,2]", ""),
            (#"{"args":[1],"kwargs":{"b":2}}"#, "[1]", #"{"b":2}"#),
            (#"{"kwargs":{"b":2}}"#, "[]", #"{"b":2}"#),
            (#"{"result":null,"args":[1],"kwargs":null}"#, "[1]", ""),
            (#"{"result":1,"args":null,"kwargs":null,"push":null,"publish":null}"#, "[1]", ""),
            (#"{"result":1,"result":2}"#, "[2]", ""),
            (#"{"\u0072esult":3}"#, "[3]", ""),
        ] {
            let arguments = try #require(result(report(200, body)), "\(body)")
            #expect(String(arguments.listText) == list, "\(body)")
            #expect(String(arguments.keywordText) == map, "\(body)")
        }
        #expect(result(report(204)).map { String($0.value()) } == "null")
        #expect(result(report(201, #"{"result":1}"#)) != nil)
    }

    @Test("pushes and publications come with the result, in their order")
    func effects() throws {
        let found = report(
            200,
            #"{"push":[{"event":"a","data":1},{"data":{"x":2},"event":"b"}],"result":0,"publish":[{"room":"com.x%2Ey","data":"t"}]}"#
        )
        #expect(found.pushes.map(\.event) == ["a", "b"])
        #expect(found.pushes.map { String($0.data) } == ["1", #"{"x":2}"#])
        #expect(found.publications.map(\.room.text) == ["com.x%2Ey"])
        #expect(found.publications[0].room.segmentCount == 2)
        #expect(String(found.publications[0].data) == #""t""#)
        #expect(result(found).map { String($0.listText) } == "[0]")
    }

    @Test("what is no answer is the back end's fault, and nothing of it takes effect")
    func wrongShapes() {
        let room = #"{"room":"a","data":1}"#
        for body in [
            "hello", "[]", "1", #"{"result":1"#, #"{"result":01}"#, #"{"total":7}"#,
            #"{"result":1,"args":[]}"#, #"{"result":1,"kwargs":{}}"#, #"{"args":{}}"#,
            #"{"kwargs":[]}"#, #"{"args":"x"}"#, #"{"push":{}}"#, #"{"push":[1]}"#,
            #"{"push":[{"event":"a"}]}"#, #"{"push":[{"data":1}]}"#,
            #"{"push":[{"event":1,"data":1}]}"#, #"{"push":[{"event":"a","data":1,"x":1}]}"#,
            #"{"publish":[{"room":"","data":1}]}"#, #"{"publish":[{"room":"%zz","data":1}]}"#,
            #"{"publish":[{"room":"\#(String(repeating: "a", count: 256))","data":1}]}"#,
            #"{"publish":[\#(Array(repeating: room, count: 65).joined(separator: ","))]}"#,
            #"{"publish":[\#(room)],"result":}"#, #"{"push":[{"event":"\ud800","data":1}]}"#,
            "\u{0}", String(repeating: "[", count: 100),
        ] {
            let found = report(200, body)
            #expect(failure(found)?.uri == "carillon.error.bad_gateway", "\(body)")
            #expect(found.pushes.isEmpty && found.publications.isEmpty, "\(body)")
        }
        let octets = Array(#"{"result":""#.utf8) + [0xFF, 0x22, 0x7D]
        let notText = BackEndAnswer(status: 200, body: octets)
        #expect(failure(procedure.outcome(of: .success(notText)))?.status == 502)
        for status in [100, 199, 300, 302, 399] {
            #expect(failure(report(status, #"{"result":1}"#))?.status == 502, "\(status)")
        }
    }

    @Test(
        "answers with changed, lost and doubled octets are a report or a fault, whole or not at all"
    )
    func noise() {
        let bodies = [
            #"{"args":[1,"\u00e9"],"kwargs":{"a":[{}]},"push":[{"event":"a","data":1}]}"#,
            #"{"result":{"a":1e5},"publish":[{"room":"a.%2E","data":null}]}"#,
            #"{"error":{"message":"no","uri":"a.b","kwargs":{"x":true}}}"#,
            #"{"subscribe":["a",{"match":"wildcard","room":"a..b"}],"context":{"a":"\\"}}"#,
        ].map { Array($0.utf8) }
        var random = SplitMix64(seed: 11)
        let settings = BackEndGateSettings(dialect: "d")
        for round in 0..<20_000 {
            var body = bodies[round % bodies.count]
            for _ in 0...random.next() % 3 where body.count > 1 {
                let place = Int(random.next() % UInt64(body.count))
                switch random.next() % 4 {
                case 0: body[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: body.remove(at: place)
                case 2: body.insert(body[place], at: place)
                default: body = Array(body.prefix(max(1, place)))
                }
            }
            let answer = BackEndAnswer(status: round % 3 == 0 ? 422 : 200, body: body)
            let found = procedure.outcome(of: .success(answer))
            if case .failure = found.outcome {
                #expect(found.pushes.isEmpty && found.publications.isEmpty)
            }
            if case .refused(let refusal) = BackEndGate.verdict(.success(answer), settings) {
                #expect(refusal.status == (answer.status == 422 ? 422 : 502))
            }
        }
    }

    @Test("errors have the URI of their status, or their own, with message and keywords")
    func errors() throws {
        for (status, body, uri, message, details) in [
            (400, "", "wamp.error.invalid_argument", "the back end answered with status 400", "{}"),
            (403, "no", "wamp.error.not_authorized", "the back end answered with status 403", "{}"),
            (409, #"{"error":{"message":"taken"}}"#, "carillon.error.conflict", "taken", "{}"),
            (418, #"{"error":"tea"}"#, "carillon.error.status_418", "tea", "{}"),
            (
                422, #"{"error":{"message":"bad","uri":"com.shop.bad","kwargs":{"field":"a"}}}"#,
                "com.shop.bad", "bad", #"{"field":"a"}"#
            ),
            (
                422, #"{"error":{"message":"bad","uri":"com..bad","kwargs":[1]}}"#,
                "carillon.error.status_422", "bad", "{}"
            ),
            (
                500, #"{"error":{"message":"x","uri":"a b"}}"#, "wamp.error.runtime_error", "x",
                "{}"
            ),
            (
                404, #"{"detail":"x"}"#, "wamp.error.no_such_procedure",
                "the back end answered with status 404", "{}"
            ),
            (
                500, #"{"error":{"message":7}}"#, "wamp.error.runtime_error",
                "the back end answered with status 500", "{}"
            ),
        ] {
            let error = try #require(failure(report(status, body)), "\(status) \(body)")
            #expect(error.uri == uri, "\(status) \(body)")
            #expect(error.message == message, "\(status) \(body)")
            #expect(String(error.details) == details, "\(status) \(body)")
        }
    }

    @Test("no answer is 502, 503 or 504, and a call taken back is canceled")
    func failures() throws {
        for (cause, status) in [
            (BackEndFailure.timedOut, 504), (.unreachable("secret"), 502), (.overloaded, 503),
            (.circuitOpen, 503), (.tooLarge(limit: 9), 502), (.stopped, 503), (.canceled, 499),
        ] {
            let error = try #require(failure(procedure.outcome(of: .failure(cause))))
            #expect(error.status == status, "\(cause)")
            #expect(!error.message.contains("secret"))
        }
    }
}
