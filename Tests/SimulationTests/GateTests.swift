// Gates on a simulated core: who comes in, what waits, what is denied, and that order survives.

import Bytes
import DialectKit
import Engine
import Rooms
import Testing
import WAMP
import WebSocket

@testable import WAMPRouter

@Suite struct GateTests {
    private func isDenied(_ text: String) -> Bool { text.contains("not authorized") }

    // MARK: coming in

    @Test("a client waits until the gate has spoken, and what it sent meanwhile is answered then")
    func admitted() {
        let world = GateWorld()
        let client = world.request(GateWorld.stream + "?x=1")
        #expect(client.takeArrivals() == [])
        #expect(
            world.backEnd.questions.last?.body.hasPrefix(#"{"path":"/stream","query":"x=1","#)
                == true)
        world.answer(200, "{}")
        #expect(client.takeArrivals() == [.response(status: 101)])
        #expect(world.write(client, Call.echo("{}")).count == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a no, and no answer at all, are refusals with their status")
    func refused() {
        let world = GateWorld()
        for path in [GateWorld.stream, "/echo"] {
            for (failure, status) in [
                (nil, 403), (.timedOut, 504), (.overloaded, 503), (.unreachable(""), 502),
            ] as [(BackEndFailure?, Int)] {
                let client = world.request(path)
                if let failure {
                    world.backEnd.fail(failure)
                    world.exchangeAll()
                } else {
                    world.answer(403, #"{"reason":"go away"}"#)
                }
                #expect(client.takeArrivals() == [.response(status: status)])
            }
            let client = world.request(path)
            world.answer(200, #"{"subsribe":[]}"#)
            #expect(client.refusal == 502)
        }
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a gate decides before the dialect is asked, and the open route beside it is not asked")
    func others() {
        let world = GateWorld()
        let client = world.request(GateWorld.open)
        #expect(client.isOpen)
        #expect(world.backEnd.questions.isEmpty)
        // Unknown subprotocols are the router's to refuse, once the gate has let them through.
        let stranger = world.request(GateWorld.wamp, ["nothing"])
        #expect(stranger.takeArrivals() == [])
        world.answer(200)
        #expect(stranger.refusal != nil || stranger.isOpen)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a client that leaves while it waits takes its question back")
    func leavesOutside() {
        let world = GateWorld()
        let reset = world.request(GateWorld.stream)
        let finished = world.request(GateWorld.stream)
        reset.socket.reset()
        finished.socket.finishSending()
        world.exchangeAll()
        #expect(world.backEnd.canceledCount == 2)
        #expect(!finished.isOpen)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("without a question about connections everybody comes in")
    func unasked() {
        let world = GateWorld(asking: .subscribe)
        let client = world.request(GateWorld.stream)
        #expect(client.isOpen)
        #expect(world.write(client, Call.subscribe("a")).isEmpty)
        world.answer(204)
        #expect(client.takeMessages().count == 1)
        world.end()
        #expect(world.world.violations == [])
    }

    // MARK: what a client does

    @Test("a subscription waits with everything behind it, and then all is answered in order")
    func order() {
        for isAllowed in [true, false] {
            let world = GateWorld()
            let client = world.open(GateWorld.stream, grant: #"{"context":{"id":7}}"#)
            #expect(
                world.write(
                    client, Call.echo("{}", id: "1"), Call.subscribe("a.b", "on*", id: "2"),
                    Call.echo("{}", id: "3"), Call.subscribe("c", id: "4"),
                    Call.echo("{}", id: "5")
                ).count == 1)
            #expect(
                world.backEnd.questions.last?.body
                    == #"{"pattern":{"match":"glob","room":"a.b","event":"on*"},"dialect":"openapi-ws","context":{"id":7}}"#
            )
            #expect(world.backEnd.waitingCount == 1)
            world.answer(isAllowed ? 200 : 403)
            let first = client.takeMessages()
            #expect(first.count == 2)
            #expect(isDenied(first[0]) == !isAllowed)
            #expect(first[0].contains(#""id":"2""#) && first[1].contains(#""id":"3""#))
            world.answer(200)
            let second = client.takeMessages()
            #expect(second.count == 2)
            #expect(second[0].contains(#""id":"4""#) && second[1].contains(#""id":"5""#))
            #expect(second[0].contains(#""c":["*"]"#))
            #expect(second[0].contains(#""a.b":["on*"]"#) == isAllowed)
            let publisher = world.request(GateWorld.open)
            _ = world.write(publisher, Call.publish("a.b", "one", data: "[1]"))
            #expect(client.takeMessages().count == (isAllowed ? 1 : 0))
            world.end()
            #expect(world.world.violations == [])
        }
    }

    @Test("a publication reaches nobody before it is allowed, and nobody if it is not")
    func publications() {
        let world = GateWorld(asking: [.connect, .publish])
        let client = world.open(GateWorld.stream)
        let watcher = world.request(GateWorld.open)
        #expect(world.write(watcher, Call.subscribe("a")).count == 1)
        #expect(world.write(client, Call.publish("a", data: #"{"n":1.0}"#)).isEmpty)
        #expect(world.backEnd.questions.last?.target == "/publish")
        #expect(
            world.backEnd.questions.last?.body.hasPrefix(#"{"room":"a.e","data":{"n":1.0},"#)
                == true)
        #expect(watcher.takeMessages().isEmpty)
        world.answer(403)
        #expect(client.takeMessages().map(isDenied) == [true])
        #expect(watcher.takeMessages().isEmpty)
        #expect(world.write(client, Call.publish("a", data: "[2]")).isEmpty)
        world.answer(200)
        #expect(client.takeMessages().map(isDenied) == [false])
        #expect(watcher.takeMessages() == [Call.event("a", data: "[2]")])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a frozen back end is a no when its time is over, and others notice nothing")
    func frozen() {
        let world = GateWorld()
        let client = world.open(GateWorld.stream)
        let other = world.open(GateWorld.stream)
        #expect(world.write(client, Call.subscribe("a"), Call.echo("{}")).isEmpty)
        #expect(world.write(other, Call.echo("{}")).count == 1)
        world.pass(seconds: 3, world.clients)
        #expect(client.takeMessages().isEmpty)
        world.backEnd.fail(.timedOut)
        world.exchangeAll()
        #expect(client.takeMessages().map(isDenied) == [true, false])
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("who leaves while a question waits takes it back; who has only ended sending is answered")
    func leaves() {
        let world = GateWorld()
        let reset = world.open(GateWorld.stream)
        #expect(world.write(reset, Call.subscribe("a")).isEmpty)
        reset.socket.reset()
        world.exchangeAll()
        #expect(world.backEnd.canceledCount == 1)
        let finished = world.open(GateWorld.stream)
        #expect(world.write(finished, Call.subscribe("a"), Call.echo("{}")).isEmpty)
        finished.socket.finishSending()
        world.exchangeAll()
        #expect(world.backEnd.canceledCount == 1)
        world.answer(200)
        #expect(finished.takeMessages().count == 2)
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("whatever the gate says and whenever, every client is answered in its own order")
    func schedules() {
        for seed in 1...40 as ClosedRange<UInt64> {
            let world = GateWorld(seed: seed)
            var random = SeededRandom(seed: seed)
            let clients = (0..<4).map { _ in world.open(GateWorld.stream) }
            var asked = [[String]](repeating: [], count: clients.count)
            var heard = asked
            for step in 0..<120 {
                let place = Int(random.next() % 4)
                switch random.next() % 6 {
                case 0: clients[place].write(Call.echo("{}", id: "\(step)"))
                case 1: clients[place].write(Call.subscribe("c\(step)", id: "\(step)"))
                case 2: clients[place].write(Call.publish("x", data: "[]", id: "\(step)"))
                case 3:
                    clients[place].push(Int(random.next() % 40))
                    continue
                default:
                    guard world.backEnd.waitingCount > 0 else { continue }
                    let which = Int(random.next() % UInt64(world.backEnd.waitingCount))
                    world.backEnd.answer(random.next() % 3 == 0 ? 403 : 204, at: which)
                    world.world.settle()
                    continue
                }
                if random.next() % 2 == 0 { world.world.settle() }
                asked[place].append("\(step)")
            }
            repeat {
                world.exchangeAll()
                if world.backEnd.waitingCount > 0 { world.backEnd.answer(204) }
                world.exchangeAll()
            } while world.backEnd.waitingCount > 0
            for (place, client) in clients.enumerated() {
                heard[place] = client.takeMessages().compactMap { text in
                    text.split(separator: #""id":""#, maxSplits: 1).last
                        .map { String($0.prefix { $0 != "\"" }) }
                }
            }
            #expect(heard == asked, "seed \(seed)")
            world.end()
            #expect(world.world.violations == [], "seed \(seed)")
        }
    }

    @Test("a close that comes from our side does not wait for the gate")
    func closed() {
        let world = GateWorld()
        let client = world.open(GateWorld.stream)
        let wamp = world.join()
        #expect(world.write(client, Call.subscribe("a")).isEmpty)
        #expect(world.say(wamp, #"[32,1,{},"a"]"#).isEmpty)
        #expect(world.backEnd.waitingCount == 2)
        world.world.stop()
        for _ in 0..<100 where !world.world.isOver {
            world.world.pass(100_000_000)
            world.exchangeAll()
        }
        #expect(client.hasReceivedClose)
        #expect(world.backEnd.waitingCount == 0)
        world.world.checkEmpty()
        #expect(world.world.violations == [])
    }

    // MARK: WAMP

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
        let held = world.router.realms[0].withSubscriptions { $0.count + $1.count }
        #expect(held == 0)
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

    // MARK: grants

    @Test("a grant holds for every dialect without any further question")
    func grants() {
        let world = GateWorld(asking: .connect)
        let grant =
            #"{"subscribe":["com.a",{"match":"prefix","room":"com.p."}],"publish":["com.a.e"],"call":["shop.one"],"register":[]}"#
        let openAPI = world.open(GateWorld.stream, grant: grant)
        let wamp = world.join(grant: grant)
        let asked = world.backEnd.questions.count
        world.backEnd.answers["/rpc"] = (200, #"{"result":1}"#)
        for (message, isAllowed) in [
            (Call.subscribe("com.a"), false), (Call.subscribe("com.p.x", "e"), true),
            (Call.subscribe("com", "a"), true), (Call.subscribe("com", "a*"), false),
            (Call.publish("com.a", data: "[]"), true),
            (Call.publish("com.b", data: "[]"), false), (Call.call("shop.one"), true),
            (Call.call("shop.two"), false),
        ] {
            let answers = world.write(openAPI, message)
            #expect(answers.count == 1, "\(message)")
            #expect(answers.map(isDenied) == [!isAllowed], "\(message)")
        }
        for (message, isAllowed) in [
            (#"[32,1,{},"com.a"]"#, true), (#"[32,2,{},"com.b"]"#, false),
            (#"[32,3,{"match":"prefix"},"com.p.q"]"#, true),
            (#"[32,4,{"match":"prefix"},"com"]"#, false),
            (#"[16,5,{"acknowledge":true},"com.a.e"]"#, true),
            (#"[16,6,{"acknowledge":true},"com.a"]"#, false),
            (#"[48,7,{},"shop.one"]"#, true), (#"[48,8,{},"shop.two"]"#, false),
            (#"[64,9,{},"com.a"]"#, false),
            (#"[48,10,{},"wamp.session.count"]"#, false),
        ] {
            let answers = world.say(wamp, message)
            #expect(answers.count == 1, "\(message)")
            #expect(answers.map(isDenied) == [!isAllowed], "\(message)")
        }
        #expect(
            world.backEnd.questions[asked...].allSatisfy { $0.target == "/rpc" })
        world.end()
        #expect(world.world.violations == [])
    }

    @Test("a testament is a publication nobody can be asked about later")
    func testaments() {
        let call =
            #"[48,1,{},"wamp.session.add_testament",["com.will",["gone"],{}]]"#
        for (questions, grant, isAllowed) in [
            (GateQuestions.connect, "", true), (.connect, #"{"publish":["com.will"]}"#, true),
            (.connect, #"{"publish":[]}"#, false), ([.connect, .publish], "", false),
        ] {
            let world = GateWorld(asking: questions)
            let client = world.join(grant: grant)
            #expect(world.say(client, call).map(isDenied) == [!isAllowed])
            world.end()
            #expect(world.world.violations == [])
        }
    }

    // MARK: procedures

    @Test("a back end answers calls of every dialect, and publishes before it answers")
    func procedures() {
        let world = GateWorld(asking: .connect)
        let openAPI = world.open(GateWorld.stream, grant: #"{"context":{"id":7}}"#)
        let wamp = world.join()
        #expect(world.say(wamp, #"[32,1,{},"com.news"]"#).count == 1)
        #expect(world.write(openAPI, Call.call("shop.total", #"{"n":1.0}"#)).isEmpty)
        let body = world.backEnd.questions.last?.body ?? ""
        #expect(body.hasPrefix(#"{"procedure":"shop.total","#))
        #expect(body.contains(#"{"n":1.0}"#))
        #expect(body.hasSuffix(#""context":{"granted":{"id":7}}}"#))
        world.answer(
            200,
            #"{"result":{"sum":2.50},"publish":[{"room":"com.news","data":1}],"push":[{"event":"e","data":2}]}"#
        )
        #expect(openAPI.takeMessages().map { $0.contains(#"{"sum":2.50}"#) } == [true])
        #expect(world.heard(wamp).map { $0.hasSuffix(",{},[1]]") } == [true])
        #expect(world.say(wamp, #"[48,2,{},"shop.total",[1],{"a":2}]"#).isEmpty)
        world.answer(422, #"{"error":{"message":"no","uri":"com.shop.bad","kwargs":{"f":1}}}"#)
        #expect(world.heard(wamp) == [#"[8,48,2,{},"com.shop.bad",["no"],{"f":1}]"#])
        #expect(world.say(wamp, #"[48,3,{},"shop.total"]"#).isEmpty)
        wamp.socket.reset()
        world.exchangeAll()
        #expect(world.backEnd.canceledCount == 1)
        world.end()
        #expect(world.world.violations == [])
    }
}
