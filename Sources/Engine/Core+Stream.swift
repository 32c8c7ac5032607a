// Streams — connections that begin with a framing's handshake in place of a request: what comes in
// stands beside Core+Frames.swift, what leaves beside `sendFrame` and `writeFrame`.
//
// Sessions, rooms, queues and limits are those of WebSockets. There is no closing handshake: what
// is queued leaves, then FIN. Fan-out shares frames by lane like any other; the one thing that
// belongs to a receiver is how large a message it takes.

import Bytes
import DialectKit
import Rooms
import Telemetry
import WebSocket

/// What an open stream has besides its session.
final class StreamState {
    let reader: any StreamReader
    let messageKind: DialectKit.MessageKind
    /// It has sent a ping or a pong. Clients are in use that break at a ping (Autobahn|Python:
    /// NotImplementedError on asyncio, a length of 16 MiB on Twisted), so only others get ours.
    var knowsPings = false

    init(_ reader: any StreamReader, _ messageKind: DialectKit.MessageKind) {
        self.reader = reader
        self.messageKind = messageKind
    }

    var isWithinFrame: Bool { reader.isWithinFrame }
}

extension Core where Kernel: ~Copyable {
    // MARK: the handshake

    /// Reads what the client of a stream says first.
    mutating func consumeHandshake(
        _ octets: RawSpan, _ offset: inout Int, _ framing: any StreamFraming, _ place: Int,
        for connection: Connection
    ) {
        switch framing.open(octets.extracting(offset..<octets.byteCount)) {
        case .needsMore: return  // what is there gets parked
        case .refuse(let answer):
            metrics.count(handshake: .malformed)
            leaveHandshake(connection)
            refuseStream(connection, answer: answer)
        case .accept(let acceptance):
            precondition(acceptance.handshakeSize <= octets.byteCount - offset)
            offset += acceptance.handshakeSize
            open(connection, acceptance, framing, place)
        }
    }

    /// Closes a connection before its handshake, and says so where there is no room for it.
    mutating func refuseStream(_ connection: Connection, _ place: Int, isFull: Bool) {
        refuseStream(connection, answer: isFull ? framings[place].fullAnswer : [])
    }

    /// Answers, if there is an answer, and closes.
    private mutating func refuseStream(_ connection: Connection, answer: [UInt8]) {
        unsafe send(answer.span.bytes, to: connection)
        finish(connection)
    }

    private mutating func open(
        _ connection: Connection, _ acceptance: StreamAcceptance,
        _ framing: any StreamFraming, _ place: Int
    ) {
        guard let dialect = dialects[Int(acceptance.dialect.rawValue)] else {
            preconditionFailure("a framing leads to a dialect that the engine does not know")
        }
        unsafe send(acceptance.answer.span.bytes, to: connection)
        metrics.count(handshake: .accepted)
        metrics.adjust(.openWebSockets, by: 1)
        leaveHandshake(connection)
        connection.phase = .open
        connection.dialect = acceptance.dialect
        connection.session = acceptance.session
        connection.wire = .stream(place)
        connection.stream = StreamState(acceptance.reader, dialect.messageKind)
        let line = unsafe table.hot + connection.slot
        let taken = min(acceptance.messageLimit, framing.payloadLimit)
        unsafe line.pointee.messageLimit = UInt32(clamping: taken)
        // Never under two messages, or one could overflow an empty queue.
        let largest = min(taken, max(framing.messageSize, limits.messageSize))
        unsafe line.pointee.limit = UInt32(clamping: max(limits.sendQueueSize, 2 * largest))
        state.registry.opened(connection.dialect, in: connection.realm)
        if let drain { setDrainTime(of: connection, drain) }
        setDeadline(of: connection)
        callSession(connection.id) { $0.opened(&$1) }
    }

    // MARK: frames that come in

    mutating func consumeStream(
        _ octets: RawSpan, _ offset: inout Int, _ stream: StreamState,
        for connection: Connection
    ) {
        guard deliverHeld(connection) else { return }
        while connection.phase == .open {
            guard mayTakeFrame(connection) else { return }
            let step = stream.reader.next(in: octets, at: &offset) { kind, payload in
                take(kind, payload, stream, for: connection)
            }
            switch step {
            case .taken:
                if connection.phase == .open, limits.messageRate > 0,
                    !spendAllowance(of: connection)
                {
                    return
                }
            case .needsMore:
                if stream.reader.heldSize > 0 { connection.mayHoldInput = true }
                return
            case .failed(let fault):
                streamFailed(fault, connection)
                return
            }
        }
    }

    private mutating func take(
        _ kind: StreamFrameKind, _ payload: RawSpan, _ stream: StreamState,
        for connection: Connection
    ) {
        switch kind {
        case .message: deliverInTurn(stream.messageKind, payload, to: connection)
        case .ping:
            stream.knowsPings = true
            // Each is answered (there is no rule like RFC 6455 §5.5.3): who does not read the
            // answers is not read any more at half of its queue's limit.
            guard let framing = connection.wire.framing else { return }
            sendStreamFrame(.pong, payload, framings[framing], to: connection)
        case .pong:
            stream.knowsPings = true
            connection.isPongAwaited = false
        }
    }

    private mutating func streamFailed(_ fault: StreamFault, _ connection: Connection) {
        switch fault {
        case .malformed: fail(connection, .protocolError, reason: .protocolViolation)
        case .oversized:
            hit(.messageSize, connection)
            fail(connection, .messageTooBig, reason: .limit)
        }
    }

    // MARK: frames that leave

