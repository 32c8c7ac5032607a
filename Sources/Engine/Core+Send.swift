// Queueing — every octet that leaves a connection is a range in some log, in one order.

import Bytes
import DialectKit
import Synchronization
import Telemetry
import Uring
import WebSocket

extension Core where Kernel: ~Copyable {
    /// Queues a range on a connection of this core.
    ///
    /// Hot path. One cache line read and written; no allocation, counting, hashing or lock.
    ///
    /// - Returns: Whether the connection took it.
    @inline(__always)
    mutating func enqueue(_ range: LogRange, at slot: UInt32) -> Bool {
        let line = unsafe table.hot + Int(slot)
        let flags = unsafe line.pointee.flags
        let size = range.end &- range.start
        if flags == .open {
            unsafe line.pointee.last = range
            unsafe line.pointee.queued = size
            unsafe line.pointee.flags = [.open, .dirty]
            dirty.append(slot)
            return true
        }
        if flags == [.open, .dirty] {
            if unsafe line.pointee.last.end == range.start
                && line.pointee.last.segment == range.segment
            {
                unsafe line.pointee.last.end = range.end
            } else {
                guard spillLast(of: slot, before: size) else { return false }
                unsafe line.pointee.last = range
            }
            unsafe line.pointee.queued &+= size
            return true
        }
        return enqueueSlowly(range, at: slot)
    }

    /// Octets that a turn may queue for a connection beyond its limit: more than the kernel takes
    /// at once. One publication is queued as often as the connection subscribes to it, and ten
    /// thousand times a megabyte is neither to be had nor to be counted in 32 bits.
    static var turnReserve: Int { 16 << 20 }

    /// Whether so many octets more may wait for the flush on a connection that has some.
    private mutating func mayQueue(_ size: Int, at slot: UInt32) -> Bool {
        let line = unsafe table.hot + Int(slot)
        // What is joined to be sent has to fit a segment, and the last range may still grow in its
        // own.
        let largest = SegmentStore.capacityLimit - 2 * SegmentStore.standardCapacity
        let limit = min(Int(unsafe line.pointee.limit) + Self.turnReserve, largest)
        guard Int(unsafe line.pointee.queued) + size > limit else { return true }
        overflow(slot)
        return false
    }

    /// Takes nothing more for a connection whose queue may still leave. What is said to it comes
    /// when that is settled: ``closeExcessive()``.
    @inline(never)
    mutating func overflow(_ slot: UInt32) {
        let line = unsafe table.hot + Int(slot)
        unsafe line.pointee.flags.insert(.overflowing)
        guard unsafe !line.pointee.flags.contains(.blocked) else {
            overflowing.append(slot)
            return
        }
        excessive.append(
            ConnectionID(
                core: index, slot: Int(slot), generation: unsafe line.pointee.generation))
    }

    /// The last range makes room for a new one of `size` octets.
    ///
    /// - Returns: `false`, and nothing is changed, when its connection is given up instead.
    private mutating func spillLast(of slot: UInt32, before size: UInt32) -> Bool {
        guard mayQueue(Int(size), at: slot) else { return false }
        let line = unsafe table.hot + Int(slot)
        let place = spill.add(unsafe line.pointee.last)
        if unsafe line.pointee.firstSpill == SpillPool.none {
            unsafe line.pointee.firstSpill = place
            spilledSlots.append(slot)
        } else {
            spill.chain(unsafe line.pointee.lastSpill, to: place)
        }
        unsafe line.pointee.lastSpill = place
        return true
    }

    /// A connection that is backlogged, over its limit, departing, or gone.
    @inline(never)
    private mutating func enqueueSlowly(_ range: LogRange, at slot: UInt32) -> Bool {
        let line = unsafe table.hot + Int(slot)
        let flags = unsafe line.pointee.flags
        guard flags.contains(.blocked), flags.isDisjoint(with: [.overflowing, .departing]) else {
            return false
        }
        // Compared before anything is appended: a backlog never passes its limit.
        let size = Int(unsafe line.pointee.queued) + range.size
        guard size <= Int(unsafe line.pointee.limit) else {
            unsafe line.pointee.flags.insert(.overflowing)
            overflowing.append(slot)
            return false
        }
        guard heldOctets + range.size <= heldShare || makeRoom(for: range.size) else {
            giveUp(slot)
            return false
        }
        // Room may have been made at its own cost.
        guard unsafe !line.pointee.flags.contains(.overflowing) else { return false }
        if unsafe line.pointee.last.end == range.start
            && line.pointee.last.segment == range.segment
        {
            unsafe line.pointee.last.end = range.end
        } else {
            guard let backlog = table.connection(at: Int(slot))?.backlog else { return false }
            backlog.settle(unsafe line.pointee.last)
            backlog.append(range, &store, sharesSmallPieces: sharesSmallPieces)
            if let newest = backlog.newest { unsafe line.pointee.last = newest }
        }
        unsafe line.pointee.queued = UInt32(clamping: size)
        countBacklog(range.size)
        if size > metrics.value(of: .backlogPeakOctets) {
            metrics.set(.backlogPeakOctets, to: size)
        }
        return true
    }

