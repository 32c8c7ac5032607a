// SimulatedRing — one simulated io_uring: a submission queue, what is in flight, completions.
//
// What the engine relies on is modelled, and what it must not rely on is varied:
//   - memory is read when an entry is consumed, gather lists included, never when it is prepared;
//   - an enter may take only some of the entries, or be interrupted before it takes any;
//   - immediate sends are done inside the enter; only a short or refused one posts a completion,
//     behind all others, perhaps through the overflow list;
//   - what waits (receives, accepts, patient sends) completes at any later enter, in any order.
// Rules of the engine are asserted here: one receive and one send in flight per connection, one
// immediate send between two complete reaps, no operation on a closed descriptor, and a descriptor
// that belongs to one connection only. A broken rule is noted in the world, with what broke it.

import CSystem
import Glibc
import Uring

/// One prepared operation. Pointers are only followed when the entry is consumed.
@safe
enum SimulatedEntry {
    case accept(Int32)
    case receive(SocketHandle)
    case send(SocketHandle, SendMode, UnsafeRawPointer, Int)
    case sendGathered(SocketHandle, SendMode, UnsafePointer<SendHeader>)
    case shutdown(SocketHandle, both: Bool)
    case disconnect(SocketHandle)
    case cancel(Token)
    case close(SocketHandle)
    case readEvent
    case message(WakeHandle)
    case provide(UInt16)
}

/// The ring of one core. Everything of a world runs on one thread.
final class SimulatedRing {
    unowned let world: SimulatedWorld
    let index: Int
    let options: SimulatedOptions
    var faults: SimulatedFaults { world.faults }
    var random: SeededRandom
    let buffers: SimulatedBuffers

    // Submissions.
    private var prepared: [(entry: SimulatedEntry, token: Token)] = []
    private var firstPrepared = 0

    // In flight; see the other files of this type.
    var sockets: [SimulatedSocket?]
    var openCount = 0
    /// Sockets by the slot and generation that use them.
    var tenants: [UInt64: SimulatedSocket] = [:]
    var listed: [SimulatedSocket] = []
    var unsettled: [SimulatedSocket] = []
    var listeners: [SimulatedListener] = []
    let event: Int32
    var isEventRead = false
    var signalCount = 0

    // Completions.
    var staged: [Completion] = []
    /// Of sends that fell short: behind all others.
    var late: [Completion] = []
    /// Shutdowns, which the kernel leaves to a worker thread: they look the socket up later.
    private var working: [(SocketHandle, both: Bool, Token)] = []
    private var visible: [Completion] = []
    private var overflowed: [Completion] = []

    // Accounts.
    private(set) var enterCount = 0
    private(set) var overflowCount = 0
    var openedCount = 0
    var closedCount = 0
    /// Immediate sends that were submitted.
    var sendCount = 0
    /// Receives that ended because there was no buffer.
    var exhaustedCount = 0
    /// Receives that were submitted.
    var receiveCount = 0

    init(world: SimulatedWorld, index: Int, options: SimulatedOptions, random: SeededRandom) {
        self.world = world
        self.index = index
        self.options = options
        self.random = random
        buffers = SimulatedBuffers(count: options.bufferCount, size: options.bufferSize)
        sockets = Array(repeating: nil, count: options.socketLimit)
        let event = carillon_eventfd()
        precondition(event >= 0)
        self.event = event
    }

    deinit { Glibc.close(event) }

    var wakeHandle: WakeHandle { WakeHandle(ring: Int32(index), event: event) }

    var preparedCount: Int { prepared.count - firstPrepared }

    var hasCompletions: Bool { !visible.isEmpty || !overflowed.isEmpty }

    /// Nothing happens here unless somebody does something.
    var isQuiet: Bool {
        preparedCount == 0 && !hasCompletions && staged.isEmpty && late.isEmpty
            && working.isEmpty
            && !listed.contains { $0.isReady } && !(isEventRead && hasSignal)
            && !listeners.contains { $0.isReady }
    }

    func violate(_ rule: String) { world.violate("core \(index): \(rule)") }

    // MARK: submitting

    func push(_ entry: SimulatedEntry, _ token: Token) {
        // The real ring enters by itself when its queue is full, in the midst of a turn.
        if preparedCount >= options.submissionLimit { consume(mayStop: false) }
        prepared.append((entry, token))
    }

    func recycle(_ buffer: UInt16) {
        guard buffers.recycle(buffer) else {
            violate("buffer \(buffer) was given back twice")
            return
        }
        if !options.features.contains(.bufferRing) {
            push(.provide(buffer), Token(rawValue: .max))
        }
    }

    /// Takes prepared entries in their order.
    ///
    /// - Returns: Whether none is left.
    @discardableResult
    private func consume(mayStop: Bool) -> Bool {
        var budget = preparedCount
        if mayStop, budget > 0, random.chance(faults.partialEnter) { budget = random.below(budget) }
        while budget > 0 {
            let (entry, token) = prepared[firstPrepared]
            firstPrepared += 1
            budget -= 1
            carryOut(entry, token)
        }
        guard preparedCount == 0 else { return false }
        prepared.removeAll(keepingCapacity: true)
        firstPrepared = 0
        return true
    }

