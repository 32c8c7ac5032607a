// Tails — one payload to subscribers whose messages end each in octets of their own (DESIGN §6).
//
// A message is a body, which the dialect writes once, and the tail of a subscription. Small bodies
// are copied in front of each tail, one contiguous frame per subscriber, because one send of a few
// hundred octets is cheaper than a gathered one. Large bodies are shared: the frame's header, which
// tells the size of both, and the body stand once in the lane's log for every size of tail there is,
// and a subscriber gets that range and its own tail behind it.
//
// Deflated, as a whole or composed (Core+Compose.swift), the body is a run of blocks that ends within
// a stored block (the sync flush's, whose length is not written yet: RFC 1951 §3.2.4, RFC 7692
// §7.2.1). The tail becomes that block's content, and one octet begins the empty one that every
// receiver completes.

import Bytes
import DialectKit
import Rooms
import WebSocket

/// A body as its frames need it.
struct TailedBody {
    let opcode: Opcode
    var isCompressed: Bool
    /// Octets that follow the body for a tail of so many.
    func endSize(_ tailSize: Int) -> Int { isCompressed ? tailSize + 5 : tailSize }
}

extension Core where Kernel: ~Copyable {
    /// Bodies from here up are shared; octets.
    private static var sharedBodySize: Int { 2048 }

    /// Queues a publication on the members of a list with tails, each subscription once.
    mutating func deliverTailed(
        _ publication: Publication, to list: MemberListID, _ envelope: EnvelopeClass,
        _ dialect: any Dialect, _ excluded: UInt32
    ) -> Int {
        guard let form = writeBody(of: publication, list, envelope, dialect) else {
            countUnsayable(to: list)
            return 0
        }
        // Both are lent out for the loop, which writes to everything else of the core.
        var body = OctetBuffer(capacity: 0)
        var tails = TailTable()
        swap(&body, &self.body)
        swap(&tails, &self.tails)
        let isShared = body.count >= Self.sharedBodySize
        let isSelective = publication.reach.isSelective
        sharedBodies.removeAll(keepingCapacity: true)
        let members = unsafe rooms.unsafeMembers(of: list)
        var count = 0
        for place in 0..<members.count {
            let member = unsafe members[place]
            if member.connection == excluded { continue }
            if isSelective {
                guard let session = table.connection(at: Int(member.connection))?.session,
                    session.admits(publication, envelope.reading)
                else { continue }
            }
            let tail = tails.span.extracting(tails.range(of: member.entry))
            let isTaken =
                isShared
                ? enqueueShared(form, body.octets, tail, lane: envelope.lane, member.connection)
                : enqueue(appendTailed(form, body.octets, tail), at: member.connection)
            if isTaken { count &+= 1 }
        }
        swap(&body, &self.body)
        swap(&tails, &self.tails)
        return count
    }

    /// Writes the body of a publication for a class into `body`, compressed where that was agreed
    /// and helps.
    private mutating func writeBody(
        of publication: Publication, _ list: MemberListID, _ envelope: EnvelopeClass,
        _ dialect: any Dialect
    ) -> TailedBody? {
        let publication = narrowed(publication, for: list, dialect)
        var message = OctetBuffer(capacity: 0)
        swap(&message, &self.message)
        defer { swap(&message, &self.message) }
        message.removeAll()
        let reading = envelope.reading
        guard let payload = dialect.encode(publication, reading: reading, into: &message) else {
            return nil
        }
        var form = TailedBody(
            opcode: dialect.messageKind == .text ? .text : .binary, isCompressed: false)
        body.removeAll()
        guard envelope.wire != .plain else {
            body.append(message.octets)
            return form
        }
        var packed = takePacked()
        defer { swap(&packed, &self.packed) }
        let packing = pack(
            message.octets, payload: payload, endSize: 5, of: publication, envelope, dialect,
            into: &packed)
        switch packing {
        case .plain:
            body.append(message.octets)
            return form
        case .whole(let whole): body.append(whole.octets)
        case .composed: swap(&body, &packed)
        }
        form.isCompressed = true
        return form
    }

