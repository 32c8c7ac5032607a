// Sending — frames of a turn side by side in one arena, one submission per client and turn.
//
// A send is done at submission and says nothing when all of it was taken, which is the rule. What a
// socket does not take waits in the client's outbox, in front of whatever comes after.

internal import Bytes
internal import Glibc
internal import Measurement
internal import Uring
internal import WebSocket

extension Worker {
    /// Queues one text or binary message.
    mutating func say(
        _ template: Template, _ values: Template.Values, for slot: Int, isBinary: Bool
    ) {
        var text = takeMessage()
        template.write(values, into: &text)
        let start = arena.count
        let mask = freshMask()
        FrameWriter.writeMessage(
            isBinary ? .binary : .text, text.octets, mask: mask, into: &arena)
        swap(&text, &message)
        queue(from: start, for: slot)
    }

    /// Appends a message with a stamped payload to the arena, deflated if that was agreed on.
    mutating func write(
        _ template: Template, _ values: Template.Values, _ stamp: Stamp, _ slot: Int,
        isBinary: Bool
    ) {
        var text = takeMessage()
        let seed = self.seed
        template.write(values, into: &text) { stamp.writePayload(into: &$0, seed: seed) }
        frame(text, slot, isBinary: isBinary)
        swap(&text, &message)
    }

    /// Appends a message to the arena, deflated if that was agreed on.
    mutating func frame(_ text: borrowing OctetBuffer, _ slot: Int, isBinary: Bool) {
        let client = unsafe clients.pointer(slot)
        let kind: MessageKind = isBinary ? .binary : .text
        let mask = freshMask()
        if var deflater = unsafe client.pointee.deflater.take() {
            FrameWriter.writeMessage(
                kind, text.octets, deflater: &deflater, scratch: &scratch, mask: mask,
                into: &arena)
            unsafe client.pointee.deflater = consume deflater
        } else {
            FrameWriter.writeMessage(kind, text.octets, mask: mask, into: &arena)
        }
    }

    /// The buffer that messages are put together in, empty; who takes it swaps it back.
    mutating func takeMessage() -> OctetBuffer {
        var taken = OctetBuffer(capacity: 0)
        swap(&taken, &message)
        taken.removeAll()
        return taken
    }

    /// What stands in the arena from `start` on is for this client.
    mutating func queue(from start: Int, for slot: Int) {
        guard !isTaking else { return }
        let client = unsafe clients.pointer(slot)
        tally.octetsSent += UInt64(arena.count - start)
        if unsafe client.pointee.sendTurn == turn, unsafe Int(client.pointee.sendEnd) == start,
            unsafe client.pointee.outbox == nil
        {
            unsafe client.pointee.sendEnd = UInt32(arena.count)
            return
        }
        if unsafe client.pointee.outbox == nil, unsafe client.pointee.sendTurn != turn {
            unsafe client.pointee.sendTurn = turn
            unsafe client.pointee.sendStart = UInt32(start)
            unsafe client.pointee.sendEnd = UInt32(arena.count)
            sends.append(slot)
            return
        }
        // A second run of this turn, or behind what waits already.
        if unsafe client.pointee.outbox == nil {
            unsafe client.pointee.outbox = Outbox(RawSpan())
            unsent.append(slot)
        }
        if let outbox = unsafe client.pointee.outbox {
            outbox.waiting.append(arena.octets.extracting(start..<arena.count))
        }
        arena.truncate(to: start)
    }

