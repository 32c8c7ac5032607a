// fuzzWAMP — whatever a peer sends, it is a message or has an answer; places lie in its octets, and
// what is forwarded is a message again.
//
// The first octet chooses the serialization (value modulo 3), then who reads (router in one of four
// phases, or a client) and the rules for URIs. The rest is one message, and then once more a batch
// and a RawSocket stream that is cut in the middle.

import Bytes
import Codecs
import WAMP

func fuzzWAMP(_ bytes: UnsafeRawBufferPointer) {
    let input = unsafe bytes.bytes
    guard input.byteCount > 0 else { return }
    let choice = Int(input[octet: 0])
    let octets = input.extracting(1..<input.byteCount)
    let serialization = Serialization.allCases[choice % 3]
    let phase = choice / 3 % 5
    let rules: URIRules = choice / 15 % 2 == 0 ? .loose : .strict
    let receiver: Receiver =
        phase == 4 ? .client : .router(SessionPhase.allCases[phase], rules)
    checkBatch(octets, serialization)
    checkRawSocket(octets)
    // The framing lets only UTF-8 through.
    guard serialization != .json || UTF8Checker.accepts(octets) else { return }
    do throws(MessageError) {
        check(try Message.decode(octets, as: serialization, for: receiver), octets)
    } catch {
        check(error)
    }
}

private func check(_ message: Message, _ octets: RawSpan) {
    let serialization = message.serialization
    for place in [message.details, message.arguments, message.keywords] where !place.isAbsent {
        precondition(isValue(place.encoded(in: octets), serialization))
    }
    precondition(message.keywords.isAbsent || !message.arguments.isAbsent)
    let filters = message.options.filters
    for place in [filters.eligible, filters.exclude] where !place.isAbsent {
        precondition(isValue(place.encoded(in: octets), serialization))
        _ = place.ids(in: octets, as: serialization)
    }
    _ = filters.excludeAuthID.texts(in: octets, as: serialization)
    _ = message.hello.authMethods.texts(in: octets, as: serialization)
    _ = message.details.member("authextra", in: octets, as: serialization)
    if message.code == .publish, let topic = message.nameText(in: octets) {
        precondition((try? WAMPURI.room(unsafe topic.span.bytes)) != nil)
    }
    if message.code == .subscribe, let topic = message.nameText(in: octets) {
        let policy = message.options.match
        precondition((try? WAMPURI.pattern(unsafe topic.span.bytes, policy)) != nil)
    }
    forward(message, octets, JSONWriter.self)
    forward(message, octets, MessagePackWriter.self)
    forward(message, octets, CBORWriter.self)
}

/// An event with the payload of a message is taken by a client.
private func forward<Writer: ItemWriter>(
    _ message: Message, _ octets: RawSpan, _ writer: Writer.Type
) {
    var event = OctetBuffer()
    let payload = message.payload(in: octets)
    do throws(CodecError) {
        try MessageEncoder<Writer>.event(
            subscription: 1, publication: 2, payload: payload, into: &event)
    } catch {
        preconditionFailure("what was decoded can be forwarded")
    }
    let again = try? Message.decode(event.octets, as: Writer.serialization, for: .client)
    precondition(again?.payloadCount == payload.count)
}

private func check(_ error: MessageError) {
    var answer = OctetBuffer()
    guard MessageEncoder<JSONWriter>.answer(error, into: &answer) else {
        precondition(error == .ignored)
        return
    }
    precondition((try? Message.decode(answer.octets, as: .json, for: .client)) != nil)
}

private func checkBatch(_ octets: RawSpan, _ serialization: Serialization) {
    var framing = BatchFraming(serialization)
    var position = 0
    var end = 0
    while let range = try? framing.next(in: octets, at: &position) {
        precondition(range.lowerBound >= end && range.upperBound <= position)
        precondition(position > end && position <= octets.byteCount)
        end = position
    }
}

/// The frames of a stream and how it ends, given whole or cut at `cut`.
private func rawSocketEvents(_ octets: RawSpan, cut: Int) -> [String] {
    var receiver = RawSocketReceiver(payloadLimit: 4096)
    var events: [String] = []
    for range in [0..<cut, cut..<octets.byteCount] {
        let input = octets.extracting(range)
        var position = 0
        do throws(RawSocketError) {
            while let frame = try receiver.next(in: input, at: &position) {
                switch frame.payload {
                case .input(let range):
                    events.append("\(frame.kind) \(input.extracting(range).array)")
                case .held: events.append("\(frame.kind) \(receiver.held.array)")
                }
            }
        } catch {
            return events + ["\(error)"]
        }
    }
    return events + ["\(receiver.pendingSize)"]
}

private func checkRawSocket(_ octets: RawSpan) {
    let whole = rawSocketEvents(octets, cut: 0)
    precondition(rawSocketEvents(octets, cut: octets.byteCount / 2) == whole)
    precondition(rawSocketEvents(octets, cut: min(3, octets.byteCount)) == whole)
    _ = try? RawSocketHandshake.request(octets)
    _ = try? RawSocketHandshake(.json).answer(octets)
}
