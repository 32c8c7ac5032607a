// Gates in front of WAMP sessions: batches, every form, and sessions that end while a question waits.

import Bytes
import DialectKit
import Engine
import Rooms
import Testing
import WAMP
import WebSocket

@testable import WAMPRouter

@Suite struct GatedSessionTests {
    @Test("the messages of a batch are asked about one by one, and answered in their order")
    func batch() {
        let world = GateWorld()
        let client = world.join()
        let said = world.say(
            client, #"[32,1,{},"com.a"]"#, #"[16,2,{"acknowledge":true},"com.b",[1],{"k":2}]"#,
            #"[32,3,{"match":"prefix"},"com.c"]"#, #"[34,4,77]"#)
        #expect(said.isEmpty)
        #expect(world.backEnd.questions.last?.body.hasPrefix(#"{"room":"com.a","#) == true)
        world.answer(200)
        #expect(world.heard(client).map { String($0.prefix(6)) } == ["[33,1,"])
        #expect(
            world.backEnd.questions.last?.body.hasPrefix(
                #"{"room":"com.b","data":{"args":[1],"kwargs":{"k":2}},"dialect":"wamp","#)
                == true)
        world.answer(403)
        let denied = world.heard(client)
        #expect(denied.count == 1)
        #expect(denied[0].hasPrefix(#"[8,16,2,{},"wamp.error.not_authorized""#))
        world.answer(403)
        let rest = world.heard(client)
        #expect(rest.count == 2)
        #expect(rest[0].hasPrefix(#"[8,32,3,{},"wamp.error.not_authorized""#))
        #expect(rest[1].hasPrefix(#"[8,34,4,{},"wamp.error.no_such_subscription""#))
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a batch goes on at the message that was asked about, in every form, by its request id")
    func forms() {
        let hello =
            #"[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]"#
        var settings = RouterSettings()
        settings.wantsSequentialRequests = true
        for form in [
            WAMPForm.json, .messagePack, .cbor, .batchedJSON, .batchedMessagePack, .batchedCBOR,
        ] {
            let world = GateWorld(wamp: settings)
            let client = world.open(GateWorld.wamp, [form.subprotocol!])
            let framing = BatchFraming(form.serialization)
            func say(_ messages: [String]) {
                var batch = OctetBuffer()
                for message in messages {
                    let octets = wire(message, form.serialization)
                    let start = form.isBatched ? framing.begin(in: &batch) : 0
                    batch.append(octets)
                    if form.isBatched { framing.end(start, in: &batch) } else { write(&batch) }
                }
                if form.isBatched { write(&batch) }
                world.exchangeAll()
            }
            func write(_ octets: inout OctetBuffer) {
                let opcode: Opcode = form.messageKind == .text ? .text : .binary
                client.write(opcode, octets.octets.array)
                octets.removeAll()
            }
            say([hello])
            #expect(client.takeArrivals().count == 1, "\(form)")
            say([
                #"[32,1,{},"a"]"#, #"[34,2,9]"#, #"[32,3,{},"b"]"#,
                #"[16,4,{"acknowledge":true},"c"]"#, #"[34,5,9]"#,
            ])
            for (status, count) in [(200, 2), (403, 1), (200, 2)] {
                #expect(world.backEnd.waitingCount == 1, "\(form)")
                world.answer(status)
                // Those of a batch that are answered at once come in one message each, too.
                #expect(client.takeArrivals().count == count, "\(form)")
            }
            #expect(world.backEnd.waitingCount == 0)
            #expect(!client.hasReceivedClose, "\(form)")
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a session that is ended while its question waits does not subscribe after its end")
    func killed() {
        let world = GateWorld()
        let victim = world.join()
        let killer = world.join()
        #expect(world.say(victim, #"[32,1,{},"com.a"]"#, #"[32,2,{},"com.b"]"#).isEmpty)
        let sessions = world.say(
            killer, #"[48,1,{},"wamp.session.kill_by_authrole",["anonymous"]]"#)
        #expect(sessions == [#"[50,1,{},[1]]"#])
        #expect(world.heard(victim).map { $0.prefix(3) } == ["[6,"])
        world.answer(200)
        #expect(world.heard(victim).allSatisfy { !$0.hasPrefix("[33,") })
        #expect(world.backEnd.waitingCount == 0)
        #expect(world.router.realms[0].subscriptionCount == 0)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a message that ends its connection before it would be asked about is let go of")
    func endedByErrors() {
        var limits = Limits()
        limits.errorsPerMinute = 0
        limits.promptLeaveCount = 2
        limits.leaveSlice = 4
        let world = GateWorld(asking: [.connect, .publish], limits: limits)
        let client = world.join(
            grant: #"{"subscribe":[{"match":"prefix","room":"com.r"}]}"#)
        for number in 0..<20 {
            #expect(world.say(client, "[32,\(1 + number),{},\"com.r\(number)\"]").count == 1)
        }
        let filling = String(repeating: "x", count: 20_000)
        let batch = [
            #"[32,21,{},"org.x"]"#, #"[16,22,{"acknowledge":true},"com.b",["\#(filling)"]]"#,
        ]
        // In pieces, so that it stands in the receiver, which goes with the connection.
        client.write(batch.map { $0 + "\u{1E}" }.joined(), fragmentSize: 700)
        client.push()
        var departing = 0
        while !world.world.isIdle {
            world.world.turn(of: 0)
            #expect(world.world.postponedMessageCount == 0)
            departing += 1
        }
        #expect(departing > 5)
        let heard = world.heard(client)
        #expect(heard.count == 1 && heard[0].hasPrefix("[8,32,21,"))
        #expect(client.receivedCode == 1008)
        #expect(world.backEnd.questions.allSatisfy { $0.target == "/connect" })
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("what is denied was never retained, announced or counted")
    func nothingIsUndone() {
        let world = GateWorld(asking: [.connect, .publish])
        let client = world.join()
        #expect(
            world.say(client, #"[16,1,{"retain":true,"acknowledge":true},"com.a",["no"]]"#)
                .isEmpty)
        world.answer(403)
        #expect(world.heard(client).count == 1)
        let other = world.join()
        #expect(world.say(other, #"[32,1,{"get_retained":true},"com.a"]"#).count == 1)
        #expect(
            world.say(client, #"[16,2,{"retain":true},"com.a",["yes"]]"#).isEmpty)
        world.answer(204)
        let heard = world.heard(other)
        #expect(heard.count == 1 && heard[0].contains(#"["yes"]"#))
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a session that says goodbye behind its question has it answered first")
    func goodbye() {
        let world = GateWorld()
        let client = world.join()
        #expect(
            world.say(client, #"[32,1,{},"com.a"]"#, #"[6,{},"wamp.close.normal"]"#).isEmpty)
        world.answer(200)
        #expect(
            world.heard(client).map { String($0.prefix(6)) }.map { $0.prefix(3) }
                == ["[33", "[6,"])
        world.end()
        #expect(world.world.violations == [])
    }
}
