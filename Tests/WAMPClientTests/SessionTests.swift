import Codecs
import Glibc
import Testing
import WAMP
import WebSocket

@testable import WAMPClient

@Suite struct SessionTests {
    @Test("a session opens and ends over every transport and serialization, and answers pings")
    func lifetime() throws {
        for (serialization, isWebSocket) in everyTransport {
            let router = ScriptedRouter(serialization, isWebSocket: isWebSocket)
            router.welcome()
            let client = try router.join()
            #expect(client.session.id == 77)
            #expect(client.session.authRole == "user")
            #expect(client.session.realm == "realm1")
            router.sayPing()
            #expect(try "\(client.next(until: .now))" == "timedOut")
            router.say(#"[6,{},"wamp.close.goodbye_and_out"]"#)
            router.hangUp()
            client.goodbye()
            let heard = try router.heard()
            #expect(heard.first?.hasPrefix(#"[1,"realm1",{"roles":{"publisher""#) == true)
            #expect(heard.dropFirst().first == "pong")
            #expect(heard.dropFirst(2).first == #"[6,{},"wamp.close.close_realm"]"#)
            #expect(heard.dropFirst(3) == (isWebSocket ? ["close 1000"] : []))
        }
    }

    @Test("a challenge is answered by the credential, whose words come from the router's")
    func challenge() throws {
        let router = ScriptedRouter(.cbor)
        router.say(#"[4,"wampcra",{"challenge":"c","iterations":100,"x":null,"y":[1]}]"#)
        router.welcome()
        var options = router.options
        options.authMethods = ["wampcra"]
        options.authID = "peter"
        options.authExtra = [("nonce", .text("n"))]
        var seen: [String: ExtraValue] = [:]
        _ = try router.join(options) { challenge in
            seen = challenge.extra
            return ChallengeAnswer(signature: challenge.method + "!", extra: [("a", .null)])
        }
        #expect(seen == ["challenge": .text("c"), "iterations": .number(100), "x": .null])
        let heard = try router.heard()
        #expect(
            heard[0].contains(
                #""authmethods":["wampcra"],"authid":"peter","authextra":{"nonce":"n"}"#))
        #expect(heard[1] == #"[5,"wampcra!",{"a":null}]"#)
    }

    @Test("without a credential a challenge is no session, and an ABORT says why there is none")
    func refusedSessions() throws {
        let router = ScriptedRouter()
        router.say(#"[4,"ticket",{}]"#)
        router.hangUp()
        let error = failure { _ = try router.join() }
        #expect(error?.isAboutIdentity == true)

        for (reason, isAboutIdentity) in [
            ("wamp.error.not_authorized", true), ("wamp.error.no_such_realm", false),
        ] {
            let router = ScriptedRouter(isWebSocket: true)
            router.say(#"[3,{"message":"because"},"\#(reason)"]"#)
            router.hangUp()
            let error = failure { _ = try router.join() }
            guard case .aborted(reason, "because") = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(error?.isAboutIdentity == isAboutIdentity)
        }
    }

    @Test("HTTP in place of an upgrade is told with its status and body")
    func refusedUpgrades() throws {
        let table: [(String, Int, String)] = [
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 8\r\n\r\nno path\n", 404, "no path\n"),
            ("HTTP/1.1 403 Forbidden\r\n\r\n", 403, ""),
            (
                "HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n0\r\n\r\n",
                400, "he"
            ),
            ("HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\ncut", 500, "cut"),
        ]
        for (text, status, body) in table {
            let router = ScriptedRouter(isWebSocket: true)
            router.sayInstead(text)
            router.hangUp()
            let error = failure { _ = try router.join() }
            guard case .upgradeRefused(status, body) = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test("a server that is no router is recognized by what it says first")
    func strangers() throws {
        let strangers: [(Bool, String)] = [
            (true, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), (true, ""),
            (true, "HTTP/1.1 101 Switching Protocols\r\n\r\n"), (false, ""), (false, "HTTP"),
            (false, "\u{7F}\u{10}\0\0"), (false, "\u{7F}\0\0\0"), (false, "\u{7F}\u{72}\0\0"),
        ]
        for (isWebSocket, text) in strangers {
            let router = ScriptedRouter(isWebSocket: isWebSocket)
            router.sayInstead(text)
            router.hangUp()
            let error = failure { _ = try router.join() }
            #expect(error != nil, "\(text)")
        }
    }

    @Test("what breaks the protocol is answered with ABORT and ends the session")
    func violations() throws {
        let messages = [
            #"[2,78,{}]"#, #"[16,1,{},"a"]"#, #"[36,1]"#, #"{}"#, #"[36,"a",2,{}]"#, #"[99]"#,
        ]
        for message in messages {
            let router = ScriptedRouter()
            router.welcome()
            let client = try router.join()
            router.say(message)
            router.hangUp()
            let error = failure { _ = try client.next() }
            guard case .violation = error else {
                Issue.record("\(message): \(String(describing: error))")
                continue
            }
            #expect(try router.heard().last?.contains("wamp.error.protocol_violation") == true)
        }
    }

    @Test("a GOODBYE of the router is answered, and nothing is said afterwards")
    func farewell() throws {
        let router = ScriptedRouter()
        router.welcome()
        let client = try router.join()
        router.say(#"[6,{"message":"m"},"wamp.close.killed"]"#)
        router.hangUp()
        let error = failure { _ = try client.next() }
        guard case .farewell("wamp.close.killed", "m") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        client.goodbye()
        #expect(try router.heard().dropFirst() == [#"[6,{},"wamp.close.goodbye_and_out"]"#])
    }

    @Test("a connection that ends is lost, a WebSocket that closes says why")
    func endings() throws {
        let router = ScriptedRouter()
        router.welcome()
        let client = try router.join()
        router.hangUp()
        let error = failure { _ = try client.next() }
        guard case .lost = error else {
            Issue.record("\(String(describing: error))")
            return
        }

        let socket = ScriptedRouter(isWebSocket: true)
        socket.welcome()
        let other = try socket.join()
        socket.say(octets: [0x88, 5, 0x03, 0xE9] + Array("bye".utf8))
        let closed = failure { _ = try other.next() }
        guard case .closed(let code, "bye") = closed, code?.rawValue == 1001 else {
            Issue.record("\(String(describing: closed))")
            return
        }
        #expect(try socket.heard().last == "close 1001")
    }

    @Test("silence is probed with a ping and then given up")
    func keepAlive() throws {
        for isWebSocket in [false, true] {
            let router = ScriptedRouter(isWebSocket: isWebSocket)
            router.welcome()
            var options = router.options
            options.keepAlive = .milliseconds(1)
            let client = try router.join(options)
            let error = failure { _ = try client.next() }
            guard case .timedOut = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
            #expect(try router.heard().contains("ping"))
        }
    }

    @Test("the interrupt descriptor ends every wait but that of goodbye")
    func interrupt() throws {
        let router = ScriptedRouter()
        router.welcome()
        var ends: [CInt] = [0, 0]
        _ = unsafe pipe(&ends)
        defer { for end in ends { close(end) } }
        var options = router.options
        options.interrupt = ends[0]
        let client = try router.join(options)
        _ = unsafe write(ends[1], "x", 1)
        let error = failure { _ = try client.next() }
        guard case .interrupted = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let call = failure { _ = try client.call("p") }
        guard case .interrupted = call else {
            Issue.record("\(String(describing: call))")
            return
        }
        router.say(#"[6,{},"wamp.close.goodbye_and_out"]"#)
        router.hangUp()
        client.goodbye()
        #expect(
            try router.heard().dropFirst() == [
                #"[48,1,{},"p"]"#, #"[49,1,{"mode":"killnowait"}]"#,
                #"[6,{},"wamp.close.close_realm"]"#,
            ])
    }
}

/// The error a piece of work ends with. Untyped, since the compiler does not get through closures
/// that throw the type (6.3.1).
func failure(_ body: () throws -> Void) -> ClientError? {
    do {
        try body()
        return nil
    } catch {
        return error as? ClientError
    }
}
