// Wamper — one WAMP client of a schedule: what it does, what it is owed, and what it may not get.
//
// The promises of reference §6 are checked as each message arrives, from the client's side of the
// stream. All payload is numbers: an event carries the number of its publication, a call its own.

import Bytes
import Codecs
import DialectKit
import Engine
import WAMP
import WebSocket

@testable import WAMPRouter

/// What everybody in a schedule has said so far.
struct Sayings {
    struct Publication {
        let publisher: Int
        /// The session it was published in; whoever begins another is a stranger to it.
        let session: UInt64
        let topic: String
        /// Whether its publisher wants it, too.
        let includesPublisher: Bool
        var isRetained = false
        var isAcknowledged = false
    }

    struct Call {
        let caller: Int
        /// Whom it reached.
        var callee: Int?
        /// Its first callee sent it on, so that it may overtake.
        var isRerouted = false
    }

    var publications: [Publication] = []
    var calls: [Call] = []
}

final class Wamper {
    enum Stage { case connecting, open, greeting, joined, leaving, over }

    struct Topic: Hashable {
        let uri: String
        let match: String

        func matches(_ topic: String) -> Bool {
            switch match {
            case "prefix": return topic.hasPrefix(uri)
            case "wildcard":
                let (pattern, parts) = (
                    uri.split(separator: ".", omittingEmptySubsequences: false),
                    topic.split(separator: ".", omittingEmptySubsequences: false)
                )
                return pattern.count == parts.count
                    && zip(pattern, parts).allSatisfy { $0.isEmpty || $0 == $1 }
            default: return topic == uri
            }
        }
    }

    private enum Request {
        case subscribe(Topic, expectsRetained: Bool)
        case unsubscribe(UInt64)
        case publish(Int)
        case register
        case unregister(UInt64)
        case meta
    }

    private struct Call {
        let number: Int
        let procedure: String
        var progress = 0
        /// Parts of its arguments that were sent; `nil` when none follow.
        var parts: Int?
        /// Canceled by one who never announced that it can: it may get an answer or none.
        var isAbandoned = false
    }

    private struct Held {
        let number: Int
        let wantsProgress: Bool
        var progress = 0
        var parts = 0
        var isOpen: Bool
    }

    private struct Owed: Hashable {
        let number: Int
        let subscription: UInt64
    }

    /// Why one is sent away that has not joined: the router stops, or has waited long enough.
    private static let patience = [
        "wamp.close.system_shutdown", "wamp.error.authentication_failed",
    ]

    let number: Int
    let client: SimulatedClient
    let form: WAMPForm
    /// Announces that it can cancel, and be told to stop.
    let cancels: Bool
    private(set) var stage = Stage.connecting
    private(set) var id: UInt64 = 0
    private(set) var complaints: [String] = []
    private(set) var hasReset = false
    private(set) var answerCount = 0

    private var requestCount = 0
    private var requests: [UInt64: Request] = [:]
    private var calls: [UInt64: Call] = [:]
    /// In force from reply to reply.
    private var subscriptions: [UInt64: Topic] = [:]
    private var ending: Set<UInt64> = []
    private var wanted: Set<Topic> = []
    private var owed: Set<Owed> = []
    private var delivered: Set<Owed> = []
    private var lastPublication: [Int: Int] = [:]
    private var registrations: Set<UInt64> = []
    private var held: [UInt64: Held] = [:]
    private var issued: UInt64 = 0
    private var lastCall: [Int: Int] = [:]
    /// Subscriptions it was refused to end, since somebody took them or killed it.
    private var refused: Set<UInt64> = []
    /// Subscriptions that must begin with a retained event.
    private var awaitsRetained: Set<UInt64> = []
    /// What it watches, by subscription.
    private(set) var watch: MetaWatch?
    private(set) var log: [String] = []

    init(_ number: Int, _ client: SimulatedClient, _ form: WAMPForm, cancels: Bool) {
        self.number = number
        self.client = client
        self.form = form
        self.cancels = cancels
    }

