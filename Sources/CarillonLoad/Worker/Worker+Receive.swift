// Receiving — from a buffer of the ring to what a message says about the server.
//
// Hot path. Per message: one frame header, the UTF-8 check of its text, five words of hexadecimal,
// a comparison of the filler, one word of the sequence check, one bucket of the histogram.

internal import Bytes
internal import CSystem
internal import Glibc
internal import Measurement
internal import Uring
internal import WebSocket

extension Worker {
    mutating func armReceive(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        guard unsafe !client.pointee.isReceiving else { return }
        unsafe client.pointee.isReceiving = true
        let token = LoadToken(.receive, slot: slot, generation: unsafe client.pointee.generation)
        ring.receive(from: unsafe client.pointee.socket, token: token.rawValue)
    }

    mutating func cancelReceive(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        guard unsafe client.pointee.isReceiving else { return }
        let token = LoadToken(.receive, slot: slot, generation: unsafe client.pointee.generation)
        ring.cancel(token.rawValue, token: LoadToken(.cancel).rawValue)
    }

    mutating func received(_ token: LoadToken, _ completion: Completion) {
        defer { if let buffer = completion.buffer { ring.recycle(buffer) } }
        guard token.slot < clients.count else { return }
        let slot = token.slot
        let client = unsafe clients.pointer(slot)
        guard unsafe client.pointee.generation == token.generation else { return }
        if !completion.hasMore { unsafe client.pointee.isReceiving = false }
        if completion.result > 0, let buffer = completion.buffer {
            let size = Int(completion.result)
            tally.octetsReceived += UInt64(size)
            unsafe take(ring.octets(of: buffer, size: size), slot)
        } else {
            switch -completion.result {
            case 0: wasClosed(slot, "the server ended a connection without a close frame")
            case ENOBUFS:
                // The next turn has buffers again.
                starved.append(slot)
                return
            case ECANCELED, EINTR, EAGAIN: break
            default: wasClosed(slot, Self.explain(-completion.result, plan))
            }
        }
        guard unsafe !client.pointee.isReceiving else { return }
        if unsafe client.pointee.phase == .ending {
            closeIfQuiet(slot)
        } else if unsafe client.pointee.phase != .closed, unsafe !isDeaf(client.pointee) {
            armReceive(slot)
        }
    }

    private func isDeaf(_ client: borrowing Client) -> Bool {
        client.isStuck && client.phase == .ready
    }

    mutating func resumeStarved() {
        guard !starved.isEmpty else { return }
        let waiting = starved
        starved.removeAll(keepingCapacity: true)
        for slot in waiting {
            let phase = unsafe clients.pointer(slot).pointee.phase
            if phase == .ending {
                closeIfQuiet(slot)
            } else if phase != .closed {
                armReceive(slot)
            }
        }
    }

    /// Reads `octets` and sends what they make necessary: it leaves together.
    private mutating func take(_ octets: UnsafeMutableRawBufferPointer, _ slot: Int) {
        if let exchange = unsafe clients.pointer(slot).pointee.exchange {
            unsafe takeAnswers(octets.bytes, slot, exchange)
            return
        }
        let start = arena.count
        isTaking = true
        unsafe takeFrames(octets, slot)
        isTaking = false
        if arena.count > start { queue(from: start, for: slot) }
    }

