// Fan-out — one publication to every subscriber this core owns: the hot path.
//
// The room is matched once and the frame written once per lane and reading. Who gets it is then a
// few member lists, and what they get a range: Core+Deliver.swift.

import Bytes
import DialectKit
import Lockfree
import Rooms
import Synchronization
import Telemetry
import WebSocket

/// Where the frame of one publication stands for one envelope class; in front of tails, the frame
/// that it would be without one.
struct EncodedForm {
    let envelope: EnvelopeClass
    /// `nil`: the dialect cannot say this payload.
    let range: LogRange?
}

extension Publication {
    /// Octets it is counted with while it is under way: small ones are mostly what surrounds them.
    var mailSize: Int { payload.size + 512 }
}

extension EnvelopeClass {
    /// Subscribers get the same octets, but for their tails, if dialect, wire form and reading are
    /// the same.
    init(lane: Int, reading: Reading, hasTails: Bool) {
        self.init(rawValue: (hasTails ? 1 << 63 : 0) | UInt64(lane) << 32 | UInt64(reading))
    }

    var lane: Int { Int(rawValue >> 32 & 0x7FFF_FFFF) }
    var hasTails: Bool { rawValue >> 63 == 1 }
    var wire: WireForm {
        WireForm(rawValue: UInt8(truncatingIfNeeded: lane % WireForm.count))
    }
    var reading: Reading { Reading(truncatingIfNeeded: rawValue) }
}

extension Core where Kernel: ~Copyable {
    static func lane(_ dialect: DialectID, _ wire: WireForm) -> Int {
        Int(dialect.rawValue) * WireForm.count + Int(wire.rawValue)
    }

    /// Publishes what a connection of this core sent: here at once, elsewhere by mail.
    mutating func publish(_ publication: Publication) {
        metrics.add(.publications)
        metrics.count(.entered)
        state.show(publication)
        let others = state.cores(for: publication) & ~(1 << UInt64(index))
        if others != 0 { forward(publication, to: others) }
        entered.append(now)
        let started = kernel.now
        fanOut(publication)
        metrics.record(.fanOut, nanoseconds: kernel.now &- started)
    }

    private mutating func forward(_ publication: Publication, to cores: UInt64) {
        var rest = cores
        while rest != 0 {
            let core = rest.trailingZeroBitCount
            rest &= rest - 1
            state.mailOctets.wrappingAdd(publication.mailSize, ordering: .relaxed)
            metrics.add(.mailsPosted)
            if state.mailboxes[core].post(.publication(publication, nil)),
                let handle = state.wakeHandle(of: core)
            {
                metrics.add(.mailWakeUps)
                kernel.wake(handle, token: Token(.wakeUp, slot: 1 + core))
            }
        }
    }

    /// Queues one publication on every subscriber this core owns, at the latest with the flush.
    ///
    /// - Returns: How many took it at once; others are counted by ``settleDeliveries()``.
    @discardableResult
    mutating func fanOut(_ publication: Publication) -> Int {
        renewStamp()
        writtenSize = 0
        var count = fanOutToWebSockets(publication)
        if !framings.isEmpty { count &+= fanOutToStreams(publication) }
        countDeliveries(count)
        return count
    }

    /// Leaves out the lanes of streams, whose frames ``writeFrame(of:for:_:)`` does not write.
    private mutating func fanOutToWebSockets(_ publication: Publication) -> Int {
        let matched = matchedLists(of: publication)
        guard matched.count > 0 else { return 0 }
        encoded.removeAll(keepingCapacity: true)
        deflated = DeflatedLists()
        let excluded = slot(excludedFrom: publication)
        let isSelective = publication.reach.isSelective
        if isSelective { settleRunBefore() }
        var count = 0
        for place in 0..<matched.count {
            let list = matched[place]
            let envelope = rooms.envelopeClass(of: list)
            let dialect = dialect(ofLane: envelope.lane)
            if let reading = publication.reading,
                publication.dialect?.rawValue == dialect.id.rawValue,
                reading != envelope.reading
            {
                continue
            }
            let wire = envelope.wire
            if wire != .plain {
                if wire.isStream { continue }
                if deflated.windowBits == 0 {
                    deflated = deflatedLists(of: publication, in: matched, from: place, envelope)
                }
            }
            if writtenSize >= Self.freelyWrittenSize {
                count += deliverPlanned(excluding: excluded)
                guard isWorthWriting(publication, envelope, for: list, excluded) else { continue }
            }
            guard let range = frame(of: publication, for: list, envelope, dialect.dialect) else {
                countUnsayable(to: list)
                continue
            }
            let manner: Delivery.Manner =
                if envelope.hasTails {
                    range.size < Self.sharedBodySize ? .tailed : .sharedBody
                } else if matched.count > 1 && dialect.dialect.deliversOncePerConnection {
                    .perConnection
                } else {
                    .perSubscription
                }
            let delivery = Delivery(
                list: list, range: range, dialect: dialect.id, manner: manner)
            if isSelective {
                let taken = deliver(delivery, of: publication, envelope.reading, excluded)
                deliveryCounts.add(taken, of: dialect.id)
                count += taken
            } else {
                planned.append(delivery)
            }
        }
        if writtenSize >= Self.freelyWrittenSize {
            count += deliverPlanned(excluding: excluded)
        } else if !planned.isEmpty {
            postpone(excluding: excluded)
        }
        return count
    }