    /// Whether a connection takes so many octets in several pieces, or else none of them: what is
    /// refused in between would tear a frame.
    mutating func hasRoom(for size: Int, at slot: UInt32) -> Bool {
        let line = unsafe table.hot + Int(slot)
        let flags = unsafe line.pointee.flags
        guard flags.isDisjoint(with: [.overflowing, .departing]) else { return false }
        guard flags.contains(.blocked) else {
            guard flags.contains(.dirty) else { return flags.contains(.open) }
            return mayQueue(size, at: slot)
        }
        let queued = Int(unsafe line.pointee.queued)
        guard queued + size > Int(unsafe line.pointee.limit) else { return true }
        unsafe line.pointee.flags.insert(.overflowing)
        overflowing.append(slot)
        return false
    }

    /// Queues a range of a connection's own. While a fan-out takes several slices, or is paced, it
    /// leaves with the next turn: only who gets the publication waits for it.
    mutating func enqueueAlone(_ range: LogRange, at slot: UInt32) -> Bool {
        let count = dirty.count
        guard enqueue(range, at: slot) else { return false }
        if dirty.count > count, isPaced || count >= sliceSize {
            dirty.removeLast()
            prompt.append(slot)
        } else if isPaced {
            prompt.append(slot)  // and its publications with it, since they come before
        }
        return true
    }

    /// Appends octets to the log of private frames.
    mutating func appendPrivate(
        atMost room: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) -> LogRange {
        let range = unsafe privateLog.append(&store, atMost: room, body)
        unflushedOctets += range.size
        return range
    }

    /// Queues octets as they are.
    @discardableResult
    mutating func send(_ octets: RawSpan, to connection: Connection) -> Bool {
        let size = octets.byteCount
        guard size > 0 else { return true }
        settleDeliveries(before: connection)
        let range = unsafe appendPrivate(atMost: size) { room in
            unsafe octets.withUnsafeBytes { unsafe room.copyMemory(from: $0) }
            return size
        }
        return enqueueAlone(range, at: UInt32(connection.slot))
    }

    /// Queues one frame of a connection's own: a reply, a pong, a close.
    @discardableResult
    mutating func sendFrame(
        _ opcode: Opcode, _ payload: RawSpan, isCompressed: Bool = false,
        to connection: Connection
    ) -> Bool {
        let header = FrameHeader(
            isFinal: true, isCompressed: isCompressed, opcode: opcode,
            payloadSize: payload.byteCount, mask: nil)
        let size = payload.byteCount
        settleDeliveries(before: connection)
        let range = unsafe appendPrivate(atMost: FrameHeader.sizeLimit + size) { room in
            let start = unsafe header.encode(at: room.baseAddress.unsafelyUnwrapped)
            unsafe payload.withUnsafeBytes { payload in
                guard let source = payload.baseAddress else { return }
                unsafe (room.baseAddress.unsafelyUnwrapped + start)
                    .copyMemory(from: source, byteCount: size)
            }
            return start + size
        }
        return enqueueAlone(range, at: UInt32(connection.slot))
    }

    /// Queues one message of a connection's own, deflated where that was agreed and helps.
    @discardableResult
    mutating func sendMessage(
        _ kind: DialectKit.MessageKind, _ payload: RawSpan, to connection: Connection
    ) -> Bool {
        let opcode: Opcode = kind.isText ? .text : .binary
        if connection.wire != .plain {
            if let framing = connection.wire.framing {
                return sendStreamFrame(.message, payload, framings[framing], to: connection)
            }
            if let isQueued = sendDeflated(opcode, payload, to: connection) { return isQueued }
        }
        return sendFrame(opcode, payload, to: connection)
    }

    /// - Returns: `nil`, and nothing is queued, for a message that is not smaller deflated.
    private mutating func sendDeflated(
        _ opcode: Opcode, _ payload: RawSpan, to connection: Connection
    ) -> Bool? {
        guard payload.byteCount >= state.settings.deflateMinimumSize,
            payload.byteCount <= state.settings.deflateMaximumSize
        else { return nil }
        var packed = takePacked()
        let isSmaller = deflate(payload, for: connection.wire, into: &packed)
        let isQueued =
            isSmaller && sendFrame(opcode, packed.octets, isCompressed: true, to: connection)
        swap(&packed, &self.packed)
        return isSmaller ? isQueued : nil
    }

    /// Lends out the buffer that compressed messages are written to.
    mutating func takePacked() -> OctetBuffer {
        var taken = OctetBuffer(capacity: 0)
        swap(&taken, &packed)
        taken.removeAll()
        return taken
    }

    /// Deflates one message as a run without references outside itself.
    ///
    /// - Returns: `false` when that is not smaller; then it is sent plain.
    mutating func deflate(
        _ message: RawSpan, for wire: WireForm, into output: inout OctetBuffer
    ) -> Bool {
        let size = deflaters.compress(message, windowBits: Int(wire.rawValue), into: &output)
        guard let size, size < message.byteCount else {
            metrics.add(.compressionsSkipped)
            return false
        }
        metrics.add(.compressions)
        return true
    }
}

/// One deflater per window size, made when first needed.
struct DeflaterTable: ~Copyable {
    private var deflaters: [Int: DeflaterBox] = [:]

    private final class DeflaterBox {
        var deflater: Deflater
        init(_ deflater: consuming Deflater) { self.deflater = deflater }
    }

    init() {}

    /// - Returns: Octets appended, or `nil` when zlib has no memory.
    mutating func compress(
        _ message: RawSpan, windowBits: Int, into output: inout OctetBuffer
    ) -> Int? {
        if let box = deflaters[windowBits] {
            return box.deflater.compress(message, into: &output)
        }
        guard let deflater = Deflater(windowBits: windowBits) else { return nil }
        let box = DeflaterBox(deflater)
        deflaters[windowBits] = box
        return box.deflater.compress(message, into: &output)
    }
}
