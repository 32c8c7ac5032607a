// Wamper, saying — what a client of a schedule does, one line each.

import Bytes
import Codecs
import DialectKit
import Engine
import WAMP
import WebSocket

@testable import WAMPRouter

extension Wamper {
    func say(_ json: String) {
        log.append("> " + json)
        var octets = wire(json, form.serialization)
        if form.isBatched {
            var buffer = OctetBuffer()
            let framing = BatchFraming(form.serialization)
            let start = framing.begin(in: &buffer)
            buffer.append(octets)
            framing.end(start, in: &buffer)
            octets = buffer.octets.array
        }
        if form.messageKind == .text {
            client.write(String(decoding: octets, as: UTF8.self))
        } else {
            client.write(.binary, octets)
        }
    }

    func request(_ request: Request, _ json: (Int) -> String) {
        requestCount += 1
        requests[UInt64(requestCount)] = request
        say(json(requestCount))
    }

    func greet() {
        guard stage == .open else { return }
        stage = .greeting
        let caller = cancels ? #""call_canceling":true,"progressive_call_results":true"# : ""
        let callee =
            cancels
            ? #""call_canceling":true,"progressive_call_results":true,"registration_revocation":true,"progressive_call_invocations":true,"call_reroute":true,"call_timeout":\#(number % 2 == 0)"#
            : ""
        say(
            #"[1,"realm1",{"roles":{"publisher":{},"subscriber":{"features":{"subscription_revocation":true}},"caller":{"features":{\#(caller)}},"callee":{"features":{\#(callee)}}}}]"#
        )
    }

    func subscribe(_ topic: Topic, _ said: Sayings = Sayings(), getsRetained: Bool = false) {
        guard wanted.insert(topic).inserted else { return }
        // One's own are not sent (§7.8), and one of them may be the newest.
        let kept = said.publications.filter { $0.isRetained && topic.matches($0.topic) }
        let expectsRetained =
            getsRetained && kept.contains { $0.isAcknowledged }
            && !kept.contains { $0.publisher == number }
        request(.subscribe(topic, expectsRetained: expectsRetained)) {
            #"[32,\#($0),{"match":"\#(topic.match)","get_retained":\#(getsRetained)},"\#(topic.uri)"]"#
        }
    }

    func startWatching() {
        watch = MetaWatch()
        for uri in MetaWatch.topics { subscribe(Topic(uri: uri, match: "exact")) }
    }

    func unsubscribe() {
        guard let id = subscriptions.keys.filter({ !ending.contains($0) }).min() else { return }
        ending.insert(id)
        wanted.remove(subscriptions[id]!)
        request(.unsubscribe(id)) { "[34,\($0),\(id)]" }
    }

