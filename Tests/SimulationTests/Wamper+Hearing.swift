// Wamper, hearing — every message is held against the promises as it arrives.

import Bytes
import Codecs
import DialectKit
import Engine
import WAMP
import WebSocket

@testable import WAMPRouter

extension Wamper {
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

    func hear(_ octets: [UInt8], _ said: inout Sayings) {
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

    func take(_ octets: [UInt8], _ said: inout Sayings) {
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

    func take(
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

    func goodbye(_ reason: String) {
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

    func reply(_ message: Message, _ revocation: UInt64?) {
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
    func revoked(_ code: MessageCode, _ id: UInt64?) {
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

    func event(_ message: Message, _ numbers: [UInt64], _ said: Sayings) {
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

    func invocation(_ message: Message, _ numbers: [UInt64], _ said: inout Sayings) {
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
    func part(_ message: Message, _ number: Int, _ place: Int) {
        // Answered already; the router did not know when it passed this on.
        guard let call = held[message.request] else { return }
        if call.number != number || call.parts != place || !call.isOpen {
            complain("part \(place) of call \(number) behind \(call.parts) of \(call.number)")
        }
        held[message.request]!.parts += 1
        held[message.request]!.isOpen = message.options.has(.progress)
    }

    func progress(_ message: Message, _ numbers: [UInt64]) {
        guard let call = calls[message.request] else {
            return complain("a part of an answer to \(message.request), which is over")
        }
        calls[message.request]!.progress += 1
        if numbers != [UInt64(call.number), UInt64(call.progress + 1)] {
            complain("part \(call.progress + 1) of call \(call.number) is \(numbers)")
        }
    }

    /// - Parameter numbers: What the callee sent along; `nil` if the router answered.
    func finished(_ request: UInt64, _ numbers: [UInt64]?) {
        let call = calls.removeValue(forKey: request)!
        answerCount += 1
        if let numbers, numbers != [UInt64(call.number)] {
            complain("call \(call.number) was answered with \(numbers)")
        }
    }
}
