// Hearing a WAMP router — from a WebSocket message to what it says about the router.
//
// Hot path of a fan-out: a router encodes an event once per subscription, so what comes is compared
// with what was read for the first subscriber (`VerifiedMessages`) and not parsed again. Everything
// else goes through the decoder of the `WAMP` module: results and invocations, which differ from
// each other anyway, and the first copy of an event.

internal import Bytes
internal import Codecs
internal import Measurement
internal import WAMP

extension Worker {
    /// One WebSocket message of a router.
    @inline(__always)
    mutating func heardWAMP(_ payload: UnsafeRawBufferPointer, _ slot: Int) {
        let client = unsafe clients.pointer(slot)
        var offset = 0
        if unsafe client.pointee.role == .subscriber && client.pointee.phase == .ready
            && isUncheckedText != speaksBinary
        {
            while let size = unsafe heardAgain(payload, from: offset, slot) {
                offset += size
                if offset == payload.count { return }
            }
        }
        unsafe heardAnew(payload, from: offset, slot)
    }

    /// Takes the event at `offset` if it is known octet by octet.
    ///
    /// - Returns: Its size with everything that frames it in a batch.
    @inline(__always)
    private mutating func heardAgain(
        _ payload: UnsafeRawBufferPointer, from offset: Int, _ slot: Int
    ) -> Int? {
        let mark = offset + markHint
        guard let start = payload.baseAddress, mark + Stamp.size <= payload.count,
            unsafe start.loadUnaligned(fromByteOffset: mark, as: UInt32.self) == Stamp.mark
        else { return nil }
        let rest = unsafe UnsafeRawBufferPointer(
            start: start + offset, count: payload.count - offset)
        let known = unsafe verified.event(
            beginning: rest, mark: markHint,
            subscription: clients.pointer(slot).pointee.subscription)
        guard let (stamp, size) = known, speaksBatches || size == rest.count else { return nil }
        arrived(stamp, isWhole: true, slot)
        return size
    }

    /// Reads what is not known yet.
    @inline(never)
    private mutating func heardAnew(
        _ payload: UnsafeRawBufferPointer, from offset: Int, _ slot: Int
    ) {
        guard let speech = wamp else { return }
        let isText = isUncheckedText
        isUncheckedText = false
        guard isText != speech.isBinary else {
            return brokeProtocol(slot, payload.count, "a frame is of the wrong type")
        }
        if isText, unsafe !UTF8Checker.accepts(payload.bytes) {
            return brokeProtocol(slot, payload.count, "a text message is not UTF-8")
        }
        guard speech.isBatched else {
            unsafe heardMessage(payload, in: payload, slot, speech)
            return
        }
        var framing = BatchFraming(speech.serialization)
        var position = offset
        do throws(MessageError) {
            var begin = position
            while let place = try unsafe framing.next(in: payload.bytes, at: &position) {
                let unit = unsafe UnsafeRawBufferPointer(rebasing: payload[begin..<position])
                let octets = unsafe UnsafeRawBufferPointer(rebasing: payload[place])
                unsafe heardMessage(octets, in: unit, slot, speech)
                begin = position
            }
        } catch {
            brokeProtocol(slot, payload.count - position, "a batch is broken")
        }
    }

    /// One message; `unit` is what stands for it in the WebSocket message, framing included.
    private mutating func heardMessage(
        _ octets: UnsafeRawBufferPointer, in unit: UnsafeRawBufferPointer, _ slot: Int,
        _ speech: WAMPSpeech
    ) {
        let client = unsafe clients.pointer(slot)
        let message: Message
        do throws(MessageError) {
            message = try unsafe Message.decode(
                octets.bytes, as: speech.serialization, for: .client)
        } catch {
            return brokeProtocol(slot, octets.count, Self.explain(error))
        }
        switch unsafe client.pointee.phase {
        case .greeting: return unsafe heardInGreeting(message, octets.bytes, slot, speech)
        case .ready: break
        case .closed, .opening, .ending: return
        }
        switch (message.code, unsafe client.pointee.role) {
        case (.event, .subscriber): unsafe heardEvent(message, octets, in: unit, slot, speech)
        case (.result, .requester): unsafe heardResult(message, octets, slot, speech)
        case (.error, .requester):
            problems.add("a call was refused: \(unsafe WAMPSpeech.name(message, in: octets.bytes))")
            damaged(slot)
            settle(slot)
        case (.invocation, .callee):
            guard unsafe message.target == client.pointee.subscription else {
                return brokeProtocol(slot, 0, "an invocation is of another registration")
            }
            unsafe write(
                .yield(message.request), message.payload(in: octets.bytes), speech, slot)
        case (.interrupt, .callee): break
        case (.goodbye, _), (.abort, _):
            guard stage != .finished else { return }
            unsafe wasClosed(
                slot, "the router ended a session: \(speech.describe(message, in: octets.bytes))")
        default:
            unsafe brokeProtocol(
                slot, 0, "unexpected: \(speech.describe(message, in: octets.bytes))")
        }
    }