    func complain(_ what: String) {
        if complaints.count < 5 { complaints.append("client \(number) (\(form)): \(what)") }
    }

    /// Whether everything owed has to arrive.
    var isHealthy: Bool {
        stage == .joined && client.isOpen && !client.hasReceivedClose && !client.hasSentClose
            && !hasReset && !client.socket.wasBroken && !client.socket.isReset
            && !client.socket.isFinished
    }

    var isGone: Bool { stage == .over || hasReset || client.socket.isFinished }
    var hasCalls: Bool { calls.values.contains { !$0.isAbandoned } }
    var holdsInvocations: Bool { !held.isEmpty }

    // MARK: saying

    private func say(_ json: String) {
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

    private func request(_ request: Request, _ json: (Int) -> String) {
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

    // MARK: hearing

    /// Reads at most `limit` octets and takes what is whole.
    ///
    /// - Returns: Whether anything came.
    func read(_ limit: Int, _ said: inout Sayings) -> Bool {
        let count = client.read(limit)
        if stage == .connecting, client.isOpen { stage = .open }
        for arrival in client.takeArrivals() {
            switch arrival {
            case .message(let text): hear(Array(text.utf8), &said)
            case .binary(let octets): hear(octets, &said)
            case .close(let code):
                log.append("< close \(code ?? 0)")
                switch code {
                case 1000, 1001: break
                case 1013 where client.socket.wasFull: break
                default: complain("was closed with \(code ?? 0)")
                }
                stage = .over
            case .broken(let what): complain("got what is no WebSocket: \(what)")
            case .response(let status) where status != 101: complain("got status \(status)")
            default: break
            }
        }
        return count > 0
    }

    private func hear(_ octets: [UInt8], _ said: inout Sayings) {
        guard form.isBatched else { return take(octets, &said) }
        var framing = BatchFraming(form.serialization)
        var position = 0
        do {
            while let range = try framing.next(in: unsafe octets.span.bytes, at: &position) {
                take(Array(octets[range]), &said)
            }
        } catch {
            complain("got a broken batch: \(error)")
        }
    }

    private func take(_ octets: [UInt8], _ said: inout Sayings) {
        let span = octets.span
        let bytes = unsafe span.bytes
        guard let message = try? Message.decode(bytes, as: form.serialization, for: .client) else {
            return complain("got what is no message: \(octets)")
        }
        var numbers: [UInt64] = []
        if !message.arguments.isAbsent {
            message.arguments.forEachItem(in: bytes, as: form.serialization) { item in
                if let number = item.unsigned(in: bytes, as: form.serialization) {
                    numbers.append(number)
                } else if item.kind(in: bytes, as: form.serialization) == .map {
                    for key in ["session", "id"] as [StaticString] {
                        let member = item.member(key, in: bytes, as: form.serialization)
                        if let id = member.unsigned(in: bytes, as: form.serialization) {
                            numbers.append(id)
                        }
                    }
                }
            }
        }
        let name = message.nameText(in: bytes).map { String(decoding: $0, as: UTF8.self) } ?? ""
        if message.code == .abort, stage == .open || stage == .greeting,
            Self.patience.contains(name)
        {
            stage = .over
            return
        }
        log.append("< \(message.code) \(message.request) \(message.target) \(name) \(numbers)")
        switch stage {
        case .greeting:
            guard message.code == .welcome else { return complain("no welcome but \(log.last!)") }
            id = message.target
            stage = .joined
        case .joined, .leaving:
            var revocation: UInt64?
            if message.request == 0, !message.details.isAbsent {
                for key in ["subscription", "registration"] as [StaticString] {
                    let member = message.details.member(key, in: bytes, as: form.serialization)
                    revocation =
                        revocation ?? member.unsigned(in: bytes, as: form.serialization)
                }
            }
            take(message, name, numbers, revocation, &said)
        default: complain("got \(log.last!) while \(stage)")
        }
    }

    private func take(
        _ message: Message, _ name: String, _ numbers: [UInt64], _ revocation: UInt64?,
        _ said: inout Sayings
    ) {
        switch message.code {
        case .goodbye: goodbye(name)
        case .event: event(message, numbers, said)
        case .invocation: invocation(message, numbers, &said)
        case .interrupt:
            if message.request == 0 || message.request > issued {
                complain("was told to stop \(message.request), which it was never asked")
            }
            if !cancels { complain("was told to stop and cannot be") }
        case .result where message.options.has(.progress): progress(message, numbers)
        case .result:
            if calls[message.request] != nil { return finished(message.request, numbers) }
            reply(message, nil)
        case .error where message.requestType == .call:
            if calls[message.request] != nil {
                // An error of the router's has no number.
                return finished(message.request, name == "com.failed" ? numbers : nil)
            }
            reply(message, nil)
        default: reply(message, revocation)
        }
    }

    private func goodbye(_ reason: String) {
        let isAnswer = reason == "wamp.close.goodbye_and_out"
        if isAnswer, stage != .leaving { complain("an answer to no GOODBYE") }
        if !isAnswer, stage != .leaving { say(#"[6,{},"wamp.close.goodbye_and_out"]"#) }
        requests = [:]
        calls = [:]
        subscriptions = [:]
        ending = []
        wanted = []
        owed = []
        delivered = []
        refused = []
        awaitsRetained = []
        registrations = []
        held = [:]
        issued = 0
        lastCall = [:]
        requestCount = 0
        id = 0
        stage = isAnswer ? .open : .over
    }

    private func reply(_ message: Message, _ revocation: UInt64?) {
        if message.request == 0 { return revoked(message.code, revocation) }
        guard let request = requests.removeValue(forKey: message.request) else {
            return complain("\(message.code) to \(message.request), which was not asked")
        }
        switch (request, message.code) {
        case (.subscribe(let topic, let expectsRetained), .subscribed):
            refused.remove(message.target)
            ending.remove(message.target)
            // Who comes again may ask for what it has seen.
            delivered = delivered.filter { $0.subscription != message.target }
            if expectsRetained { awaitsRetained.insert(message.target) }
            subscriptions[message.target] = topic
            watch?.topics[message.target] = topic.uri
        case (.unsubscribe(let id), .unsubscribed):
            subscriptions[id] = nil
            ending.remove(id)
            owed = owed.filter { $0.subscription != id }
        case (.publish, .published), (.meta, .result), (.meta, .error): break
        case (.register, .registered): registrations.insert(message.target)
        case (.register, .error): break
        case (.unregister(let id), .unregistered): registrations.remove(id)
        // Killed or taken away, and not told so yet.
        case (.unsubscribe(let id), .error): if subscriptions[id] != nil { refused.insert(id) }
        // Asked twice, or taken away, which not everybody is told.
        case (.unregister(let id), .error) where !registrations.contains(id) || !cancels:
            registrations.remove(id)
        default: complain("\(message.code) is no answer to \(request)")
        }
        answerCount += 1
    }

    /// Somebody took it away (§7.12, §8.12).
    private func revoked(_ code: MessageCode, _ id: UInt64?) {
        guard let id else { return complain("lost what has no id") }
        if code == .unregistered {
            if registrations.remove(id) == nil { complain("lost registration \(id), not its own") }
            return
        }
        guard code == .unsubscribed, let topic = subscriptions.removeValue(forKey: id) else {
            // Its UNSUBSCRIBED was on the way.
            if code != .unsubscribed { complain("\(code) to no request") }
            return
        }
        if !ending.contains(id), !subscriptions.values.contains(topic) { wanted.remove(topic) }
        ending.remove(id)
        refused.remove(id)
        awaitsRetained.remove(id)
        owed = owed.filter { $0.subscription != id }
    }

    private func event(_ message: Message, _ numbers: [UInt64], _ said: Sayings) {
        guard let topic = subscriptions[message.target] else {
            return complain("an event of \(message.target), to which it is not subscribed")
        }
        if let uri = watch?.topics[message.target] {
            if let wrong = watch?.saw(uri, numbers) { complain(wrong) }
            return
        }
        guard let first = numbers.first, let number = Int(exactly: first),
            number < said.publications.count
        else { return complain("an event nobody published: \(numbers)") }
        let publication = said.publications[number]
        if !topic.matches(publication.topic) { complain("\(topic) got \(publication.topic)") }
        if publication.session == id, !publication.includesPublisher {
            complain("publication \(number) came back to its publisher")
        }
        let event = Owed(number: number, subscription: message.target)
        if !delivered.insert(event).inserted { complain("publication \(number) came twice") }
        if message.options.has(.retained) {
            if !publication.isRetained { complain("\(number) was not to be retained") }
            awaitsRetained.remove(message.target)
        } else {
            if let last = lastPublication[publication.publisher], last > number {
                complain("publication \(number) came behind \(last) of the same publisher")
            }
            lastPublication[publication.publisher] = number
        }
        owed.remove(event)
    }

    private func invocation(_ message: Message, _ numbers: [UInt64], _ said: inout Sayings) {
        guard numbers.count == 2, let number = Int(exactly: numbers[0]), number < said.calls.count
        else { return complain("a call of nobody: \(numbers)") }
        if message.request <= issued { return part(message, number, Int(numbers[1])) }
        issued += 1
        if message.request != issued { complain("invocation \(message.request), not \(issued)") }
        if !registrations.contains(message.target) {
            complain("was asked for registration \(message.target), which it does not have")
        }
        let caller = said.calls[number].caller
        if said.calls[number].callee != nil, !said.calls[number].isRerouted {
            complain("call \(number) reached two")
        }
        said.calls[number].callee = self.number
        if !said.calls[number].isRerouted {
            if numbers[1] != 0 { complain("call \(number) begins with part \(numbers[1])") }
            if let last = lastCall[caller], last >= number {
                complain("call \(number) came behind \(last) of the same caller")
            }
            lastCall[caller] = number
        }
        held[message.request] = Held(
            number: number, wantsProgress: message.options.has(.receiveProgress),
            parts: Int(numbers[1]) + 1, isOpen: message.options.has(.progress))
    }

    /// A further part of a call.
    private func part(_ message: Message, _ number: Int, _ place: Int) {
        // Answered already; the router did not know when it passed this on.
        guard let call = held[message.request] else { return }
        if call.number != number || call.parts != place || !call.isOpen {
            complain("part \(place) of call \(number) behind \(call.parts) of \(call.number)")
        }
        held[message.request]!.parts += 1
        held[message.request]!.isOpen = message.options.has(.progress)
    }

    private func progress(_ message: Message, _ numbers: [UInt64]) {
        guard let call = calls[message.request] else {
            return complain("a part of an answer to \(message.request), which is over")
        }
        calls[message.request]!.progress += 1
        if numbers != [UInt64(call.number), UInt64(call.progress + 1)] {
            complain("part \(call.progress + 1) of call \(call.number) is \(numbers)")
        }
    }

    /// - Parameter numbers: What the callee sent along; `nil` if the router answered.
    private func finished(_ request: UInt64, _ numbers: [UInt64]?) {
        let call = calls.removeValue(forKey: request)!
        answerCount += 1
        if let numbers, numbers != [UInt64(call.number)] {
            complain("call \(call.number) was answered with \(numbers)")
        }
    }

    // MARK: at rest

    func check(_ wampers: [Wamper], _ said: Sayings) {
        guard isHealthy else { return }
        for id in refused { complain("subscription \(id) was there and not to be ended") }
        for id in awaitsRetained { complain("subscription \(id) began without a retained event") }
        if let (request, what) = requests.first { complain("no answer to \(request): \(what)") }
        for (request, call) in calls where !call.isAbandoned {
            complain("no answer to call \(call.number), request \(request)")
        }
        calls = [:]
        for event in owed.sorted(by: { $0.number < $1.number }) {
            let publisher = said.publications[event.number].publisher
            let isCertain =
                said.publications[event.number].isAcknowledged || wampers[publisher].isHealthy
            if isCertain { complain("publication \(event.number) of \(publisher) never came") }
        }
        owed = []
    }
}
