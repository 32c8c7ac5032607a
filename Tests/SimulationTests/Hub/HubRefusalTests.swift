// What cannot be carried: it is refused with a reason, or skipped and counted, and never bent into
// something else. Each test is a row of the list in `One-Hub.md`.

import Codecs
import DialectKit
import Engine
import HighTemplar
import Hub
import Rooms
import Testing
import WebSocket

@Suite struct HubRefusalTests {
    @Test("names that are no room are refused in every dialect's own words")
    func unusableNames() throws {
        let hub = try HubWorld()
        let (long, many) = (
            String(repeating: "x", count: 256), Array(repeating: "a", count: 33)
        )
        let half = #""a\ud800""#
        let openAPI = hub.join(.openAPI)
        for (channel, problem) in [
            (quoted(long), "longer than 255 octets"),
            (quoted(many.joined(separator: ".")), "more than 32 segments"),
            (half, "Invalid channel"),
        ] {
            openAPI.say(
                "{\"id\":\"1\",\"method\":\"subscribe\",\"payload\":{\"channel\":\(channel)}}")
            #expect(openAPI.heard().first?["error"]?["errors"]?["channel"] == .text(problem))
        }
        let rohrpost = hub.join(.rohrpost)
        let templar = hub.join(.highTemplar)
        for name in [quoted(long), quoted(many.joined(separator: ".")), half] {
            let data = "{\"type\":\"g\",\"id\":\(name)}"
            rohrpost.say("{\"id\":1,\"type\":\"subscribe\",\"data\":\(data)}")
            #expect(rohrpost.heard().first?["error"] == .text("ACCESS_DENIED"))
            _ = templar.heard()
            templar.say("{\"type\":\"subscribe\",\"room\":{\"a\":\(name)},\"requestId\":1}")
            #expect(templar.heard().first?["message"] == .text("room-not-found"))
        }
        for tongue in Tongue.wamp {
            let router = hub.join(tongue)
            for name in [long, many.joined(separator: "."), "a b", "a#", "a..b", "", "a\u{2003}b"] {
                router.say("[32,9,{},\(quoted(name))]")
                let heard = router.heard().first?.items
                #expect(heard?.first == .number("8"), "\(name)")
                #expect(heard?[4] == .text("wamp.error.invalid_uri"), "\(name)")
            }
        }
        // A trigger skips the rooms nobody can be in, and says the data in the others.
        let listener = hub.join(.json)
        #expect(listener.subscribe(uri: "a.b"))
        try hub.trigger([#"{"a":\#(quoted(long))}"#, #"{"a":\#(half)}"#, #"{"a":"b"}"#], "1")
        #expect(listener.heard().count == 1 && hub.triggers.unusableRoomCount == 2)
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("rooms whose name is no text are skipped where the name is told, and counted")
    func namesWithoutText() throws {
        var options = HubOptions()
        let room = try Room(text: "a.%FF%C3")
        options.rooms = [room]
        for event in ["fixed", nil] {
            options.pushEvent = event
            let hub = try HubWorld(options)
            let openAPI = hub.join(.openAPI)
            #expect(openAPI.subscribe(channel: "a", event: "*"))
            let router = hub.join(.json)
            for match in ["prefix", "wildcard"] {
                #expect(router.subscribe(uri: "a.", match: match))
            }
            let shampoo = hub.join(.shampoo, core: 1, hearing: 0)
            hub.publish(room, "1")
            #expect(openAPI.heard().isEmpty && router.heard().isEmpty)
            #expect(shampoo.heard().count == (event == nil ? 0 : 1))
            #expect(hub.droppedCount == (event == nil ? 4 : 3))
            hub.publish(Room(["a", "b"]), "1")
            #expect(openAPI.heard().count == 1 && router.heard().count == 2)
            hub.finish()
            #expect(hub.world.violations == [])
        }
    }

    @Test("the router's own rooms and procedures are nobody else's to use")
    func reserved() throws {
        let hub = try HubWorld()
        let router = hub.join(.json)
        #expect(router.subscribe(uri: "wamp.", match: "prefix"))
        hub.publish(Room(["wamp", "session", "on_join"]), "1")
        #expect(hub.join(.openAPI).publish(Room(["wamp", "session", "on_leave"]), "[]"))
        #expect(!hub.join(.cbor).publish(Room(["wamp", "session", "on_leave"]), "[]"))
        let events = router.heard().filter {
            $0.items?.dropFirst(4).first == .array([.number("1")])
        }
        #expect(events.isEmpty && hub.droppedCount == 2)
        // Whoever takes all procedures is not asked those of the router.
        let callee = hub.join(.json, core: 1)
        #expect(callee.register("", match: "prefix"))
        for tongue in [Tongue.openAPI, .rohrpost] {
            let caller = hub.join(tongue)
            caller.call("wamp.session.count", "{}")
            let failure = Failure(uri: "wamp.error.no_such_procedure", status: 404, message: "")
            #expect(caller.heard() == [failure.heard(by: tongue, "wamp.session.count")])
            #expect(callee.takeInvocation() == nil)
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a method whose name is no URI is not put to a callee of patterns")
    func methodsWithoutURI() throws {
        let hub = try HubWorld()
        let callee = hub.join(.messagePack, core: 1)
        #expect(callee.register("", match: "prefix"))
        for tongue in [Tongue.openAPI, .rohrpost] {
            for method in ["add numbers", "a..b", "#", "add.\u{2003}"] {
                let caller = hub.join(tongue)
                caller.call(method, "{}")
                let failure = Failure(
                    uri: "wamp.error.invalid_uri", status: 400,
                    message: "the callee cannot be told this URI")
                #expect(caller.heard() == [failure.heard(by: tongue, method)], "\(method)")
                #expect(callee.takeInvocation() == nil)
            }
            let caller = hub.join(tongue)
            for method in [String(repeating: "x", count: 256), ""] {
                caller.call(method, "{}")
                let heard = caller.heardTexts()
                #expect(heard.count == 1 && heard[0].contains("error"), "\(heard)")
            }
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a payload too deep for the binary forms is skipped there, and counted")
    func depth() throws {
        var options = HubOptions()
        options.rooms = [Room(["target", "chat"])]
        let hub = try HubWorld(options)
        let listeners = Tongue.allCases.map { hub.join($0, hearing: 0) }
        for listener in listeners { #expect(listener.subscribe(to: options.rooms[0])) }
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        for levels in [60, JSONScanner.depthLimit] {
            let before = hub.droppedCount
            hub.publish(options.rooms[0], nested(levels))
            for listener in listeners {
                let isBinary = listener.tongue == .messagePack || listener.tongue == .cbor
                let count = listener.client.takeArrivals().count
                #expect(count == (isBinary && levels > 60 ? 0 : 1), "\(listener.tongue) \(levels)")
            }
            #expect(hub.droppedCount - before == (levels > 60 ? 2 : 0))
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("what has no word in the other form has the one that the list says")
    func approximations() throws {
        var options = HubOptions()
        options.rooms = [Room(["target", "chat"])]
        let hub = try HubWorld(options)
        let listeners = [Tongue.openAPI, .json, .messagePack, .cbor].map { hub.join($0, core: 1) }
        for listener in listeners { #expect(listener.subscribe(to: options.rooms[0])) }
        let big = "123456789012345678901234567890"
        let cases: [(sent: String, binary: String)] = [
            (#""half \ud800""#, "\"half \u{FFFD}\""), ("-0", "0"), ("1e999", "null"),
        ]
        for (sent, binary) in cases {
            hub.publish(options.rooms[0], sent)
            for listener in listeners {
                let heard = listener.heardTexts()
                let isBinary = listener.tongue == .messagePack || listener.tongue == .cbor
                #expect(heard.count == 1)
                // An infinite number is one in the binary forms; this test reads them as JSON.
                #expect(heard[0].contains(isBinary ? binary : sent), "\(listener.tongue): \(heard)")
            }
        }
        hub.publish(options.rooms[0], big)
        for listener in listeners {
            let digits = listener.tongue == .messagePack ? "1.2345678901234568e+29" : big
            let heard = listener.heardTexts()
            #expect(heard.first?.contains(digits) == true, "\(listener.tongue): \(heard)")
        }
        // CBOR's NaN, infinity and undefined.
        let speaker = hub.join(.cbor)
        let list: [UInt8] = [0x83, 0xF9, 0x7E, 0x00, 0xF9, 0x7C, 0x00, 0xF7]
        let head = wire(#"[16,1,{},"target.chat"]"#, .cbor)
        speaker.client.write(.binary, [0x85] + head.dropFirst() + list)
        hub.exchangeAll()
        for listener in listeners {
            let heard = listener.heardTexts()
            #expect(heard.first?.contains("[null,null,null]") == true, "\(listener.tongue)")
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a dialect that takes no such payload says so to whoever sends it")
    func payloads() throws {
        let calls = HeldCalls()
        var options = HubOptions()
        options.rule = CallRule(arguments: .keywords)
        options.handlers = [calls.registration("com.swift")]
        let hub = try HubWorld(options)
        let openAPI = hub.join(.openAPI)
        for data in ["1", "1.5", "true", "false"] {
            #expect(!openAPI.publish(Room(["a", "b"]), data))
        }
        #expect(openAPI.publish(Room(["a", "b"]), "null"))
        let rohrpost = hub.join(.rohrpost)
        for data in ["1", "[]", #""x""#, "true"] {
            rohrpost.call("com.swift", data)
            #expect(rohrpost.heard().first?["error"] == .text("Expected a JSON object as data."))
        }
        rohrpost.call("com.swift", "null")
        #expect(calls.take()?.call.arguments.said.arguments == [.array([]), .object([])])
        hub.finish()
        #expect(hub.world.violations == [])
    }
}