    /// Whether a publication that has been written several times is written once more. It may be
    /// for each of hundreds of patterns, and all of these one connection's: then it can take no
    /// more at some time, and what it cannot be sent need not be made. And it may be for so many
    /// connections that a core would do nothing else for seconds; then the last of them get
    /// nothing, and are closed like others that miss something.
    mutating func isWorthWriting(
        _ publication: Publication, _ envelope: EnvelopeClass, for list: MemberListID,
        _ excluded: UInt32
    ) -> Bool {
        for form in encoded where form.envelope == envelope { return true }
        let mayWrite = writtenSize < limits.fanOutSize
        let members = unsafe rooms.unsafeMembers(of: list)
        for place in 0..<members.count {
            let slot = unsafe members[place].connection
            if slot == excluded { continue }
            let flags = unsafe table.hot[Int(slot)].flags
            guard flags.isDisjoint(with: [.overflowing, .departing]),
                !flags.isDisjoint(with: [.open, .blocked])
            else { continue }
            if publication.reach.isSelective,
                table.connection(at: Int(slot))?.session?.admits(publication, envelope.reading)
                    != true
            {
                continue
            }
            if mayWrite { return true }
            overflow(slot)
        }
        return false
    }

    /// Counts the subscribers of a list whom their dialect cannot tell a publication.
    mutating func countUnsayable(to list: MemberListID) {
        metrics.count(.dropped, unsafe rooms.unsafeMembers(of: list).count)
    }

    /// The member lists a publication reaches, in one room or in all that it covers.
    mutating func matchedLists(of publication: Publication) -> MatchedLists {
        guard let coverage = publication.coverage else {
            return rooms.match(publication.room, in: publication.realm)
        }
        return rooms.match(covering: coverage, publication.room, in: publication.realm)
    }

    /// The place of the connection that does not get it, if that is one of ours.
    ///
    /// Mutating as others are that change nothing: a core is copied to be only read.
    mutating func slot(excludedFrom publication: Publication) -> UInt32 {
        guard let excluded = publication.reach.excluded else { return .max }
        let id = ConnectionID(rawValue: excluded)
        guard id.core == index, table.connection(id) != nil else { return .max }
        return UInt32(id.slot)
    }

    func dialect(ofLane lane: Int) -> (id: DialectID, dialect: any Dialect) {
        let id = DialectID(rawValue: UInt8(truncatingIfNeeded: lane / WireForm.count))
        return unsafe (id, dialects[Int(id.rawValue)].unsafelyUnwrapped)
    }

    /// The frame of an envelope class, written to its lane's log when first asked for.
    private mutating func frame(
        of publication: Publication, for list: MemberListID, _ envelope: EnvelopeClass,
        _ dialect: any Dialect
    ) -> LogRange? {
        if publication.coverage != nil, !dialect.ignoresRooms {
            return writeFrame(of: narrowed(publication, for: list, dialect), for: envelope, dialect)
        }
        for form in encoded where form.envelope == envelope { return form.range }
        let range = writeFrame(of: publication, for: envelope, dialect)
        encoded.append(EncodedForm(envelope: envelope, range: range))
        return range
    }

    /// Of a publication to many rooms the one that a list's subscribers are told.
    func narrowed(
        _ publication: Publication, for list: MemberListID, _ dialect: any Dialect
    ) -> Publication {
        guard publication.coverage != nil, !dialect.ignoresRooms else { return publication }
        var room: Room
        switch rooms.pattern(of: list) {
        case .exact(let own): room = own
        case .glob(let parent, _):
            room = parent
            let last = publication.room.segmentCount - 1
            if last == parent.segmentCount {
                let fits = publication.room.withSegment(last) { (try? room.append($0)) != nil }
                guard fits else { return publication }
            }
        default: return publication
        }
        return room == publication.room ? publication : publication.narrowed(to: room)
    }

    private mutating func writeFrame(
        of publication: Publication, for envelope: EnvelopeClass, _ dialect: any Dialect
    ) -> LogRange? {
        var message = OctetBuffer(capacity: 0)
        swap(&message, &self.message)
        defer { swap(&message, &self.message) }
        message.removeAll()
        let reading = envelope.reading
        guard let payload = dialect.encode(publication, reading: reading, into: &message) else {
            return nil
        }
        writtenSize &+= message.count
        let opcode: Opcode = dialect.messageKind == .text ? .text : .binary
        let lane = envelope.lane
        guard envelope.wire != .plain else {
            return append(opcode, message.octets, isCompressed: false, lane: lane)
        }
        var packed = takePacked()
        defer { swap(&packed, &self.packed) }
        let packing = pack(
            message.octets, payload: payload,
            endSize: envelope.hasTails ? TailTable.deflatedEndSize : 0, of: publication,
            envelope, dialect, into: &packed)
        switch packing {
        case .plain: return append(opcode, message.octets, isCompressed: false, lane: lane)
        case .composed: return append(opcode, packed.octets, isCompressed: true, lane: lane)
        case .whole(let form):
            let octets = form.octets
            return unsafe append(opcode, octets.span.bytes, isCompressed: true, lane: lane)
        }
    }

    private mutating func append(
        _ opcode: Opcode, _ payload: RawSpan, isCompressed: Bool, lane: Int
    ) -> LogRange {
        let header = FrameHeader(
            isFinal: true, isCompressed: isCompressed, opcode: opcode,
            payloadSize: payload.byteCount, mask: nil)
        let size = payload.byteCount
        if touchedLogs.last != lane { touchedLogs.append(lane) }
        let range = unsafe logs[lane].append(&store, atMost: FrameHeader.sizeLimit + size) { room in
            let start = unsafe room.baseAddress.unsafelyUnwrapped
            let headerSize = unsafe header.encode(at: start)
            unsafe payload.withUnsafeBytes { payload in
                guard let source = payload.baseAddress else { return }
                unsafe (start + headerSize).copyMemory(from: source, byteCount: size)
            }
            return headerSize + size
        }
        unflushedOctets += range.size
        return range
    }
}