    /// Queues one frame of a connection's own. What is larger than its peer takes is dropped and
    /// counted.
    @discardableResult
    mutating func sendStreamFrame(
        _ kind: StreamFrameKind, _ payload: RawSpan, _ framing: any StreamFraming,
        to connection: Connection
    ) -> Bool {
        let limit = unsafe table.hot[connection.slot].messageLimit
        guard payload.byteCount <= Int(limit) else {
            metrics.count(.dropped)
            return false
        }
        let range = unsafe appendPrivate(atMost: framing.headerSize + payload.byteCount) { room in
            unsafe Self.write(kind, payload, framing, into: room)
        }
        return enqueueAlone(range, at: UInt32(connection.slot))
    }

    /// Appends one message to the log of a lane whose wire form is a stream's.
    ///
    /// - Returns: `nil` for a message that no header can say, which is counted as dropped.
    private mutating func append(
        _ payload: RawSpan, _ framing: any StreamFraming, lane: Int
    ) -> LogRange? {
        guard payload.byteCount <= framing.payloadLimit else {
            metrics.count(.dropped)
            return nil
        }
        if touchedLogs.last != lane { touchedLogs.append(lane) }
        let size = framing.headerSize + payload.byteCount
        let range = unsafe logs[lane].append(&store, atMost: size) { room in
            unsafe Self.write(.message, payload, framing, into: room)
        }
        unflushedOctets += range.size
        return range
    }

    /// Queues one publication on every stream this core owns. A pass of its own, so that the loops
    /// for WebSockets know nothing of it: here every receiver has a limit.
    ///
    /// - Returns: How many connections took it.
    mutating func fanOutToStreams(_ publication: Publication) -> Int {
        let matched = matchedLists(of: publication)
        encoded.removeAll(keepingCapacity: true)
        let excluded = slot(excludedFrom: publication)
        var count = 0
        for place in 0..<matched.count {
            let list = matched[place]
            let envelope = rooms.envelopeClass(of: list)
            guard envelope.wire.isStream else { continue }
            let (id, dialect) = dialect(ofLane: envelope.lane)
            if let reading = publication.reading, publication.dialect?.rawValue == id.rawValue,
                reading != envelope.reading
            {
                continue
            }
            if writtenSize >= Self.freelyWrittenSize,
                !isWorthWriting(publication, envelope, for: list, excluded)
            {
                continue
            }
            guard let range = streamFrame(of: publication, for: list, envelope, dialect) else {
                countUnsayable(to: list)
                continue
            }
            let isOnce = matched.count > 1 && dialect.deliversOncePerConnection
            count &+= deliver(range, to: list, of: publication, envelope, isOnce, excluded)
        }
        return count
    }

    private mutating func deliver(
        _ range: LogRange, to list: MemberListID, of publication: Publication,
        _ envelope: EnvelopeClass, _ isOnce: Bool, _ excluded: UInt32
    ) -> Int {
        let headerSize = envelope.wire.framing.map { framings[$0].headerSize } ?? 0
        let payloadSize = UInt32(clamping: range.size - headerSize)
        let isSelective = publication.reach.isSelective
        let members = unsafe rooms.unsafeMembers(of: list)
        var count = 0
        for place in 0..<members.count {
            let slot = unsafe members[place].connection
            if slot == excluded { continue }
            if isSelective {
                guard let session = table.connection(at: Int(slot))?.session,
                    session.admits(publication, envelope.reading)
                else { continue }
            }
            let line = unsafe table.hot + Int(slot)
            if unsafe payloadSize > line.pointee.messageLimit {
                metrics.count(.dropped)
                continue
            }
            // A connection is in one kind of lane, so the stamp of the pass before is as good.
            if isOnce, unsafe line.pointee.stamp == stamp { continue }
            unsafe line.pointee.stamp = stamp
            if enqueue(range, at: slot) { count &+= 1 }
        }
        return count
    }

    /// The frame of an envelope class, written to its lane's log when first asked for.
    private mutating func streamFrame(
        of publication: Publication, for list: MemberListID, _ envelope: EnvelopeClass,
        _ dialect: any Dialect
    ) -> LogRange? {
        if publication.coverage != nil, !dialect.ignoresRooms {
            let narrowed = narrowed(publication, for: list, dialect)
            return writeStreamFrame(of: narrowed, for: envelope, dialect)
        }
        for form in encoded where form.envelope == envelope { return form.range }
        let range = writeStreamFrame(of: publication, for: envelope, dialect)
        encoded.append(EncodedForm(envelope: envelope, range: range))
        return range
    }

    private mutating func writeStreamFrame(
        of publication: Publication, for envelope: EnvelopeClass, _ dialect: any Dialect
    ) -> LogRange? {
        var message = OctetBuffer(capacity: 0)
        swap(&message, &self.message)
        defer { swap(&message, &self.message) }
        message.removeAll()
        guard let framing = envelope.wire.framing,
            dialect.encode(publication, reading: envelope.reading, into: &message) != nil
        else { return nil }
        writtenSize &+= message.count
        return append(message.octets, framings[framing], lane: envelope.lane)
    }

    /// - Returns: Octets written.
    private static func write(
        _ kind: StreamFrameKind, _ payload: RawSpan, _ framing: any StreamFraming,
        into room: UnsafeMutableRawBufferPointer
    ) -> Int {
        let headerSize = framing.headerSize
        precondition(headerSize <= 8 && room.count >= headerSize + payload.byteCount)
        let header = framing.header(kind, payloadSize: payload.byteCount)
        for place in 0..<headerSize {
            let shift = UInt64(8 * (headerSize - 1 - place))
            unsafe room[place] = UInt8(truncatingIfNeeded: header >> shift)
        }
        unsafe payload.withUnsafeBytes { payload in
            guard let source = payload.baseAddress, let target = room.baseAddress else { return }
            unsafe (target + headerSize).copyMemory(from: source, byteCount: payload.count)
        }
        return headerSize + payload.byteCount
    }
}
