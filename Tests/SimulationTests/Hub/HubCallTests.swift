// Calls between all dialects: every caller reaches every kind of procedure, with its arguments by
// the rule of its route, and hears the result in its own words.

import Codecs
import DialectKit
import Engine
import Hub
import Lockfree
import Rooms
import Testing

/// Calls that wait for a test to answer them. Used from one thread.
final class HeldCalls: Sendable {
    private let held = Guarded<[HandledCall]>([])
    private let canceled = Guarded(0)

    func registration(_ procedure: String, in realm: Realm = .standard) -> HandlerRegistration {
        HandlerRegistration(
            .exact(Room(procedure.split(separator: ".").map(String.init))), in: realm
        ) { [self] call in
            call.whenCanceled { [self] in canceled.withLock { $0 += 1 } }
            held.withLock { $0.append(call) }
        }
    }

    func take() -> HandledCall? {
        held.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }

    var canceledCount: Int { canceled.withLock { $0 } }
}

extension Arguments {
    /// As trees.
    var said: Said {
        let list = String(decoding: listText, as: UTF8.self)
        let map = String(decoding: keywordText, as: UTF8.self)
        return .arguments(list.isEmpty ? nil : JSONTree(list), map.isEmpty ? nil : JSONTree(map))
    }

    /// `[…]` or `[…],{…}` as handlers of ours make them.
    convenience init(list: String, map: String?) {
        let octets = Array((list + (map ?? "")).utf8)
        let size = list.utf8.count
        self.init(
            octets: octets, serialization: .json, arguments: Extent(0..<size),
            keywords: map == nil ? .absent : Extent(size..<octets.count))
    }
}

@Suite struct HubCallTests {
    private static let callers: [Tongue] = [.openAPI, .rohrpost, .shampoo] + Tongue.wamp

    private static let rules = CallRule.ArgumentForm.allCases.flatMap { arguments in
        CallRule.ResultForm.allCases.map { CallRule(arguments: arguments, result: $0) }
    }

    @Test("every caller reaches every kind of procedure, and hears its result by the table")
    func results() throws {
        for seed in 1...12 as ClosedRange<UInt64> {
            var random = SeededRandom(seed: seed)
            let calls = HeldCalls()
            let rule = Self.rules[Int(seed) % Self.rules.count]
            let procedures: [(name: String, callee: Tongue?)] = [
                ("com.swift", nil), ("com.json", .json), ("com.msgpack", .messagePack),
                ("com.cbor", .cbor),
            ]
            var options = HubOptions()
            options.rule = rule
            options.methods = procedures.map(\.name)
            options.handlers = [calls.registration("com.swift")]
            let hub = try HubWorld(seed: seed, options)
            let callees = procedures.map { procedure in
                procedure.callee.map { tongue in
                    let callee = hub.join(tongue, core: random.below(2))
                    #expect(callee.register(procedure.name))
                    return callee
                }
            }
            for tongue in Self.callers {
                let caller = hub.join(tongue, core: random.below(2))
                for (place, procedure) in procedures.enumerated() {
                    let comment = "seed \(seed): \(tongue) calls \(procedure.name)"
                    let object = random.object()
                    caller.call(procedure.name, random.text(object))
                    var expected = received(object, from: tongue, by: rule)
                    if let serialization = tongue.serialization {
                        expected = expected.said(in: serialization)
                    }
                    var (list, map) = (JSONTree.array([]), JSONTree?.none)
                    switch random.below(5) {
                    case 0: list = .array([random.object()])
                    case 1: list = .array((0..<random.below(4)).map { _ in random.tree() })
                    case 2: map = random.object()
                    case 3:
                        list = .array([random.object()])
                        map = .members([
                            "message": .text("done \"so\""),
                            "status": random.pick([.number("201"), .number("7"), .text("x")]),
                        ])
                    default: (list, map) = (.array([random.tree()]), random.object())
                    }
                    var result = Said.arguments(list, map)
                    if let callee = callees[place] {
                        guard let invocation = callee.takeInvocation() else {
                            Issue.record("\(comment): nobody is asked")
                            continue
                        }
                        let own = callee.tongue.serialization!
                        #expect(
                            invocation.said.arguments == expected.said(in: own).arguments,
                            "\(comment)")
                        result = result.said(in: own)
                        let end = map.map { "," + random.text($0) } ?? ""
                        callee.yield(invocation.id, random.text(list) + end)
                    } else {
                        let call = try #require(calls.take(), "\(comment)")
                        #expect(
                            call.call.arguments.said.arguments == expected.arguments, "\(comment)")
                        call.answer(
                            .result(
                                Arguments(list: random.text(list), map: map.map { random.text($0) })
                            ))
                        hub.exchangeAll()
                    }
                    let heard = caller.heard().map { withoutCallIDs($0, tongue) }
                    #expect(
                        heard == [answer(result, to: tongue, procedure.name, by: rule)],
                        "\(comment)")
                }
            }
            hub.finish()
            #expect(hub.world.violations == [], "seed \(seed)")
        }
    }

    @Test("WAMP callers say arguments and keywords themselves, whoever answers")
    func arguments() throws {
        let calls = HeldCalls()
        var options = HubOptions()
        options.handlers = [calls.registration("com.swift")]
        let hub = try HubWorld(options)
        let callee = hub.join(.cbor, core: 1)
        #expect(callee.register("com.wamp"))
        for tongue in Tongue.wamp {
            let caller = hub.join(tongue)
            for said in ["", "[]", "[1,[2]]", #"[],{"a":null}"#, #"[{}],{"ü":{"b":[]}}"#] {
                let expected = Said(JSONTree("[\(said)]").items![...])
                caller.call("com.swift", arguments: said)
                #expect(calls.take()?.call.arguments.said.arguments == expected.arguments)
                caller.call("com.wamp", arguments: said)
                #expect(callee.takeInvocation()?.said.arguments == expected.arguments)
            }
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }

    @Test("a handler's own events reach Shampoo callers, and nobody else is troubled")
    func pushes() throws {
        let calls = HeldCalls()
        var options = HubOptions()
        options.methods = ["com.swift"]
        options.handlers = [calls.registration("com.swift")]
        let hub = try HubWorld(options)
        for tongue in Self.callers {
            let caller = hub.join(tongue, core: 1)
            caller.call("com.swift", "{}")
            let call = try #require(calls.take())
            call.push(event: "progress", data: Array("7".utf8))
            call.answer(.result(Arguments(value: Array("{}".utf8))))
            let heard = caller.heard()
            #expect(heard.count == (tongue == .shampoo ? 2 : 1), "\(tongue)")
            if tongue == .shampoo {
                #expect(
                    heard[0]
                        == JSONTree(
                            #"{"type":"push","push_event":"progress","push_data":{"data":7}}"#))
            }
        }
        hub.finish()
        #expect(hub.world.violations == [])
    }
}