    /// Writes a whole frame for one subscriber.
    private mutating func appendTailed(
        _ form: TailedBody, _ body: RawSpan, _ tail: RawSpan
    ) -> LogRange {
        let size = body.byteCount + form.endSize(tail.byteCount)
        let header = FrameHeader(
            isFinal: true, isCompressed: form.isCompressed, opcode: form.opcode,
            payloadSize: size, mask: nil)
        let written = unsafe privateLog.append(&store, atMost: FrameHeader.sizeLimit + size) {
            room in
            let start = unsafe room.baseAddress.unsafelyUnwrapped
            var place = unsafe header.encode(at: start)
            unsafe body.withUnsafeBytes { body in
                guard let source = body.baseAddress else { return }
                unsafe (start + place).copyMemory(from: source, byteCount: body.count)
            }
            place += body.byteCount
            return unsafe Self.writeEnd(form, tail, at: start, place)
        }
        unflushedOctets += written.size
        return written
    }

    /// Queues the shared beginning for this size of tail, and the tail: both, or neither.
    private mutating func enqueueShared(
        _ form: TailedBody, _ body: RawSpan, _ tail: RawSpan, lane: Int, _ slot: UInt32
    ) -> Bool {
        let endSize = form.endSize(tail.byteCount)
        let start: LogRange
        if let known = sharedBodies.first(where: { $0.endSize == endSize }) {
            start = known.range
        } else {
            start = appendBody(form, body, endSize: endSize, lane: lane)
            sharedBodies.append((endSize, start))
        }
        guard hasRoom(for: start.size + endSize, at: slot) else { return false }
        let end = unsafe privateLog.append(&store, atMost: endSize) { room in
            unsafe Self.writeEnd(form, tail, at: room.baseAddress.unsafelyUnwrapped, 0)
        }
        unflushedOctets += end.size
        return enqueue(start, at: slot) && enqueue(end, at: slot)
    }

    /// The header of frames whose end has so many octets, and the body.
    private mutating func appendBody(
        _ form: TailedBody, _ body: RawSpan, endSize: Int, lane: Int
    ) -> LogRange {
        let header = FrameHeader(
            isFinal: true, isCompressed: form.isCompressed, opcode: form.opcode,
            payloadSize: body.byteCount + endSize, mask: nil)
        if touchedLogs.last != lane { touchedLogs.append(lane) }
        let size = FrameHeader.sizeLimit + body.byteCount
        let range = unsafe logs[lane].append(&store, atMost: size) { room in
            let start = unsafe room.baseAddress.unsafelyUnwrapped
            let headerSize = unsafe header.encode(at: start)
            unsafe body.withUnsafeBytes { body in
                guard let source = body.baseAddress else { return }
                unsafe (start + headerSize).copyMemory(from: source, byteCount: body.count)
            }
            return headerSize + body.byteCount
        }
        unflushedOctets += range.size
        return range
    }

    /// Writes what follows the body at `place`, and returns the place behind it.
    @unsafe
    private static func writeEnd(
        _ form: TailedBody, _ tail: RawSpan, at start: UnsafeMutableRawPointer, _ place: Int
    ) -> Int {
        var place = place
        if form.isCompressed {
            // Its length and the complement, low octets first; a tail is far below 65 536 octets.
            let size = UInt16(truncatingIfNeeded: tail.byteCount)
            for octet in [size, ~size] {
                unsafe start.storeBytes(
                    of: octet.littleEndian, toByteOffset: place, as: UInt16.self)
                place += 2
            }
        }
        unsafe tail.withUnsafeBytes { tail in
            guard let source = tail.baseAddress else { return }
            unsafe (start + place).copyMemory(from: source, byteCount: tail.count)
        }
        place += tail.byteCount
        guard form.isCompressed else { return place }
        unsafe start.storeBytes(of: 0, toByteOffset: place, as: UInt8.self)
        return place + 1
    }
}