    private func carryOut(_ entry: SimulatedEntry, _ token: Token) {
        switch entry {
        case .accept(let listener): startAccept(listener, token)
        case .receive(let socket): startReceive(socket, token)
        case .send(let socket, let mode, let start, let size):
            switch mode {
            case .immediate: unsafe sendNow(socket, start, size, token)
            case .patient: unsafe startSend(socket, start, size, token)
            }
        case .sendGathered(let socket, let mode, let header):
            guard mode == .immediate else {
                violate("a gathered send that waits")
                return
            }
            unsafe sendNow(socket, pieces(of: header), token)
        case .shutdown(let socket, let both): working.append((socket, both, token))
        case .disconnect(let socket): disconnect(socket, token)
        case .cancel(let target): cancel(target, token)
        case .close(let socket): close(socket, token)
        case .readEvent:
            if isEventRead { violate("the event is read twice at once") }
            isEventRead = true
        case .message(let target): sendMessage(target, token)
        case .provide(let buffer):
            buffers.provide(buffer)
            if !options.features.contains(.skippedSuccess) { stage(token, 0) }
        }
    }

    /// Carries out shutdowns, in no order, some of them later.
    private func work() {
        let waiting = working
        working.removeAll(keepingCapacity: true)
        for (handle, both, token) in waiting.shuffled(using: &random) {
            if random.chance(faults.lateShutdown) {
                working.append((handle, both, token))
            } else {
                shutDown(handle, both, token)
            }
        }
    }

    func stage(_ token: Token, _ result: Int32, flags: UInt32 = 0) {
        staged.append(Completion(token: token.rawValue, result: result, flags: flags))
    }

    // MARK: entering and reaping

    func enter(timeout: UInt64?) -> EnterOutcome {
        enterCount += 1
        if random.chance(faults.interruptedEnter) { return .interrupted }
        let isWhole = consume(mayStop: true)
        tell()
        // A kernel that has not taken everything does not wait.
        guard timeout != 0, isWhole, !hasCompletions else { return .entered }
        return world.sleep(self, timeout: timeout)
    }

    /// Lets waiting operations get on, and makes what has completed visible.
    func tell() {
        work()
        progress()
        if !overflowed.isEmpty {
            // The order is kept: behind those that overflowed everything overflows.
            overflowed.append(contentsOf: staged)
            overflowed.append(contentsOf: late)
        } else {
            visible.append(contentsOf: staged)
            visible.append(contentsOf: late)
            if !visible.isEmpty, random.chance(faults.overflow) {
                let kept = random.below(visible.count)
                overflowed = Array(visible[kept...])
                visible.removeSubrange(kept...)
            }
        }
        staged.removeAll(keepingCapacity: true)
        late.removeAll(keepingCapacity: true)
    }

    /// Everything there is; what overflowed shows after one more enter, which also submits.
    func reap(into completions: inout [Completion]) {
        completions.append(contentsOf: visible)
        visible.removeAll(keepingCapacity: true)
        while !overflowed.isEmpty {
            overflowCount += 1
            consume(mayStop: true)
            completions.append(contentsOf: overflowed)
            overflowed.removeAll(keepingCapacity: true)
            overflowed.append(contentsOf: staged)
            overflowed.append(contentsOf: late)
            staged.removeAll(keepingCapacity: true)
            late.removeAll(keepingCapacity: true)
        }
        // Complete: whatever was sent so far is known.
        for socket in unsettled { socket.isSendUnsettled = false }
        unsettled.removeAll(keepingCapacity: true)
    }

    // MARK: waking

    /// Whether somebody has signalled the event. The counter is a real one, so that threads and
    /// handlers of tests can post as they do in production.
    var hasSignal: Bool {
        var count: UInt64 = 0
        if unsafe Glibc.read(event, &count, 8) == 8 { signalCount += Int(clamping: count) }
        return signalCount > 0
    }

    func signal(_ target: WakeHandle) { _ = carillon_eventfd_signal(target.event) }

    private func sendMessage(_ target: WakeHandle, _ token: Token) {
        guard let ring = world.ring(Int(target.ring)) else {
            stage(token, -EBADF)
            return
        }
        if random.chance(faults.failedMessage) {
            stage(token, -EOVERFLOW)
            return
        }
        ring.stage(Token(.message), 0)
        if !options.features.contains(.skippedSuccess) { stage(token, 0) }
    }
}

/// The pieces of a gathered send, as they stand in memory now: read as the kernel reads them.
@unsafe
private func pieces(of header: UnsafePointer<SendHeader>) -> [SendPiece] {
    let message = unsafe UnsafeRawPointer(header).load(as: msghdr.self)
    var pieces: [SendPiece] = []
    for place in 0..<Int(unsafe message.msg_iovlen) {
        let piece = unsafe message.msg_iov[place]
        unsafe pieces.append(SendPiece(start: piece.iov_base, size: Int(piece.iov_len)))
    }
    return pieces
}
