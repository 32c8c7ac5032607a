// HTTP — requests in front of an upgrade, and those that want no WebSocket at all.

import Bytes
import HTTP1
import Telemetry
import WebSocket

/// A request whose head or body is not complete yet.
final class Exchange {
    var head: RequestHead
    /// The octets of the head, once it is complete.
    var headOctets: OctetBuffer
    var body = OctetBuffer(capacity: 0)
    var decoder: BodyDecoder?
    /// Whether the answer may be followed by another request.
    var keepsAlive = true
    var isHead = false

    init(head: RequestHead, headOctets: consuming OctetBuffer = OctetBuffer(capacity: 0)) {
        self.head = head
        self.headOctets = headOctets
        keepsAlive = head.keepsAlive
        isHead = head.method == .head
    }

    /// Octets of memory for what has come so far.
    var memorySize: Int {
        headOctets.capacity + body.capacity
            + head.table.fields.capacity * MemoryLayout<Field>.stride
    }
}

extension Core where Kernel: ~Copyable {
    private var headLimits: HeadLimits {
        HeadLimits(
            startLineSize: limits.requestLineSize, headerLineSize: limits.headerLineSize,
            headersSize: limits.headersSize, headerCount: limits.headerCount)
    }

    mutating func consumeRequests(
        _ octets: UnsafeMutableRawBufferPointer, _ offset: inout Int, for connection: Connection
    ) {
        while connection.phase == .http && !connection.holdsInput && !isChoked(connection) {
            if let exchange = connection.exchange, exchange.decoder != nil {
                let rest = unsafe UnsafeRawBufferPointer(octets).bytes
                guard readBody(rest, &offset, exchange, connection) else { return }
                continue
            }
            guard offset < octets.count else { return }
            if unflushedOctets >= Self.unflushedLimit || isTurnOver {
                makeRunnable(connection)
                return
            }
            let rest = unsafe UnsafeRawBufferPointer(rebasing: octets[offset...]).bytes
            var head: RequestHead
            if let exchange = connection.exchange {
                head = exchange.head
                connection.exchange = nil
            } else {
                head = spareHead.take() ?? RequestHead()
            }
            do throws(HeadError) {
                guard try head.resume(rest, limits: headLimits) else {
                    connection.exchange = Exchange(head: head)
                    return
                }
            } catch {
                countRefusal(error)
                refuse(connection, status: error.status)
                return
            }
            offset += head.headSize
            metrics.add(.requests)
            handle(head, rest.extracting(0..<head.headSize), for: connection)
            head.reset()
            spareHead = consume head
        }
    }

    private mutating func handle(
        _ head: RequestHead, _ octets: RawSpan, for connection: Connection
    ) {
        guard let path = head.path(in: octets) else {
            refuse(connection, status: 400)
            return
        }
        let isUpgrade = head.table.has(.upgrade)
        if connection.listener == .main,
            let route = routes.place(
                of: path, sentPath: octets.extracting(head.pathRange).text, isUpgrade: isUpgrade,
                offers: { UpgradeRequest.subprotocols(of: head, in: octets) }),
            isUpgrade || !state.settings.routes[route].servesClaims
                || state.settings.handler?.answers(
                    path: path, listener: connection.listener.number) != true
        {
            upgrade(head, octets, to: route, for: connection)
            return
        }
        guard let handler = state.settings.handler else {
            refuse(connection, status: 404)
            return
        }
        let limit = handler.bodyLimit(
            method: head.method, path: path, listener: connection.listener.number)
        let exchange = Exchange(head: head, headOctets: OctetBuffer(copying: octets))
        connection.exchange = exchange
        guard head.bodyLength != .none else {
            leaveHandshake(connection)
            answer(exchange, connection)
            return
        }
        do throws(HeadError) {
            // A body nobody wants is read past if it is small, so that the connection stays usable.
            exchange.decoder = try BodyDecoder(head.bodyLength, limit: limit ?? 65_536)
        } catch {
            countRefusal(error)
            refuse(connection, status: error.status)
            return
        }
        leaveHandshake(connection)
        connection.phaseDeadline = now + limits.bodyTime
        setDeadline(of: connection)
        if head.expectsContinue {
            message.removeAll()
            ResponseHead.writeStatusLine(100, into: &message)
            ResponseHead.writeEnd(into: &message)
            sendMessageBuffer(to: connection)
        }
    }

