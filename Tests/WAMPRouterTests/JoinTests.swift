// From the open transport to WELCOME, and how long that may take (reference §5.1, §5.2, §10).

import Crypto
import Testing

@testable import WAMPRouter

private let ticket = #"{"authmethods":["ticket"],"authid":"martin"}"#
private let hello = #"[1,"realm1",{"roles":{"caller":{}}}]"#
private let helloTicket =
    #"[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"martin"}]"#
private let helloKey =
    #"[1,"realm1",{"roles":{"caller":{}},"authmethods":["cryptosign"],"authid":"oscar","authextra":{"pubkey":"03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8"}}]"#

@Suite struct JoinTests {
    @Test("who says no HELLO is closed after five seconds, without a word")
    func noHello() {
        // Which separator a client uses is known when it has spoken.
        for form in WAMPForm.allCases where form != .batchedJSON18 {
            let hub = ModelHub()
            let client = Client(hub, form)
            hub.pass(5 * second - 1)
            #expect(client.isSilent)
            hub.pass(1)
            #expect(client.hearAll() == ["close 1000"])
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("who does not answer a challenge is told so, five seconds after the transport opened")
    func noAuthenticate() {
        let hub = ModelHub()
        let client = Client(hub)
        hub.pass(2 * second)
        #expect(client.ask(helloTicket) == Value(#"[4,"ticket",{}]"#))
        hub.pass(3 * second - 1)
        #expect(client.isSilent)
        hub.pass(1)
        #expect(
            client.hearAll() == [
                #"[3,{"message":"no AUTHENTICATE within 5 s"},"wamp.error.authentication_failed"]"#,
                "close 1000",
            ])
    }

    @Test("a session that is joined waits for nothing")
    func noDeadline() {
        let hub = ModelHub()
        let client = Client.joined(hub, details: ticket, secret: "wEx9TPFtHdRr2Zg7rtRE")
        #expect(hub.nextDeadline == nil)
        hub.pass(1000 * second)
        #expect(client.isSilent)
    }

    @Test("a second session on the same transport has the whole time to answer its challenge")
    func challengeAfterGoodbye() {
        let hub = ModelHub()
        let client = Client.joined(hub)
        client.say(#"[6,{},"wamp.close.close_realm"]"#)
        hub.pass(1 * second)
        client.say(helloTicket)
        #expect(
            client.hearAll() == [#"[6,{},"wamp.close.goodbye_and_out"]"#, #"[4,"ticket",{}]"#])
        hub.pass(5 * second - 1)
        #expect(client.isSilent)
        hub.pass(1)
        #expect(
            client.hearAll() == [
                #"[3,{"message":"no AUTHENTICATE within 5 s"},"wamp.error.authentication_failed"]"#,
                "close 1000",
            ])
    }

    @Test("a role that the realm does not have lets nobody in")
    func noSuchRole() {
        let hub = ModelHub()
        let client = Client(hub)
        client.say(
            #"[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"lost"}]"#)
        client.say(#"[5,"x",{}]"#)
        #expect(
            client.hearAll() == [
                #"[4,"ticket",{}]"#,
                #"[3,{"message":"no role \"nowhere\" exists in realm \"realm1\""},"wamp.error.no_such_role"]"#,
                "close 1000",
            ])
        #expect(hub.leftovers.isEmpty)
    }

    @Test("after an ABORT, whoever sent it, nothing is heard and nothing happens")
    func abort() {
        for form in WAMPForm.allCases {
            let hub = ModelHub()
            let watcher = Client.joined(hub)
            watcher.say(#"[32,1,{},"com.t"]"#)
            _ = watcher.hearAll()
            let client = Client.joined(hub, form)
            client.say([#"[3,{},"com.app.no"]"#, #"[16,1,{},"com.t"]"#, #"[6,{},"a.b"]"#])
            #expect(client.hearAll() == ["close 1000"])
            let broken = Client.joined(hub, form)
            broken.say(["[7]", #"[16,1,{},"com.t"]"#, #"[3,{},"a.b"]"#])
            #expect(
                broken.hearAll() == [
                    #"[3,{"message":"unknown message code"},"wamp.error.protocol_violation"]"#,
                    "close 1002",
                ])
            #expect(watcher.isSilent)
            hub.lose(watcher.connection)
            #expect(hub.leftovers.isEmpty)
        }
    }

    // MARK: Decisions that are made elsewhere

    /// The signature of the seed 0, 1, 2 … 31 under the challenge.
    private func signature(_ challenge: Value) -> String {
        let seed = (0..<32).map { UInt8($0) }
        let digits = Array(challenge[2]["challenge"].string!.utf8)
        let message = stride(from: 0, to: 64, by: 2).map { place in
            UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16)!
        }
        let signed = try! Ed25519.sign(unsafe message.span.bytes, seed: unsafe seed.span.bytes)
        return (signed + message).map { octet in
            let digits = String(octet, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    @Test("a signature is checked off the core, and the session waits for the outcome")
    func elsewhere() {
        let hub = ModelHub()
        hub.keepsWork = true
        for isRight in [true, false] {
            let client = Client(hub)
            let answer = signature(client.ask(helloKey))
            client.say(#"[5,"\#(isRight ? answer : answer.reversed() + "")",{}]"#)
            #expect(client.isSilent)
            #expect(hub.work.count == 1)
            hub.finishWork()
            #expect(client.message()[0].id == (isRight ? 2 : 3))
            hub.lose(client.connection)
        }
        #expect(hub.leftovers.isEmpty)
    }

    @Test("whoever speaks while its signature is checked breaks the protocol")
    func tooEarly() {
        for message in [#"[5,"x",{}]"#, #"[32,1,{},"a.b"]"#, #"[6,{},"a.b"]"#] {
            let hub = ModelHub()
            hub.keepsWork = true
            let client = Client(hub)
            client.say(#"[5,"\#(signature(client.ask(helloKey)))",{}]"#)
            client.say(message)
            let heard = client.hearAll()
            #expect(heard.count == 2 && heard.last == "close 1002", "\(heard)")
            hub.finishWork()
            #expect(client.isSilent)
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("an ABORT while a signature is checked ends the session without a word")
    func abortWhileDeciding() {
        let hub = ModelHub()
        hub.keepsWork = true
        let client = Client(hub)
        client.say(#"[5,"\#(signature(client.ask(helloKey)))",{}]"#)
        client.say(#"[3,{},"a.b"]"#)
        #expect(client.hearAll() == ["close 1000"])
        hub.finishWork()
        #expect(client.isSilent)
        #expect(hub.leftovers.isEmpty)
    }

    @Test("an outcome that comes after the end of the time, or of the connection, is too late")
    func tooLate() {
        let hub = ModelHub()
        hub.keepsWork = true
        let slow = Client(hub)
        slow.say(#"[5,"\#(signature(slow.ask(helloKey)))",{}]"#)
        hub.pass(5 * second)
        #expect(slow.hearAll().last == "close 1000")
        let lost = Client(hub)
        lost.say(#"[5,"\#(signature(lost.ask(helloKey)))",{}]"#)
        hub.lose(lost.connection)
        hub.finishWork()
        #expect(slow.isSilent && lost.isSilent)
        #expect(hub.leftovers.isEmpty)
    }

    @Test("session ids are from 1 to 2^53 and never shared")
    func ids() {
        let hub = ModelHub()
        var ids: Set<UInt64> = []
        for _ in 0..<200 { ids.insert(Client.joined(hub).id) }
        #expect(ids.count == 200)
        #expect(ids.allSatisfy { (1...1 << 53).contains($0) })
    }

    @Test("an application may ask for what the realm has: a real one, and nothing reserved")
    func realmNames() {
        for (name, reason) in [
            ("", "wamp.error.invalid_uri"), ("a..b", "wamp.error.invalid_uri"),
            ("a b", "wamp.error.invalid_uri"), ("realm", "wamp.error.no_such_realm"),
            ("realm11", "wamp.error.no_such_realm"), ("Realm1", "wamp.error.no_such_realm"),
        ] {
            let client = Client(ModelHub())
            client.say(#"[1,"\#(name)",{"roles":{"caller":{}}}]"#)
            #expect(client.message()[2] == .text(reason), "\(name)")
            #expect(client.hear() == .close(1000))
        }
    }
}
