// Leaving — every way a connection of ours ends, and what it is still owed then.

internal import Bytes
internal import Measurement
internal import Uring
internal import WebSocket

extension Worker {
    /// Closes a client's connection on purpose.
    mutating func leave(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        guard unsafe client.pointee.phase != .closed, unsafe client.pointee.phase != .ending else {
            return
        }
        if unsafe client.pointee.phase == .ready { readyCount -= 1 } else { inProgress -= 1 }
        stopListening(slot)
        unsafe client.pointee.phase = .ending
        unsafe client.pointee.opening = nil
        cancelReceive(slot)
        if unsafe client.pointee.isSending {
            let token = LoadToken(
                .patientSend, slot: slot, generation: unsafe client.pointee.generation)
            ring.cancel(token.rawValue, token: LoadToken(.cancel).rawValue)
        }
        closeIfQuiet(slot)
    }

    /// What it has not got by now is nobody's to wait for; what it missed stays lost.
    private mutating func stopListening(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        accounted += UInt64(unsafe client.pointee.openRequests)
        unsafe client.pointee.openRequests = 0
        guard unsafe client.pointee.isAudience else { return }
        unsafe client.pointee.isAudience = false
        let room = room(of: slot)
        for event in events(of: slot) {
            for (place, stream) in plan.streams.streams(ofRoom: room, event: event) {
                let at = Int(unsafe client.pointee.checks) + place
                let published = board.publishedCount(stream)
                let open = checks.lost(at: at, published: published)
                let gaps = checks.lost(at: at, published: 0)
                if unsafe !client.pointee.isCutOff { lostBeforeReturn += gaps }
                accounted += open - min(open, gaps)
            }
            board.adjustAudience(of: room * plan.streams.eventCount + event, by: -1)
        }
    }

    /// The server ended the connection, or it broke.
    mutating func wasClosed(_ slot: Int, _ why: String) {
        let client = unsafe clients.pointer(slot)
        switch unsafe client.pointee.phase {
        case .closed: return
        case .ending: closeIfQuiet(slot)
        case .opening, .greeting: openingFailed(slot, why)
        case .ready:
            if reconnectsAfterEnd(slot) { return }
            if stage != .finished {
                tally.disconnected += 1
                wrongCount += 1
                problems.add(why)
            }
            // What it does not get is lost, and is counted when it returns or the run ends.
            unsafe client.pointee.isCutOff = unsafe client.pointee.isAudience
            leave(slot)
        }
    }

    /// A connection could not be made ready.
    mutating func openingFailed(_ slot: Int, _ why: String) {
        let client = unsafe clients.pointer(slot)
        tally.refusedHandshakes += 1
        failedCount += 1
        wrongCount += 1
        problems.add(why)
        accounted +=
            plan.populations[Int(unsafe client.pointee.population)].role == .visitor ? 1 : 0
        if unsafe client.pointee.phase == .closed {
            inProgress -= 1
        } else {
            leave(slot)
        }
    }

    /// Gives the socket back once the kernel holds nothing of it.
    mutating func closeIfQuiet(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        guard unsafe client.pointee.phase == .ending, unsafe !client.pointee.isReceiving,
            unsafe !client.pointee.isSending, unsafe !client.pointee.isClosing
        else { return }
        unsafe client.pointee.isClosing = true
        let token = LoadToken(.close, slot: slot, generation: unsafe client.pointee.generation)
        ring.close(unsafe client.pointee.socket, token: token.rawValue)
    }

    /// The socket is gone, and its place in the ring's table is free: not before may it be used.
    mutating func closed(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        unsafe client.pointee.isClosing = false
        unsafe client.pointee.phase = .closed
        unsafe client.pointee.outbox = nil
        unsafe client.pointee.exchange = nil
        unsafe client.pointee.deflater = nil
        unsafe client.pointee.receiver = Receiver(role: .client, deflate: nil)
        // What of this turn is still in the arena was meant for the old socket.
        unsafe client.pointee.sendTurn = 0
        let population = plan.populations[Int(unsafe client.pointee.population)]
        let returns =
            unsafe client.pointee.isReconnecting
            || population.stormInterval > 0 && stage == .running
        unsafe client.pointee.isReconnecting = false
        if returns { returning.append(slot) }
    }
}
