// Tails — one payload to subscribers whose messages end each in octets of their own (DESIGN §6).
//
// A message is a body, which the dialect writes once, and the tail of a subscription. The body stands
// in its lane's log as a frame without a tail, which nobody is sent. Small ones are copied in front
// of each tail, contiguous frames per subscriber for a whole run, because one send of a few hundred
// octets is cheaper than a gathered one (TailedFrames.swift). Large bodies are shared: a subscriber
// gets a header of its own, that range of the log, and its tail.
//
// Deflated, as a whole or composed (Core+Compose.swift), the body is a run of blocks that ends within
// a stored block (the sync flush's, whose length is not written yet: RFC 1951 §3.2.4, RFC 7692
// §7.2.1). The tail becomes that block's content, and one octet begins the empty one that every
// receiver completes.

import DialectKit
import Rooms

extension Core where Kernel: ~Copyable {
    /// Frames from here up, without a tail, have their body shared; octets.
    static var sharedBodySize: Int { 2048 }

    /// Octets that the members' frames of a run may take, about: half of the segments that are kept
    /// for later use.
    static var tailedRunLimit: Int { 8 * SegmentStore.standardCapacity }

    /// Queues frames with tails on the members of a list, each subscription once. Per subscriber: 16
    /// octets read in two places beside its line, and its frames written.
    ///
    /// - Parameter publication: Whose sessions are asked; `nil` when all get it.
    /// - Returns: How many took them.
    @inline(never)
    mutating func deliverTailed(
        _ delivery: Delivery, _ excluded: UInt32, of publication: Publication? = nil
    ) -> Int {
        // Both are lent out for the loop, which writes to everything else of the core.
        var frames = TailedFrames()
        var tails = TailTable()
        swap(&frames, &tailedFrames)
        swap(&tails, &self.tails)
        let isShared = delivery.manner == .sharedBody
        frames.load(delivery.range, from: store, sharesBodies: isShared)
        var body = delivery.range
        body.start = body.end - UInt32(frames.bodySize)
        let reading = rooms.envelopeClass(of: delivery.list).reading
        let members = unsafe rooms.unsafeMembers(of: delivery.list)
        var count = 0
        var size = 0
        for place in 0..<members.count {
            let member = unsafe members[place]
            if member.connection == excluded { continue }
            if let publication {
                guard let session = table.connection(at: Int(member.connection))?.session,
                    session.admits(publication, reading)
                else { continue }
            }
            let tail = tails.place(of: member.entry)
            frames.fit(tail)
            let own = unsafe privateLog.append(&store, atMost: frames.size &+ TailTable.cell) {
                unsafe frames.write(tail, of: tails, to: $0.baseAddress.unsafelyUnwrapped)
                return frames.size
            }
            size &+= frames.size
            let isTaken =
                isShared
                ? enqueue(own, frames.headerSize, around: body, at: member.connection)
                : enqueue(own, at: member.connection)
            if isTaken { count &+= 1 }
        }
        unflushedOctets += size
        swap(&frames, &tailedFrames)
        swap(&tails, &self.tails)
        return count
    }

    /// Queues a frame in three pieces: all of them, or none.
    ///
    /// - Parameters:
    ///   - own: Its header, of so many octets, and what follows the body.
    @inline(never)
    private mutating func enqueue(
        _ own: LogRange, _ headerSize: Int, around body: LogRange, at slot: UInt32
    ) -> Bool {
        var (header, end) = (own, own)
        header.end = own.start + UInt32(headerSize)
        end.start = header.end
        guard hasRoom(for: own.size + body.size, at: slot) else { return false }
        return enqueue(header, at: slot) && enqueue(body, at: slot) && enqueue(end, at: slot)
    }
}
