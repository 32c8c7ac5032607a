// The flush — one send per dirty connection and turn, all submitted with one enter.
//
// The sends complete at submission; only a short or refused one posts a completion, with the
// exact count. Between two complete reaps a connection is sent to at most once, so
// what it left over is known before anything else is queued for it. The dirty list is cut into
// slices, first in, first out; memory is used again when it is empty and all is reaped.

import Glibc
import Synchronization
import Telemetry
import Uring
import WebSocket

extension Core where Kernel: ~Copyable {
    mutating func flush() {
        let slice = sliceSize
        // What is a connection's own goes first, and takes half of a slice at most.
        let budget = max(slice - prompt.count, slice / 2)
        flushPrompt()
        var count = 0
        var room = Self.flushSize
        while count < budget, room > 0, let slot = dirty.popFirst() {
            let size = flush(Int(slot))
            if size > 0 { count += 1 }
            room &-= size
        }
        sentOctets &+= Self.flushSize &- room
        if isPaced {
            pace.prepared(count, of: count + dirty.count, at: kernel.now)
        }
        if !dirty.isEmpty, mark == nil, unflushedOctets >= Self.markSize { setMark() }
    }

    /// Sends what need not wait for the publications of others.
    mutating func flushPrompt() {
        guard !prompt.isEmpty else { return }
        var room = Self.flushSize
        for slot in prompt {
            // Who comes too late waits among the others: no mark is passed before what it has was
            // written.
            if room > 0 { room &-= flush(Int(slot)) } else { dirty.append(slot) }
        }
        sentOctets &+= Self.flushSize &- room
        prompt.removeAll(keepingCapacity: true)
    }

    /// Octets given to the kernel in one turn, and as many again of what is prompt; the last send
    /// may go beyond. The kernel copies them, a gigabyte in a quarter of a second, and what is
    /// joined is copied before.
    private static var flushSize: Int { 4 << 20 }

    /// Sends what a connection has queued.
    ///
    /// - Returns: How many octets; 0 when there was nothing: it may have left earlier, or be somebody
    ///   else by now.
    @inline(__always)
    private mutating func flush(_ slot: Int) -> Int {
        let line = unsafe table.hot + slot
        guard unsafe line.pointee.flags.contains(.dirty) else { return 0 }
        unsafe line.pointee.flags.remove(.dirty)
        let token = Token(
            .immediateSend, slot: slot, generation: unsafe line.pointee.generation)
        if unsafe line.pointee.firstSpill == SpillPool.none {
            let range = unsafe line.pointee.last
            unsafe kernel.send(
                store.start(of: range), size: range.size, to: line.pointee.socket,
                mode: .immediate, token: token)
            return range.size
        }
        let size = Int(unsafe line.pointee.queued)
        sendGathered(slot, token)
        return size
    }

    /// A send took less than it was given, or nothing: the rest becomes the backlog.
    mutating func sendFellShort(_ token: Token, _ result: Int32) {
        let slot = token.slot
        guard let connection = table.connection(slot: slot, generation: token.generation),
            connection.phase < .lingering, connection.backlog == nil
        else {
            metrics.add(.staleCompletions)
            return
        }
        var total = 0
        forEachRange(of: slot) { total += $0.size }
        var taken = 0
        if result >= 0 {
            taken = Int(result)
        } else if !Self.isTransient(result) {
            // What a session leaves to others may not be queued before their sends are settled.
            broken.append(connection.id)
            return
        }
        guard taken < total else { return }  // a kernel that skips no successes
        metrics.add(.shortSends)
        sentOctets &-= total - taken
        let backlog = Backlog(now: now)
        var skip = taken
        var rest: [LogRange] = []
        forEachRange(of: slot) { range in
            let skipped = min(skip, range.size)
            skip -= skipped
            if range.size > skipped {
                rest.append(
                    LogRange(
                        segment: range.segment, start: range.start + UInt32(skipped),
                        end: range.end))
            }
        }
        for range in rest {
            backlog.append(range, &store, sharesSmallPieces: sharesSmallPieces)
        }
        connection.backlog = backlog
        let line = unsafe table.hot + slot
        if let newest = backlog.newest { unsafe line.pointee.last = newest }
        unsafe line.pointee.flags.insert(.blocked)
        unsafe line.pointee.queued = UInt32(clamping: backlog.size)
        let held = backlog.size + Int(limits.kernelUnsentSize)
        let isRoom = heldOctets + held <= heldShare || makeRoom(for: held)
        heldOctets += Int(limits.kernelUnsentSize)
        countBacklog(backlog.size)
        guard isRoom else {
            giveUp(UInt32(slot))
            return
        }
        if backlog.size > Int(unsafe line.pointee.limit) {
            // One turn brought more than may wait, which only a small limit allows.
            unsafe line.pointee.flags.insert(.overflowing)
            overflowing.append(UInt32(slot))
        }
        setDeadline(of: connection)
        sendBacklog(of: connection)
    }