    /// Submits the sends of this turn. The arena stays as it is until the ring was entered.
    mutating func flush() {
        if !unsent.isEmpty {
            // Their runs of the turn before are known to be sent or waiting by now.
            let waiting = unsent
            unsent.removeAll(keepingCapacity: true)
            for slot in waiting {
                let client = unsafe clients.pointer(slot)
                if unsafe client.pointee.sendTurn == turn, !sends.isEmpty {
                    unsent.append(slot)
                } else if unsafe !client.pointee.isSending {
                    sendOutbox(slot)
                }
            }
        }
        guard !sends.isEmpty else { return }
        let base = unsafe arena.withMutableOctets { $0.baseAddress }
        if let base = unsafe base {
            for slot in sends {
                let client = unsafe clients.pointer(slot)
                guard unsafe client.pointee.phase != .closed,
                    unsafe client.pointee.phase != .ending,
                    unsafe client.pointee.sendTurn == turn
                else { continue }
                let start = Int(unsafe client.pointee.sendStart)
                let token = LoadToken(
                    .immediateSend, slot: slot, generation: unsafe client.pointee.generation)
                unsafe ring.send(
                    base + start, size: Int(client.pointee.sendEnd) - start,
                    to: client.pointee.socket, mode: .immediate, token: token.rawValue)
            }
        }
        sends.removeAll(keepingCapacity: true)
    }

    /// An immediate send took less than all of it; the rest goes in front of the outbox.
    mutating func sendFellShort(_ token: LoadToken, _ result: Int32) {
        guard token.slot < clients.count else { return }
        let slot = token.slot
        let client = unsafe clients.pointer(slot)
        guard unsafe client.pointee.generation == token.generation,
            unsafe client.pointee.phase != .closed, unsafe client.pointee.phase != .ending
        else { return }
        switch -result {
        case EAGAIN, EINTR, ENOBUFS, ENOMEM, Int32.min..<0: break
        case 0: break
        default:
            wasClosed(slot, Self.explain(-result, plan))
            return
        }
        let start = Int(unsafe client.pointee.sendStart) + Int(max(result, 0))
        let end = Int(unsafe client.pointee.sendEnd)
        guard start < end, end <= flyingArena.count else { return }
        let fresh = Outbox(flyingArena.octets.extracting(start..<end))
        if let behind = unsafe client.pointee.outbox {
            fresh.waiting.append(behind.waiting.octets)
        }
        unsafe client.pointee.outbox = fresh
        submitOutbox(slot, fresh)
    }

    /// Sends what waits.
    private mutating func sendOutbox(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        guard let outbox = unsafe client.pointee.outbox,
            unsafe client.pointee.phase != .ending, unsafe client.pointee.phase != .closed
        else { return }
        if outbox.sentCount == outbox.flying.count {
            outbox.flying.removeAll()
            outbox.sentCount = 0
            swap(&outbox.flying, &outbox.waiting)
        }
        guard !outbox.flying.isEmpty else {
            unsafe client.pointee.outbox = nil
            return
        }
        submitOutbox(slot, outbox)
    }

    private mutating func submitOutbox(_ slot: Int, _ outbox: Outbox) {
        let client = unsafe clients.pointer(slot)
        unsafe client.pointee.isSending = true
        let token = LoadToken(
            .patientSend, slot: slot, generation: unsafe client.pointee.generation)
        let socket = unsafe client.pointee.socket
        let size = outbox.flying.count - outbox.sentCount
        let base = unsafe outbox.flying.withMutableOctets { $0.baseAddress }
        guard let base = unsafe base else { return }
        unsafe ring.send(
            base + outbox.sentCount, size: size, to: socket, mode: .patient,
            token: token.rawValue)
    }

    mutating func patientSendEnded(_ token: LoadToken, _ result: Int32) {
        guard token.slot < clients.count else { return }
        let slot = token.slot
        let client = unsafe clients.pointer(slot)
        guard unsafe client.pointee.generation == token.generation else { return }
        unsafe client.pointee.isSending = false
        guard unsafe client.pointee.phase != .ending else {
            closeIfQuiet(slot)
            return
        }
        switch -result {
        case Int32.min...0:
            unsafe client.pointee.outbox?.sentCount += Int(result)
            sendOutbox(slot)
        case EAGAIN, EINTR, ENOBUFS, ENOMEM: sendOutbox(slot)
        default: wasClosed(slot, Self.explain(-result, plan))
        }
    }
}