    func publish(
        _ topic: String, _ said: inout Sayings, acknowledged: Bool, toMe: Bool, isRetained: Bool
    ) {
        let number = said.publications.count
        said.publications.append(
            .init(
                publisher: self.number, session: id, topic: topic, includesPublisher: toMe,
                isRetained: isRetained))
        let options =
            (acknowledged ? [#""acknowledge":true"#] : [])
            + (toMe ? [#""exclude_me":false"#] : []) + (isRetained ? [#""retain":true"#] : [])
        let text = { (request: Int) in
            "[16,\(request),{\(options.joined(separator: ","))},\"\(topic)\",[\(number)]]"
        }
        if acknowledged {
            request(.publish(number), text)
        } else {
            requestCount += 1
            say(text(requestCount))
        }
    }

    /// Somebody published: whoever is certainly subscribed is owed the event.
    func note(_ number: Int, _ said: Sayings) {
        let publication = said.publications[number]
        guard stage == .joined, watch == nil,
            publication.publisher != self.number || publication.includesPublisher
        else { return }
        for (id, topic) in subscriptions
        where !ending.contains(id) && topic.matches(publication.topic) {
            owed.insert(Owed(number: number, subscription: id))
        }
    }

    func register(_ procedure: String, invoke: String) {
        request(.register) { #"[64,\#($0),{"invoke":"\#(invoke)"},"\#(procedure)"]"# }
    }

    func unregister() {
        guard let id = registrations.min() else { return }
        request(.unregister(id)) { "[66,\($0),\(id)]" }
    }

    func call(
        _ procedure: String, _ said: inout Sayings, timeout: Int?, wantsProgress: Bool,
        inParts: Bool
    ) {
        requestCount += 1
        let number = said.calls.count
        said.calls.append(.init(caller: self.number))
        calls[UInt64(requestCount)] = Call(
            number: number, procedure: procedure, parts: inParts ? 1 : nil)
        let options =
            (timeout.map { ["\"timeout\":\($0)"] } ?? [])
            + (wantsProgress ? [#""receive_progress":true"#] : [])
            + (inParts ? [#""progress":true"#] : [])
        say(
            "[48,\(requestCount),{\(options.joined(separator: ","))},\"\(procedure)\",[\(number),0]]"
        )
    }

    /// Sends another part of a call's arguments, or the last one.
    func continueCall(isLast: Bool) {
        guard let request = calls.filter({ $0.value.parts != nil }).keys.min() else { return }
        let call = calls[request]!
        calls[request]!.parts = isLast ? nil : call.parts! + 1
        say(
            #"[48,\#(request),{"progress":\#(!isLast)},"\#(call.procedure)",[\#(call.number),\#(call.parts!)]]"#
        )
    }

    var hasOpenCalls: Bool { calls.values.contains { $0.parts != nil } }

    func cancel(_ mode: String) {
        guard let request = calls.keys.min() else { return }
        if !cancels { calls[request]!.isAbandoned = true }
        say(#"[49,\#(request),{"mode":"\#(mode)"}]"#)
    }

    /// Answers an invocation: a part of it, the whole, or with an error.
    func answer(_ random: inout SeededRandom, _ said: inout Sayings, finally: Bool = false) {
        guard let invocation = held.keys.min() else { return }
        let number = held[invocation]!.number
        if held[invocation]!.wantsProgress, !finally, random.chance(500) {
            held[invocation]!.progress += 1
            say(
                #"[70,\#(invocation),{"progress":true},[\#(number),\#(held[invocation]!.progress)]]"#
            )
            return
        }
        held[invocation] = nil
        if !finally, random.chance(150) {
            said.calls[number].isRerouted = true
            say(#"[8,68,\#(invocation),{},"wamp.error.unavailable"]"#)
        } else if random.chance(200) {
            say(#"[8,68,\#(invocation),{},"com.failed",[\#(number)]]"#)
            // As wampy does: an answer behind the error.
            if random.chance(300) { say("[70,\(invocation),{},[\(number)]]") }
        } else {
            say("[70,\(invocation),{},[\(number)]]")
        }
    }

    func kill(_ victim: Wamper) {
        guard victim.id != 0 else { return }
        request(.meta) { "[48,\($0),{},\"wamp.session.kill\",[\(victim.id)]]" }
    }

    /// Takes a subscription or a registration from somebody.
    func takeAway(from victim: Wamper) {
        guard victim.id != 0 else { return }
        if number % 2 == 0, let id = victim.subscriptions.keys.max() {
            request(.meta) {
                "[48,\($0),{},\"wamp.subscription.remove_subscriber\",[\(id),\(victim.id)]]"
            }
        } else if let id = victim.registrations.max() {
            request(.meta) {
                "[48,\($0),{},\"wamp.registration.remove_callee\",[\(id),\(victim.id)]]"
            }
        }
    }

    func addTestament(_ topic: String, _ said: inout Sayings) {
        let number = said.publications.count
        // Published when this one has gone: behind everything of its own, at a time unknown.
        said.publications.append(
            .init(publisher: -1 - number, session: id, topic: topic, includesPublisher: true))
        request(.meta) {
            "[48,\($0),{},\"wamp.session.add_testament\",[\"\(topic)\",[\(number)],{}]]"
        }
    }

    func leave() {
        stage = .leaving
        say(#"[6,{},"wamp.close.close_realm"]"#)
    }

    func reset() {
        client.push()
        client.socket.reset()
        hasReset = true
        stage = .over
    }
}