    /// Reads frames out of `octets`, behind the answer to the handshake if that is in them.
    private mutating func takeFrames(_ octets: UnsafeMutableRawBufferPointer, _ slot: Int) {
        let client = unsafe clients.pointer(slot)
        var offset = 0
        if unsafe client.pointee.phase == .opening {
            guard let used = unsafe readAnswer(slot, octets) else { return }
            offset = used
        }
        while unsafe client.pointee.phase == .greeting || client.pointee.phase == .ready {
            let event: Reception
            do throws(FrameError) {
                event = try unsafe client.pointee.receiver.next(
                    octets, offset: &offset, limits: limits, inflaters: &inflaters)
            } catch {
                tally.protocolErrors += 1
                unsafe client.pointee.isCutOff = unsafe client.pointee.isAudience
                wasClosed(slot, "a frame breaks RFC 6455: \(error)")
                break
            }
            if case .needsMore = event { break }
            switch event {
            case .message(let kind, let place):
                isUncheckedText = kind == .text
                let payload = unsafe client.pointee.receiver.payload(of: place, input: octets)
                unsafe heard(payload, slot)
            case .ping(let place):
                let payload = unsafe client.pointee.receiver.payload(of: place, input: octets)
                unsafe FrameWriter.write(.pong, payload.bytes, mask: freshMask(), into: &arena)
                unsafe client.pointee.receiver.releaseMessage()
            case .pong: unsafe client.pointee.receiver.releaseMessage()
            case .close(let code, let reason):
                let text = unsafe client.pointee.receiver.payload(of: reason, input: octets)
                let words = unsafe String(decoding: unsafe text.prefix(120), as: UTF8.self)
                let number = code.map { "\($0.rawValue)" } ?? "no code"
                wasClosed(
                    slot,
                    "the server closed a connection with \(number)"
                        + (words.isEmpty ? "" : ": \(words)"))
            case .needsMore, .yielded: break
            }
        }
        if unsafe !client.pointee.receiver.isInsideMessage {
            unsafe client.pointee.receiver.releaseMessage()
        }
    }

    /// One message, by what its client is.
    @inline(__always)
    private mutating func heard(_ payload: UnsafeRawBufferPointer, _ slot: Int) {
        if wamp != nil {
            unsafe heardWAMP(payload, slot)
            return
        }
        let client = unsafe clients.pointer(slot)
        if unsafe client.pointee.phase == .greeting {
            // For a subscriber this may be an early delivery; it is checked by the next one: a
            // stream that begins is owed nothing from before.
            unsafe heardGreeting(slot, payload)
            return
        }
        let place = Int(unsafe client.pointee.population)
        switch unsafe client.pointee.role {
        case .subscriber: unsafe delivered(payload, slot)
        case .requester:
            switch unsafe readStamp(payload, slot) {
            case .none: unsafe heardFailure(payload, slot, place)
            case .damaged:
                damaged(slot)
                settle(slot)
            case .stamp(let stamp, let isWhole, _): answered(stamp, isWhole: isWhole, slot)
            }
        case .publisher:
            if let refusal = groups[place].population.speech.refusal,
                unsafe Self.contains(payload, refusal)
            {
                tally.protocolErrors += 1
                wrongCount += 1
                let words = unsafe String(decoding: unsafe payload.prefix(160), as: UTF8.self)
                problems.add("a publication was refused: \(words)")
            }
        case .visitor, .idler, .callee: break
        }
    }

    /// A message for a requester without a payload: is it an answer all the same?
    private mutating func heardFailure(
        _ payload: UnsafeRawBufferPointer, _ slot: Int, _ place: Int
    ) {
        guard let failure = groups[place].population.speech.failure,
            unsafe Self.contains(payload, failure)
        else { return }
        let words = unsafe String(decoding: unsafe payload.prefix(160), as: UTF8.self)
        problems.add("a request failed: \(words)")
        damaged(slot)
        settle(slot)
    }

    /// A message for a subscriber; some servers put several deliveries into one.
    private mutating func delivered(_ payload: UnsafeRawBufferPointer, _ slot: Int) {
        var end = unsafe deliveredOne(payload, slot)
        while payload.count - end >= Stamp.size {
            let rest = unsafe UnsafeRawBufferPointer(rebasing: payload[end...])
            guard let mark = unsafe Self.findMark(rest) else { return }
            let next = unsafe UnsafeRawBufferPointer(rebasing: rest[mark...])
            end += mark + (unsafe deliveredOne(next, slot))
        }
    }

    /// The first delivery in `payload`.
    ///
    /// - Returns: Where it ends.
    @inline(__always)
    private mutating func deliveredOne(_ payload: UnsafeRawBufferPointer, _ slot: Int) -> Int {
        switch unsafe readStamp(payload, slot) {
        case .none: return payload.count  // The server talks of something else.
        case .damaged:
            damaged(slot)
            return payload.count
        case .stamp(let stamp, let isWhole, let end):
            arrived(stamp, isWhole: isWhole, slot)
            return end
        }
    }
}