    /// - Returns: Whether the body is complete and its request was answered.
    private mutating func readBody(
        _ octets: RawSpan, _ offset: inout Int, _ exchange: Exchange, _ connection: Connection
    ) -> Bool {
        do throws(HeadError) {
            let isComplete =
                try exchange.decoder?.decode(octets, offset: &offset, into: &exchange.body) ?? true
            guard isComplete else {
                connection.phaseDeadline = now + limits.bodyTime
                setDeadline(of: connection)
                return false
            }
        } catch {
            countRefusal(error)
            refuse(connection, status: error.status)
            return false
        }
        exchange.decoder = nil
        answer(exchange, connection)
        return true
    }

    /// Hands a whole request to its handler.
    private mutating func answer(_ exchange: Exchange, _ connection: Connection) {
        connection.phaseDeadline = now + limits.keepAliveTime
        setDeadline(of: connection)
        guard let handler = state.settings.handler else { return }
        let head = exchange.head
        var headOctets = OctetBuffer(capacity: 0)
        var body = OctetBuffer(capacity: 0)
        swap(&headOctets, &exchange.headOctets)
        swap(&body, &exchange.body)
        let path = head.path(in: headOctets.octets) ?? ""
        let request = Request(
            method: head.method, path: path, head: head, headOctets: headOctets.octets,
            body: body.octets, listener: connection.listener.number,
            isLoopback: state.loopbackListeners[connection.listener.number])
        let responder = Responder(state: state, connection: connection.id)
        switch handler.respond(to: request, via: responder) {
        case .now(let response): respond(response, connection)
        case .later: connection.awaitsAnswer = true
        case nil: respond(Response(status: 404, body: Array("Not Found\n".utf8)), connection)
        }
    }

    /// Queues the answer to the request at hand; the next one is read behind it.
    mutating func respond(_ response: Response, _ connection: Connection) {
        guard connection.phase == .http, let exchange = connection.exchange else { return }
        connection.exchange = nil
        message.removeAll()
        let keepsAlive =
            exchange.keepsAlive && !response.endsConnection && !connection.isPeerFinished
            && !state.isDraining
        unsafe ResponseHead.write(
            status: response.status, contentType: response.contentType,
            body: response.body.span.bytes, keepsAlive: keepsAlive, headOnly: exchange.isHead,
            into: &message
        ) { buffer in
            for field in response.fields {
                ResponseHead.writeField(field.name, text: field.value, into: &buffer)
            }
        }
        sendMessageBuffer(to: connection)
        if !keepsAlive { finish(connection) }
        releaseInput(connection)
    }

    /// Refuses a request: status line, FIN, then reading on for a while so that it is heard. A
    /// stream has no statuses; its client is told what its framing has words for.
    mutating func refuse(
        _ connection: Connection, status: Int, reason: String? = nil, retryAfter: Int? = nil,
        contentType: String = "text/plain; charset=utf-8", body: String? = nil,
        extraFields: (inout OctetBuffer) -> Void = { _ in }
    ) {
        guard connection.phase == .http else { return }
        metrics.count(handshake: HandshakeResult(status: status))
        leaveHandshake(connection)
        if case .stream(let place) = connection.listener {
            refuseStream(connection, place, isFull: status == 503 || status == 429)
            return
        }
        connection.exchange = nil
        message.removeAll()
        let text = body ?? "\(ResponseHead.reason(of: status))\n"
        ResponseHead.writeStatusLine(status, reason: reason, into: &message)
        ResponseHead.writeField("Content-Type", text: contentType, into: &message)
        ResponseHead.writeField("Content-Length", text.utf8.count, into: &message)
        ResponseHead.writeField("Connection", "close", into: &message)
        if let retryAfter { ResponseHead.writeField("Retry-After", retryAfter, into: &message) }
        extraFields(&message)
        ResponseHead.writeEnd(into: &message)
        message.append(text)
        sendMessageBuffer(to: connection)
        finish(connection)
    }

    /// Sends what stands in `message`.
    mutating func sendMessageBuffer(to connection: Connection) {
        var taken = OctetBuffer(capacity: 0)
        swap(&taken, &message)
        send(taken.octets, to: connection)
        swap(&taken, &message)
    }

    private func countRefusal(_ error: HeadError) {
        switch error.status {
        case 413: metrics.count(.bodySize)
        case 414: metrics.count(.requestLineSize)
        case 431: metrics.count(.headersSize)
        default: break
        }
    }
}
