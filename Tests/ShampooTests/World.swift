// World — the endpoints, the back end and the procedures that the transcripts speak of
// (Tests/Transcripts/shampoo/README.md).

import Bytes
import Codecs
import DialectKit
import DialectTesting
import Hub
import Rooms
import Shampoo

struct World {
    let hub: ModelHub
    let backEnd: ModelBackEnd

    init(_ settings: ShampooSettings = ShampooSettings()) throws {
        backEnd = ModelBackEnd { request in
            request.target == "/end" ? .success(BackEndAnswer(204)) : Self.judge(request)
        }
        let names = [
            "add_number", "fail", "refuse", "notify", "notify_text", "created", "low", "wordless",
            "list", "text", "nothing", "keywords", "both", "broken", "raise", "complain",
            "strange", "late", "gone",
        ]
        let number = try ShampooEndpoint(
            name: "number", path: #"/number/(?P<number>\d+)/?"#,
            methods: Self.methods(names), rooms: ["number.{number}"], pushKey: "message",
            connect: ShampooHook(backEnd, target: "/begin"),
            disconnect: ShampooHook(backEnd, target: "/end"))
        let chat = try ShampooEndpoint(
            name: "chat", path: #"^/chat/(?P<room>[^/]+)(?:/(?P<topic>\w+))?$"#,
            methods: [
                "told": ShampooMethod(
                    CallRule(procedure: "shampoo.{method}", arguments: .keywords)),
                "first": ShampooMethod(CallRule(procedure: "shampoo.first", result: .first)),
            ],
            rooms: ["chat.{room}", "topic.{topic}"], pushEvent: "chatter", passesGroups: true)
        let access = Access(rules: [
            Permissions.Rule(.exact(try Room(text: "guarded.open")), allows: [.subscribe]),
            Permissions.Rule(.prefix(Array("shampoo.ad".utf8)), allows: [.call]),
        ])
        let guarded = try ShampooEndpoint(
            name: "guarded", path: #"^/guarded/(?P<level>\w+)$"#,
            methods: Self.methods(["add_number", "fail"]), rooms: ["guarded.{level}"],
            access: access)
        hub = ModelHub(
            settings, endpoints: [number, chat, guarded], procedures: Self.procedures)
    }

    private static func methods(_ names: [String]) -> [String: ShampooMethod] {
        Dictionary(
            uniqueKeysWithValues: names.map { ($0, ShampooMethod(procedure: "shampoo.\($0)")) })
    }

    /// What the back end says about a number.
    private static func judge(_ request: BackEndRequest) -> ModelBackEnd.Answer {
        let body = String(decoding: request.body, as: UTF8.self)
        func isAbout(_ number: Int) -> Bool { body.contains(#""groups":{"number":"\#(number)"}"#) }
        switch (0...18).first(where: isAbout) {
        case .some(0...9): return .success(BackEndAnswer(200, "{}"))
        case 12: return .success(BackEndAnswer(403))
        case 13: return .success(BackEndAnswer(400, #"{"reason":"a\r\nSet-Cookie: b"}"#))
        case 14: return .success(BackEndAnswer(500, "<p>Traceback", type: "text/html"))
        case 15: return .success(BackEndAnswer(302))
        case 16: return .success(BackEndAnswer(418, #"{"reason":7}"#))
        case 17: return .failure(.unreachable("nobody is there"))
        case 18: return .failure(.timedOut)
        default: return .success(BackEndAnswer(404, #"{"reason":"Number not available"}"#))
        }
    }

    // MARK: Procedures

    private static var procedures: [String: Procedure] {
        [
            "shampoo.add_number": { request, _ in add(request) },
            "shampoo.fail": { _, _ in
                .result(triple(#"{"why":"x"}"#, #"{"status":403,"message":"Forbidden"}"#))
            },
            "shampoo.refuse": { _, _ in
                .failure(
                    ProcedureError(
                        uri: "carillon.error.conflict",
                        arguments: Arguments(
                            message: "Taken", keywords: Array(#"{"by":"me"}"#.utf8))))
            },
            "shampoo.notify": { request, push in
                push("evt", String(decoding: request.arguments.value(), as: UTF8.self))
                return value("{}")
            },
            "shampoo.notify_text": { _, push in
                push("evt", #""text""#)
                push("evt", "1.50")
                push("evt", "{1}")
                return value("{}")
            },
            "shampoo.created": { _, _ in
                .result(triple(#"{"id":1}"#, #"{"status":201,"message":"created"}"#))
            },
            "shampoo.low": { _, _ in .result(triple("{}", #"{"status":99,"message":"low"}"#)) },
            "shampoo.wordless": { _, _ in .result(triple("{}", #"{"status":200,"message":5}"#)) },
            "shampoo.list": { _, _ in value("[1,2]") },
            "shampoo.text": { _, _ in value(#""text""#) },
            "shampoo.nothing": { _, _ in .result(Arguments()) },
            "shampoo.keywords": { _, _ in .result(Arguments(keywords: Array(#"{"a":1}"#.utf8))) },
            "shampoo.both": { _, _ in .result(triple(#"{"a":1}"#, #"{"b":2}"#)) },
            "shampoo.broken": { _, _ in value("{1}") },
            "shampoo.raise": { _, _ in
                .failure(ProcedureError(uri: "wamp.error.runtime_error"))
            },
            "shampoo.complain": { _, _ in
                .failure(
                    ProcedureError(uri: "wamp.error.runtime_error", message: "No such thing"))
            },
            "shampoo.strange": { _, _ in .failure(ProcedureError(uri: "com.example.odd")) },
            "shampoo.late": { request, _ in
                .failure(ProcedureError(.timedOut(after: request.timeLimit), nil))
            },
            "shampoo.gone": { request, _ in
                .failure(ProcedureError(.noSuchProcedure(request.procedure), nil))
            },
            "shampoo.told": { request, _ in .result(request.arguments) },
            "shampoo.first": { _, _ in value(#"{"a":1},2"#) },
        ]
    }

    private static func value(_ json: String) -> CallOutcome {
        .result(Arguments(value: Array(json.utf8)))
    }

    private static func triple(_ object: String, _ keywords: String) -> Arguments {
        let list = Array("[\(object)]".utf8)
        let octets = list + Array(keywords.utf8)
        return Arguments(
            octets: octets, serialization: .json, arguments: Extent(0..<list.count),
            keywords: Extent(list.count..<octets.count))
    }

    /// The path's number comes with the context, the other one with the request.
    private static func add(_ request: CallRequest) -> CallOutcome {
        guard case .object(let object)? = try? JSONTree(request.arguments.value()),
            case .number(let text)? = object["number"], let number = Int(text),
            case .object(let context)? = try? JSONTree(request.context),
            case .object(let groups)? = context["groups"],
            case .string(let other)? = groups["number"], let other = Int(other)
        else {
            return .failure(ProcedureError(uri: ProcedureError.crashedURI))
        }
        return value(#"{"number":\#(number + other)}"#)
    }
}
