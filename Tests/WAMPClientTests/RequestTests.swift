import Codecs
import Glibc
import Hub
import Testing
import WAMP

@testable import WAMPClient

extension PublishOptions {
    fileprivate static var acknowledged: PublishOptions {
        var options = PublishOptions()
        options.acknowledge = true
        return options
    }
}

@Suite struct RequestTests {
    @Test("requests wait for their answer, and what comes in between is kept in order")
    func kept() throws {
        for (serialization, isWebSocket) in everyTransport {
            let router = ScriptedRouter(serialization, isWebSocket: isWebSocket)
            router.welcome()
            let client = try router.join()
            router.say(
                "[33,1,500]", #"[36,500,9,{"topic":"a.b"},[1,"x"],{"k":2.5}]"#, "[36,500,10,{}]",
                "[17,2,11]", "[35,3]")
            #expect(try client.subscribe("a.", match: .prefix, getRetained: true) == 500)
            let one = try Arguments(positional: ["1"])
            #expect(try client.publish("a.b", one, .acknowledged) == 11)
            try client.unsubscribe(500)
            guard case .event(let first) = try client.next(),
                case .event(let second) = try client.next(),
                case .timedOut = try client.next(until: .now)
            else {
                Issue.record("other things happened")
                return
            }
            #expect(first.topic == "a.b" && first.subscription == 500 && first.publication == 9)
            #expect(first.arguments.positional == ["1", "\"x\""])
            #expect(first.arguments.keywords.map(\.key) == ["k"])
            #expect(first.arguments.mapJSON == #"{"k":2.5}"#)
            #expect(second.arguments.isEmpty && second.topic == nil && second.details.json == "{}")
            #expect(
                try router.heard().dropFirst() == [
                    #"[32,1,{"match":"prefix","get_retained":true},"a."]"#,
                    #"[16,2,{"acknowledge":true},"a.b",[1]]"#, "[34,3,500]",
                ])
        }
    }

    @Test("a call gets its progressive results, its result, and nobody else's")
    func call() throws {
        let router = ScriptedRouter(.messagePack)
        router.welcome()
        let client = try router.join()
        router.say(
            "[50,99,{},[0]]", #"[50,1,{"progress":true},[1]]"#, #"[50,1,{"progress":true},[2]]"#,
            #"[50,1,{},[3],{"end":true}]"#)
        var seen: [String] = []
        var options = ClientCallOptions()
        options.receiveProgress = true
        let answer = try client.call("p", Arguments(positional: []), options) {
            seen.append($0.arguments.listJSON)
        }
        #expect(seen == ["[1]", "[2]"])
        #expect(answer.arguments.listJSON == "[3]")
        #expect(answer.arguments.mapJSON == #"{"end":true}"#)
        #expect(try router.heard().dropFirst() == [#"[48,1,{"receive_progress":true},"p"]"#])
    }

    @Test("an ERROR is thrown with its URI and arguments, whatever was asked for")
    func refused() throws {
        let router = ScriptedRouter()
        router.welcome()
        let client = try router.join()
        router.say(
            #"[8,48,1,{},"com.x",["why"],{"a":1}]"#, #"[8,32,2,{},"wamp.error.not_authorized"]"#,
            #"[8,16,3,{},"wamp.error.invalid_uri"]"#,
            #"[8,64,4,{},"wamp.error.procedure_already_exists"]"#,
            #"[8,34,5,{},"wamp.error.no_such_subscription"]"#,
            #"[8,66,6,{},"wamp.error.no_such_registration"]"#)
        let requests: [() throws -> Void] = [
            { _ = try client.call("p") },
            { _ = try client.subscribe("t") },
            { try client.publish("t", Arguments(), .acknowledged) },
            { _ = try client.register("p") },
            { try client.unsubscribe(1) },
            { try client.unregister(1) },
        ]
        let uris = [
            "com.x", "wamp.error.not_authorized", "wamp.error.invalid_uri",
            "wamp.error.procedure_already_exists", "wamp.error.no_such_subscription",
            "wamp.error.no_such_registration",
        ]
        for (request, uri) in zip(requests, uris) {
            let error = failure(request)
            guard case .refused(let refusal) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(refusal.uri == uri)
            #expect(error?.isAboutIdentity == (uri == "wamp.error.not_authorized"))
            #expect(error?.endsSession == false)
            if uri == "com.x" {
                #expect(refusal.arguments.positional == ["\"why\""])
                #expect(refusal.request == .call)
            }
        }
    }

    @Test("a call that takes too long is canceled, and its late answer is nobody's")
    func timeout() throws {
        let router = ScriptedRouter()
        router.welcome()
        var options = router.options
        options.answerTime = .zero
        let client = try router.join(options)
        let error = failure { _ = try client.call("p") }
        guard case .timedOut = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        router.say("[50,1,{},[1]]", #"[8,48,1,{},"wamp.error.canceled"]"#)
        #expect(try "\(client.next(until: .now))" == "timedOut")
        #expect(try router.heard().last == #"[49,1,{"mode":"killnowait"}]"#)
    }

    @Test("a callee gets invocations and interrupts, and answers with results and errors")
    func callee() throws {
        let router = ScriptedRouter(.cbor)
        router.welcome()
        let client = try router.join()
        router.say(
            "[65,1,5]", #"[68,1,5,{"receive_progress":true,"procedure":"a.b"},[1],{"k":null}]"#,
            #"[69,1,{"mode":"kill"}]"#, #"[67,0,{"registration":5,"reason":"r"}]"#,
            #"[35,0,{"subscription":6}]"#)
        var options = ClientRegisterOptions()
        options.match = .prefix
        options.discloseCaller = true
        let registration = try client.register("a.", options)
        #expect(registration == 5)
        guard case .invocation(let invocation) = try client.next() else {
            Issue.record("no invocation")
            return
        }
        #expect(invocation.id == 1 && invocation.registration == 5)
        #expect(invocation.receivesProgress && invocation.procedure == "a.b")
        #expect(invocation.arguments.mapJSON == #"{"k":null}"#)
        try client.yield(1, Arguments(positional: ["0.5"]), isProgress: true)
        try client.yield(1, Arguments(list: nil, map: #" { "a" : 1 } "#))
        try client.fail(1, uri: "com.no", Arguments(positional: [], keywords: [("ü\"", "[]")]))
        guard case .interrupt(1, .kill) = try client.next(),
            case .revokedRegistration(5, "r") = try client.next(),
            case .revokedSubscription(6, nil) = try client.next()
        else {
            Issue.record("other things happened")
            return
        }
        #expect(
            try router.heard().dropFirst() == [
                #"[64,1,{"match":"prefix","disclose_caller":true},"a."]"#,
                #"[70,1,{"progress":true},[0.5]]"#, #"[70,1,{},[],{"a":1}]"#,
                #"[8,68,1,{},"com.no",[],{"ü\"":[]}]"#,
            ])
    }

    @Test("a call that was begun is told of by the loop, and killed it is still answered")
    func begun() throws {
        let router = ScriptedRouter()
        router.welcome()
        let client = try router.join()
        let first = try client.beginCall("a")
        let second = try client.beginCall("b")
        try client.cancel(first, .kill)
        try client.cancel(second, .skip)
        try client.cancel(second)
        router.say(
            #"[8,48,1,{},"wamp.error.canceled"]"#, #"[8,48,2,{},"wamp.error.canceled"]"#)
        guard case .failure(1, let refusal) = try client.next(),
            case .timedOut = try client.next(until: .now)
        else {
            Issue.record("other things happened")
            return
        }
        #expect(refusal.uri == "wamp.error.canceled")
        #expect(
            try router.heard().dropFirst(3) == [
                #"[49,1,{"mode":"kill"}]"#, #"[49,2,{"mode":"skip"}]"#,
            ])
    }

    @Test("the loop tells of other descriptors, but first of what the router said")
    func watched() throws {
        let router = ScriptedRouter()
        router.welcome()
        let client = try router.join()
        var ends: [CInt] = [0, 0]
        _ = unsafe pipe(&ends)
        defer { for end in ends { close(end) } }
        _ = unsafe write(ends[1], "x", 1)
        router.say("[36,1,2,{}]")
        guard case .event = try client.next(watching: [ends[0]]),
            case .readable(ends[0]) = try client.next(watching: [ends[0]])
        else {
            Issue.record("other things happened")
            return
        }
    }

    @Test("a message that the router does not take is not sent")
    func oversized() throws {
        let router = ScriptedRouter()
        router.sayInstead("\u{7F}\u{11}\0\0")  // 1024 octets, enough for a HELLO
        router.welcome()
        let client = try router.join()
        let text = "\"" + String(repeating: "x", count: 1100) + "\""
        let arguments = try Arguments(positional: [text])
        let error = failure { try client.publish("t", arguments) }
        guard case .oversized(limit: 1024) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try client.publish("t")
        #expect(try router.heard().last == #"[16,2,{},"t"]"#)
    }

    @Test("messages may be cut anywhere")
    func cuts() throws {
        for (serialization, isWebSocket) in everyTransport {
            let router = ScriptedRouter(serialization, isWebSocket: isWebSocket)
            router.welcome()
            let client = try router.join()
            for octet in router.octets(of: #"[36,1,2,{},["x"]]"#) {
                #expect(try "\(client.next(until: .now))" == "timedOut")
                router.say(octets: [octet])
            }
            guard case .event(let event) = try client.next(until: .now) else {
                Issue.record("no event in \(serialization)")
                continue
            }
            #expect(event.arguments.listJSON == #"["x"]"#)
        }
    }

    @Test("a router that takes nothing ends the session, and what it said before is still there")
    func fullSocket() throws {
        let router = ScriptedRouter(isWebSocket: true)
        router.welcome()
        var options = router.options
        options.answerTime = .zero
        let client = try router.join(options)
        router.say("[36,1,2,{}]")
        let arguments = try Arguments(
            positional: ["\"" + String(repeating: "x", count: 1 << 16) + "\""])
        let error = failure { while true { try client.publish("t", arguments) } }
        guard case .timedOut(.room) = error, case .event = try client.next(until: .now) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.endsSession == true)
    }

    @Test("a message beyond the limit is not taken")
    func incomingOversized() throws {
        for isWebSocket in [false, true] {
            let router = ScriptedRouter(isWebSocket: isWebSocket)
            router.welcome()
            var options = router.options
            options.messageLimit = 1024
            let client = try router.join(options)
            router.say("[36,1,2,{},[\"" + String(repeating: "x", count: 2000) + "\"]]")
            let error = failure { _ = try client.next() }
            guard case .incomingOversized(limit: 1024) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(error?.endsSession == true)
        }
    }

    @Test("arguments are JSON or nothing")
    func arguments() {
        for text in ["", "x", "1 2", "{", "\"a", "[1,]", "nul"] {
            #expect(throws: CodecError.self) { try Arguments(positional: [text]) }
            #expect(throws: CodecError.self) { try Arguments(list: text, map: nil) }
            #expect(throws: CodecError.self) { try Arguments(list: nil, map: text) }
        }
        #expect(throws: CodecError.self) { try Arguments(list: "{}", map: nil) }
        #expect(throws: CodecError.self) { try Arguments(list: nil, map: "[]") }
        #expect((try? Arguments(list: nil, map: nil))?.isEmpty == true)
    }
}