    /// Ends those whose send failed for good.
    mutating func abortBroken() {
        guard !broken.isEmpty else { return }
        let lost = broken
        broken.removeAll(keepingCapacity: true)
        for id in lost {
            guard let connection = table.connection(id) else { continue }
            abort(connection, reason: .connectionLost)
        }
    }

    /// Full now, or interrupted: what was not taken is sent again later.
    static func isTransient(_ result: Int32) -> Bool {
        switch -result {
        case EINTR, EAGAIN, ENOMEM, ENOBUFS, ECANCELED: true
        default: false
        }
    }

    /// Starts the next patient send of a backlog.
    mutating func sendBacklog(of connection: Connection) {
        guard let backlog = connection.backlog, let piece = backlog.next,
            !connection.isSending
        else { return }
        connection.isSending = true
        let token = Token(
            .patientSend, slot: connection.slot, generation: connection.id.generation)
        unsafe kernel.send(
            store.start(of: piece), size: piece.size, to: connection.socket, mode: .patient,
            token: token)
    }

    mutating func patientSendEnded(_ token: Token, _ result: Int32) {
        guard
            let connection = table.connection(slot: token.slot, generation: token.generation)
        else {
            metrics.add(.staleCompletions)
            return
        }
        connection.isSending = false
        guard connection.phase < .ending, let backlog = connection.backlog, !backlog.isGivenUp
        else {
            closeIfQuiet(connection)
            return
        }
        guard result >= 0 || Self.isTransient(result) else {
            abort(connection, reason: .connectionLost)
            return
        }
        let line = unsafe table.hot + token.slot
        backlog.settle(unsafe line.pointee.last)
        if result > 0 {
            backlog.advance(Int(result), &store)
            backlog.lastProgress = now
            metrics.add(.sentOctets, Int(result))
            countBacklog(-Int(result))
        }
        unsafe line.pointee.queued = UInt32(clamping: backlog.size)
        guard backlog.isEmpty else {
            sendBacklog(of: connection)
            if connection.isPaused { resumeInput(connection) }
            return
        }
        backlog.close(&store)
        connection.backlog = nil
        heldOctets -= Int(limits.kernelUnsentSize)
        unsafe line.pointee.flags.remove(.blocked)
        setDeadline(of: connection)
        sendWaitingPong(to: connection)
        if connection.phase == .finishing { finishing.append(connection.id) }
        if connection.isPaused { resumeInput(connection) }
    }

    /// Answers the ping that came last while there was a backlog.
    mutating func sendWaitingPong(to connection: Connection) {
        guard connection.phase == .open, connection.backlog == nil,
            let pong = connection.waitingPong
        else { return }
        connection.waitingPong = nil
        unsafe sendFrame(.pong, pong.span.bytes, to: connection)
    }

    /// After a complete reap: nothing the kernel was given is needed any more.
    mutating func concludeFlush() {
        metrics.add(.sentOctets, sentOctets)
        sentOctets = 0
        if !spilledSlots.isEmpty {
            var kept: [UInt32] = []
            for slot in spilledSlots {
                let line = unsafe table.hot + Int(slot)
                if unsafe line.pointee.flags.contains(.dirty) {
                    kept.append(slot)
                    continue
                }
                spill.release(from: unsafe line.pointee.firstSpill)
                unsafe line.pointee.firstSpill = SpillPool.none
                unsafe line.pointee.lastSpill = SpillPool.none
            }
            spilledSlots = kept
        }
        gather.removeAll()
        if hasJoined {
            // Sent, or part of a backlog; however many still wait for their turn.
            hasJoined = false
            joinedLog.recycle(&store)
        }
        passMark()
        guard dirty.isEmpty, postponed.publicationCount == 0 else { return }
        for log in touchedLogs { logs[log].recycle(&store) }
        touchedLogs.removeAll(keepingCapacity: true)
        privateLog.recycle(&store)
        unflushedOctets = 0
        recordLatencies(entered.count)
    }
}
