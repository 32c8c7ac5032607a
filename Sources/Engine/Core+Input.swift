// Input — what was received and cannot be used yet: a limit of the process.
//
// Counted is memory, which is the room that buffers have, not what stands in it:
// - messages that have begun: the receiver's pieces, plain or inflated, with the stream that
//   inflates them; RawSocket frames that have begun, their prefix included;
// - octets parked: a turn's rest, unfinished request heads and stream handshakes, and what stands
//   behind a message or request that waits for an answer;
// - whole messages held behind one that waits, and the one that a gate is asked about, with what
//   is made of it for that;
// - HTTP heads and bodies until their handler has them;
// - upgrades that somebody decides about.
// Not counted is what others bound: the receive buffers, a pool of fixed size; a cut frame header
// and a waiting pong, a hundred octets; an inflating stream kept between messages, which was
// counted when that was agreed on (`Core+Context.swift`); and what was used: calls (`CallMemory`),
// publications and mail have limits of their own. What the kernel keeps of a connection that is not
// read is the kernel's (tcp_rmem).
//
// A core counts a connection once per step of its input, if that keeps something, so the limit is
// passed by one step at most (a receive buffer, or what is inflated in a turn), and that is made
// good at once. Half of the limit is divided among the cores from the start, so that a core whose
// connections hold all the rest does not shut out those of the others; of the rest cores take parts
// in steps, so that no line is written by several of them per message.

import Synchronization
import Telemetry
import WebSocket

extension Core where Kernel: ~Copyable {
    /// Messages and requests that this core has taken whole.
    var usedCount: UInt64 {
        mutating get { metrics.value(of: .messagesReceived) &+ metrics.value(of: .requests) }
    }

    /// As below, after a step of input.
    ///
    /// - Parameter usedBefore: ``usedCount`` as it was before. When it has grown, the peer has sent
    ///   what it had begun, and its time begins again.
    mutating func settleInput(_ connection: Connection, usedBefore: UInt64) {
        guard connection.mayHoldInput else { return }
        if usedBefore != usedCount {
            unsafe (table.hot + connection.slot).pointee.inputSince = inputTime
        }
        settleInput(connection)
    }

    /// Brings the account of what a connection holds up to date, and makes room for what is more.
    /// That may end connections, this one among them, so not while its octets are being read.
    @inline(never)
    mutating func settleInput(_ connection: Connection) {
        guard connection.mayHoldInput else { return }
        countInput(connection)
        if inputOctets > inputReserve + inputShare { makeInputRoom() }
    }

    /// Brings the account of what a connection holds up to date.
    @inline(never)
    mutating func countInput(_ connection: Connection) {
        let line = unsafe table.hot + connection.slot
        let before = unsafe line.pointee.inputSize
        let size =
            connection.phase < .finishing ? UInt32(clamping: connection.inputSize) : 0
        if size == 0 { connection.mayHoldInput = false }
        guard size != before else { return }
        if before == 0 { unsafe line.pointee.inputSince = inputTime }
        unsafe line.pointee.inputSize = size
        let difference = Int(size) - Int(before)
        inputOctets += difference
        metrics.adjust(.inputOctets, by: difference)
    }

    /// The core's clock, ms. Its low half is enough: who holds input for 49 days is as good as new.
    var inputTime: UInt32 {
        mutating get { UInt32(truncatingIfNeeded: now / 1_000_000) }
    }

    /// Octets that a core takes of the limit at a time.
    private var inputStep: Int {
        mutating get {
            let part = limits.processReceiveQueueSize / (128 * state.coreCount)
            return min(max(part, 1), 1 << 20)
        }
    }

    /// Takes more of the process's limit, or gives up some of what this core holds.
    private mutating func makeInputRoom() {
        let missing = inputOctets - inputReserve - inputShare
        for wanted in [max(missing, inputStep), missing] where state.takeInputShare(of: wanted) {
            inputShare += wanted
            return
        }
        giveUpInput(atLeast: missing)
    }

    /// Gives back what this core has taken and does not need.
    mutating func returnInputShare() {
        guard inputShare > 0 else { return }
        let needed = max(0, inputOctets - inputReserve)
        let spare = inputShare - needed
        let kept = needed == 0 ? 0 : 2 * inputStep
        guard spare > kept else { return }
        inputShare -= spare - kept
        state.returnInputShare(of: spare - kept)
    }

    /// Closes those first of which nothing has been of use for the longest, among those that hold
    /// at least half of what holders hold on the average: the smaller free nothing worth a
    /// connection, and of the others an attacker's stay only if all of them are sent again within
    /// the time that one honest upload takes, while the largest first would be that upload. Some
    /// more than is missing, so that the next to come need not look again.
    @inline(never)
    private mutating func giveUpInput(atLeast missing: Int) {
        let enough = max(missing, limits.processReceiveQueueSize / 64)
        var freed = 0
        var count = 0
        while freed < (count < Self.closeSlice ? enough : missing) {
            guard let connection = nextHolder() else { return }
            freed += Int(unsafe table.hot[connection.slot].inputSize)
            count += 1
            giveUpInput(of: connection)
        }
    }

    /// Says that there is no room, and closes.
    private mutating func giveUpInput(of connection: Connection) {
        hit(.processReceiveQueueShare, connection)
        guard connection.phase == .http else {
            fail(connection, .tryAgainLater, "out of memory", reason: .memoryPressure)
            return
        }
        guard connection.awaitsAnswer, connection.opening == nil else {
            refuse(connection, status: 503, retryAfter: 1)
            return
        }
        // The request before this input is being carried out: a 503 would be taken for its answer.
        finish(connection)
    }
}

extension EngineState {
    /// Takes a part of what input may hold beyond the cores' own parts.
    ///
    /// - Returns: `false`, and nothing is taken, when the limit would be passed.
    fileprivate func takeInputShare(of size: Int) -> Bool {
        let limit = settings.limits.processReceiveQueueSize
        let shared = limit - coreCount * (limit / (2 * coreCount))
        // Relaxed: only the number itself is shared, and it is added to in one step.
        let before = inputOctets.add(size, ordering: .relaxed).oldValue
        guard before + size > shared else { return true }
        inputOctets.wrappingSubtract(size, ordering: .relaxed)
        return false
    }

    fileprivate func returnInputShare(of size: Int) {
        inputOctets.wrappingSubtract(size, ordering: .relaxed)
    }
}