    /// An event that was not seen before.
    private mutating func heardEvent(
        _ message: Message, _ octets: UnsafeRawBufferPointer, in unit: UnsafeRawBufferPointer,
        _ slot: Int, _ speech: WAMPSpeech
    ) {
        let client = unsafe clients.pointer(slot)
        guard unsafe message.target == client.pointee.subscription else {
            problems.add("an event is of a subscription that its receiver does not have")
            return damaged(slot)
        }
        switch unsafe readPayload(message, octets, slot, speech) {
        case .none: break  // Somebody else publishes there as well.
        case .damaged: damaged(slot)
        case .payload(let stamp, let isWhole, let mark):
            if isWhole, let start = octets.baseAddress, let unitStart = unit.baseAddress {
                markHint = unsafe start - unitStart + mark
                unsafe verified.keep(stamp, unit, mark: markHint, subscription: message.target)
            }
            arrived(stamp, isWhole: isWhole, slot)
        }
    }

    private mutating func heardResult(
        _ message: Message, _ octets: UnsafeRawBufferPointer, _ slot: Int, _ speech: WAMPSpeech
    ) {
        switch unsafe readPayload(message, octets, slot, speech) {
        case .none, .damaged:
            damaged(slot)
            settle(slot)
        case .payload(let stamp, let isWhole, _):
            // The right payload under another call's id is another call's answer.
            answered(
                stamp, isWhole: isWhole && message.request == requestID(stamp.number, slot), slot)
        }
    }

    private enum Reading {
        case none
        /// There should be a payload, and is none that can be read.
        case damaged
        /// With where its stamp begins.
        case payload(Stamp, isWhole: Bool, mark: Int)
    }

    /// Reads the payload of an event or a result, octet by octet.
    private mutating func readPayload(
        _ message: Message, _ octets: UnsafeRawBufferPointer, _ slot: Int, _ speech: WAMPSpeech
    ) -> Reading {
        let expected = Int(unsafe clients.pointer(slot).pointee.expectedSize)
        guard let start = octets.baseAddress,
            let place = unsafe speech.payloadPlace(message, in: octets.bytes)
        else { return octets.count >= expected ? .damaged : .none }
        let at = place.lowerBound
        guard place.count >= Stamp.size,
            unsafe start.loadUnaligned(fromByteOffset: at, as: UInt32.self) == Stamp.mark,
            let stamp = unsafe Stamp(start + at, seed: seed)
        else { return place.count + 1 >= expected ? .damaged : .none }
        let filler = unsafe UnsafeRawBufferPointer(
            rebasing: octets[at + Stamp.size..<place.upperBound])
        let isWhole =
            unsafe Int(stamp.payloadSize) == place.count
            && Filler.shared.matches(filler, number: stamp.number)
        return .payload(stamp, isWhole: isWhole, mark: at)
    }

    /// Something is not WAMP. What is as long as a payload should have been a message of ours.
    private mutating func brokeProtocol(_ slot: Int, _ size: Int, _ why: String) {
        let client = unsafe clients.pointer(slot)
        problems.add("WAMP: \(why)")
        let carries = unsafe client.pointee.role == .subscriber || client.pointee.role == .requester
        if unsafe carries && client.pointee.phase == .ready
            && size >= Int(client.pointee.expectedSize)
        {
            damaged(slot)
            if unsafe client.pointee.role == .requester { settle(slot) }
        } else {
            tally.protocolErrors += 1
            wrongCount += 1
        }
    }

    private static func explain(_ error: MessageError) -> String {
        if case .abort(_, let message) = error.answer { return message }
        return "a message is refused: \(error)"
    }
}
