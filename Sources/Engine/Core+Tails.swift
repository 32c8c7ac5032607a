// Tails — one payload to subscribers whose messages end each in octets of their own.
//
// A message is a body, which the dialect writes once, and the tail of a subscription. The body
// stands in its lane's log as a frame without a tail, which nobody is sent. Small ones are copied
// in front of each tail, contiguous frames per subscriber for a whole run, because one send of a
// few hundred octets is cheaper than a gathered one (TailedFrames.swift). Large bodies are shared:
// a subscriber gets a header of its own, that range of the log, and its tail.
//
// Deflated, as a whole or composed (Core+Compose.swift), the body is a run of blocks that ends
// within a stored block (the sync flush's, whose length is not written yet: RFC 1951 §3.2.4, RFC
// 7692 §7.2.1). The tail becomes that block's content, and one octet begins the empty one that
// every receiver completes.

import DialectKit
import Rooms
import WebSocket

extension Core where Kernel: ~Copyable {
    /// Frames from here up, without a tail, have their body shared; octets.
    static var sharedBodySize: Int { 2048 }

    /// Octets that are asked for to write frames to; a segment's last ones of them may stay empty.
    private static var batchSize: Int { 16 * 1024 }

    /// Octets that the members' frames of a run may take: the segments that are kept for later use.
    static var tailedRunLimit: Int { SegmentStore.pooledLimit * SegmentStore.standardCapacity }

    /// Queues frames with tails on the members of a list, each subscription once.
    ///
    /// - Parameter publication: Whose sessions are asked; `nil` when all get it.
    /// - Returns: How many took them.
    mutating func deliverTailed(
        _ delivery: Delivery, _ excluded: UInt32, of publication: Publication? = nil
    ) -> Int {
        // Lent out for the loops, which write to everything else of the core.
        var tails = TailTable()
        swap(&tails, &self.tails)
        defer { swap(&tails, &self.tails) }
        if delivery.manner == .sharedBody {
            return deliverShared(delivery, tails, excluded, of: publication)
        }
        var frames = TailedFrames()
        swap(&frames, &tailedFrames)
        defer { swap(&frames, &tailedFrames) }
        return deliverCopies(delivery, &frames, tails, excluded, of: publication)
    }

    /// Hot path. The frames of a batch are written first and then queued, so that neither loop has
    /// to hold what the other needs. Per subscriber: two places of its tail read, its frames
    /// written, one cache line written.
    private mutating func deliverCopies(
        _ delivery: Delivery, _ frames: inout TailedFrames, _ tails: borrowing TailTable,
        _ excluded: UInt32, of publication: Publication?
    ) -> Int {
        // Stays where it is, since the lane's log holds its segment until the flush.
        let run = unsafe store.start(of: delivery.range)
        unsafe frames.read(RawSpan(_unsafeStart: run, byteCount: delivery.range.size))
        let reading = rooms.envelopeClass(of: delivery.list).reading
        let members = unsafe rooms.unsafeMembers(of: delivery.list)
        var ends = TailedFrames.Ends(repeating: 0)
        var count = 0
        var first = 0
        while first < members.count {
            var last = members.count
            if let publication {
                last = first + 1
                guard admits(unsafe members[first], publication, reading) else {
                    first = last
                    continue
                }
            }
            let batch = unsafe UnsafeBufferPointer(rebasing: members[first..<last])
            let room = max(
                Self.batchSize, frames.room(for: tails.place(of: unsafe batch[0].entry)))
            var writtenCount = 0
            let written = unsafe privateLog.append(&store, atMost: room) { room in
                unsafe writtenCount = frames.write(run, for: batch, tails, to: room, &ends)
                return Int(ends[writtenCount - 1])
            }
            unflushedOctets += written.size
            let taken = unsafe enqueue(
                written, ends, UnsafeBufferPointer(rebasing: batch[..<writtenCount]), excluded)
            count &+= taken
            first += writtenCount
        }
        return count
    }

    /// Queues what was written for members on their connections.
    ///
    /// - Parameter ends: Where in `written` that of each ends.
    @inline(never)
    private mutating func enqueue(
        _ written: LogRange, _ ends: borrowing TailedFrames.Ends,
        _ members: UnsafeBufferPointer<Member>, _ excluded: UInt32
    ) -> Int {
        // An element of the array itself is read from a copy of all (Swift 6.3.1).
        let ends = ends.span
        var count = 0
        var own = written
        own.end = own.start
        for place in 0..<members.count {
            own.start = own.end
            own.end = written.start &+ ends[place]
            let slot = unsafe members[place].connection
            if slot == excluded { continue }
            if enqueue(own, at: slot) { count &+= 1 }
        }
        return count
    }

    /// Queues a frame around the body that stands in the log, in three pieces.
    private mutating func deliverShared(
        _ delivery: Delivery, _ tails: borrowing TailTable, _ excluded: UInt32,
        of publication: Publication?
    ) -> Int {
        let frame = unsafe RawSpan(
            _unsafeStart: store.start(of: delivery.range), byteCount: delivery.range.size)
        var header = TailedFrames.header(of: frame)
        let skipped = header.isCompressed ? 0 : TailTable.lengthSize
        var body = delivery.range
        body.start += UInt32(header.headerSize)
        let reading = rooms.envelopeClass(of: delivery.list).reading
        let members = unsafe rooms.unsafeMembers(of: delivery.list)
        var count = 0
        for place in 0..<members.count {
            let member = unsafe members[place]
            if member.connection == excluded { continue }
            if let publication, !admits(member, publication, reading) { continue }
            let tail = tails.place(of: member.entry)
            let endSize = Int(tail.size) + (header.isCompressed ? TailTable.deflatedEndSize : 0)
            header.payloadSize = body.size + endSize
            let headerSize = header.headerSize
            // All pieces, or none.
            guard hasRoom(for: headerSize + header.payloadSize, at: member.connection) else {
                continue
            }
            var first = unsafe appendPrivate(atMost: headerSize + endSize + TailTable.cell) {
                room in
                let start = unsafe room.baseAddress.unsafelyUnwrapped
                _ = unsafe header.encode(at: start)
                unsafe tails.copyEnd(tail, skipping: skipped, to: start + headerSize)
                return headerSize + endSize
            }
            var last = first
            first.end = first.start + UInt32(headerSize)
            last.start = first.end
            let isTaken =
                enqueue(first, at: member.connection) && enqueue(body, at: member.connection)
                && enqueue(last, at: member.connection)
            if isTaken { count &+= 1 }
        }
        return count
    }

    private mutating func admits(
        _ member: Member, _ publication: Publication, _ reading: Reading
    ) -> Bool {
        table.connection(at: Int(member.connection))?.session?.admits(publication, reading) ?? false
    }
}
