// Connecting — from a free slot to a client that does what its role is, and back.

internal import Bytes
internal import CSystem
internal import Glibc
internal import HTTP1
internal import Measurement
internal import Uring
internal import WAMP
internal import WebSocket

extension Worker {
    /// Opens clients, as many at once as the plan allows.
    mutating func openSome() {
        guard stage != .finished, stage != .draining else { return }
        while inProgress < plan.connectWindow {
            if let slot = returning.popFirst() {
                open(slot, due: now)
            } else if nextToOpen < clients.count {
                let slot = nextToOpen
                nextToOpen += 1
                let place = Int(unsafe clients.pointer(slot).pointee.population)
                if plan.populations[place].role != .visitor { open(slot, due: now) }
            } else {
                break
            }
        }
        if nextToOpen == clients.count, inProgress == 0, stage == .connecting {
            board.set(.triedAll, of: index, to: 1)
        }
    }

    /// Connects one client and asks for the WebSocket.
    ///
    /// - Parameter due: When it was due, for the latency of the handshake.
    mutating func open(_ slot: Int, due: UInt64) {
        let client = unsafe clients.pointer(slot)
        precondition(unsafe client.pointee.phase == .closed)
        let population = plan.populations[Int(unsafe client.pointee.population)]
        let number = Int(unsafe client.pointee.number)
        let source =
            plan.sources.isEmpty
            ? nil : plan.sources[(population.firstClient + number) % plan.sources.count]
        inProgress += 1
        let descriptor = unsafe carillon_connect(plan.target.address, plan.target.port, source)
        guard descriptor >= 0 else {
            openingFailed(slot, Self.explain(-descriptor, plan))
            return
        }
        _ = carillon_reset_on_close(descriptor)
        if number < population.stuckCount { _ = carillon_set_receive_buffer(descriptor, 4096) }
        do throws(RingError) {
            unsafe client.pointee.socket = try ring.adopt(descriptor, at: slot)
        } catch {
            openingFailed(slot, error.sentence)
            return
        }
        let handshake = ClientHandshake(
            random: (.random(in: 0 ... .max), .random(in: 0 ... .max)),
            subprotocols: population.speech.subprotocols,
            deflate: population.offersDeflate ? DeflateOffer() : nil)
        unsafe client.pointee.generation &+= 1
        unsafe client.pointee.phase = .opening
        unsafe client.pointee.isStuck = number < population.stuckCount
        unsafe client.pointee.anonymousDamage = 0
        unsafe client.pointee.openRequests = 0
        openings.append((slot, unsafe client.pointee.generation))
        if population.role == .publisher, population.speech.posts {
            greetByPost(slot, population)
            return
        }
        let path =
            population.role == .publisher ? population.speech.publishPath : population.speech.path
        let text = path.text(values(of: slot))
        unsafe client.pointee.opening = Opening(handshake, path: text, begin: due)
        let start = arena.count
        handshake.writeRequest(
            host: plan.target.hostField, target: text, into: &arena
        ) { buffer in
            for field in population.speech.fields {
                buffer.append(field)
                buffer.append("\r\n")
            }
        }
        queue(from: start, for: slot)
        armReceive(slot)
    }

    /// Octets came before the WebSocket was open.
    ///
    /// - Returns: How many were used; `nil` when the connection is over.
    mutating func readAnswer(_ slot: Int, _ octets: UnsafeMutableRawBufferPointer) -> Int? {
        let client = unsafe clients.pointer(slot)
        guard let opening = unsafe client.pointee.opening else { return nil }
        let before = opening.answer.count
        opening.answer.append(unsafe octets.bytes)
        var answer = OctetBuffer(capacity: 0)
        swap(&answer, &opening.answer)
        let head: ResponseHead
        do throws(HeadError) {
            guard let whole = try ResponseHead.parse(answer.octets) else {
                swap(&answer, &opening.answer)
                guard opening.answer.count < 65_536 else {
                    openingFailed(slot, "the answer to the handshake has no end")
                    return nil
                }
                return octets.count
            }
            head = whole
        } catch {
            openingFailed(slot, "the answer to the handshake is not HTTP (\(error))")
            return nil
        }
        do throws(HandshakeFailure) {
            let agreed = try opening.handshake.check(head, in: answer.octets)
            opened(slot, agreed)
        } catch {
            openingFailed(slot, Self.explain(error, opening.path, head, answer.octets))
            return nil
        }
        return head.headSize - before
    }

    /// The WebSocket is open: say what comes first.
    private mutating func opened(_ slot: Int, _ agreed: ClientHandshake.Opening) {
        let client = unsafe clients.pointer(slot)
        let population = plan.populations[Int(unsafe client.pointee.population)]
        if let opening = unsafe client.pointee.opening {
            handshakes.record(now > opening.begin ? now - opening.begin : 0)
        }
        if unsafe client.pointee.hasReturned, population.role != .visitor {
            tally.reconnected += 1
        } else {
            tally.connected += 1
        }
        unsafe client.pointee.opening = nil
        unsafe client.pointee.receiver = Receiver(role: .client, deflate: agreed.deflate)
        // Deliveries are compared with what was checked before, or checked then.
        unsafe client.pointee.receiver.trustsWholeText =
            population.role == .subscriber || population.role == .requester
        if let deflate = agreed.deflate,
            population.role == .publisher || population.role == .requester
        {
            unsafe client.pointee.deflater = Deflater(
                windowBits: Int(deflate.clientWindowBits),
                keepsContext: !deflate.clientNoContextTakeover)
        }
        unsafe client.pointee.phase = .greeting
        unsafe client.pointee.lastProgress = now
        unsafe client.pointee.isJoined = false
        if let wamp {
            unsafe client.pointee.receiver.trustsWholeText = true
            guard agreed.subprotocol != nil else {
                openingFailed(
                    slot,
                    "the server chose no subprotocol: it does not speak "
                        + wamp.subprotocol.rawValue)
                return
            }
            join(slot, wamp)
            return
        }
        if population.speech.hello == nil { begin(slot, population) }
    }

    /// Nothing is to be heard any more before the client speaks: what does it say first?
    private mutating func begin(_ slot: Int, _ population: Population) {
        unsafe clients.pointer(slot).pointee.isJoined = true
        let isPublisher = population.role == .publisher
        let first = isPublisher ? population.speech.greet : population.speech.subscribe
        let speaks = isPublisher || population.role == .subscriber
        guard speaks, let first else {
            becameReady(slot)
            return
        }
        say(first, values(of: slot), for: slot, isBinary: population.speech.isBinary)
        if (isPublisher ? population.speech.greeted : population.speech.subscribed) == nil {
            becameReady(slot)
        }
    }

    /// Whether `payload` is what the client waited for before it is ready.
    mutating func heardGreeting(_ slot: Int, _ payload: UnsafeRawBufferPointer) {
        let client = unsafe clients.pointer(slot)
        let population = plan.populations[Int(unsafe client.pointee.population)]
        guard let wanted = awaited(slot, population) else { return }
        if unsafe Self.contains(payload, wanted) {
            if unsafe client.pointee.isJoined {
                becameReady(slot)
            } else {
                begin(slot, population)
            }
            return
        }
        let words = unsafe String(decoding: unsafe payload.prefix(120), as: UTF8.self)
        if population.speech.denial.contains(where: { unsafe Self.contains(payload, $0) }) {
            openingFailed(slot, "the server does not let a client in: \(words)")
        } else {
            heardInstead[slot] = words
        }
    }

    /// A part of the message that a client waits for before it is ready.
    private func awaited(_ slot: Int, _ population: Population) -> [UInt8]? {
        if unsafe !clients.pointer(slot).pointee.isJoined { return population.speech.hello }
        return population.role == .publisher
            ? population.speech.greeted : population.speech.subscribed
    }

    /// Why a client is not ready yet, though its WebSocket is open.
    mutating func explainGreeting(_ slot: Int) -> String {
        let client = unsafe clients.pointer(slot)
        let population = plan.populations[Int(unsafe client.pointee.population)]
        if let exchange = unsafe client.pointee.exchange {
            return "the server did not answer in time what was posted to \(exchange.path)"
        }
        let text = awaited(slot, population) ?? []
        let wanted =
            wamp == nil ? String(decoding: text, as: UTF8.self) : awaitedInGreeting(slot)
        let heard = heardInstead.removeValue(forKey: slot).map { "heard \"\($0)\"" }
        return "the server did not acknowledge in time: waited for \"\(wanted)\", "
            + (heard ?? "heard nothing")
    }

    mutating func becameReady(_ slot: Int) {
        let client = unsafe clients.pointer(slot)
        let population = plan.populations[Int(unsafe client.pointee.population)]
        unsafe client.pointee.phase = .ready
        inProgress -= 1
        readyCount += 1
        if !heardInstead.isEmpty { heardInstead[slot] = nil }
        switch population.role {
        case .subscriber: beginListening(slot, population)
        case .requester:
            if stage == .running { fillWindow(slot, population) }
        case .visitor:
            accounted += 1
            leave(slot)
        case .publisher, .idler, .callee: break
        }
        unsafe client.pointee.hasReturned = true
    }

    /// From here on it is owed what is published to its room.
    private mutating func beginListening(_ slot: Int, _ population: Population) {
        let client = unsafe clients.pointer(slot)
        if unsafe client.pointee.isStuck {
            cancelReceive(slot)
            return
        }
        unsafe client.pointee.isAudience = true
        let room = room(of: slot)
        let wasCutOff = unsafe client.pointee.isCutOff
        unsafe client.pointee.isCutOff = false
        for event in events(of: slot) {
            for (place, stream) in plan.streams.streams(ofRoom: room, event: event) {
                let at = Int(unsafe client.pointee.checks) + place
                let published = board.publishedCount(stream)
                if wasCutOff { lostBeforeReturn += checks.lost(at: at, published: published) }
                checks.begin(at: at, owedFrom: published)
            }
            board.adjustAudience(of: room * plan.streams.eventCount + event, by: 1)
        }
    }

    // MARK: words

    static func explain(_ errno: Int32, _ plan: LoadPlan) -> String {
        let target = "\(plan.target.address):\(plan.target.port)"
        switch errno {
        case ECONNREFUSED: return "\(target) refuses connections: is the server running there?"
        case EADDRNOTAVAIL:
            return "no local port is left towards \(target), or --source names an address that "
                + "this machine does not have: connect from more addresses with --sources N (on "
                + "loopback) or --source ADDRESS"
        case EMFILE, ENFILE:
            return "no descriptor is left: raise the limit (ulimit -n) or spread with --processes N"
        case ETIMEDOUT: return "\(target) does not answer"
        case ENETUNREACH, EHOSTUNREACH: return "\(target) cannot be reached"
        case ECONNRESET, EPIPE: return "the connection was reset"
        default:
            return "connecting to \(target) failed: \(systemText(errno))"
        }
    }

    private static func explain(
        _ failure: HandshakeFailure, _ path: String, _ head: ResponseHead, _ answer: RawSpan
    ) -> String {
        guard case .refused(let status) = failure else {
            return "the handshake for \(path) failed: \(failure)"
        }
        let reason = answer.extracting(head.reasonRange).text
        let end = min(answer.byteCount, head.headSize + 120)
        let body = answer.extracting(min(head.headSize, end)..<end).text
        let said = body.split(whereSeparator: \.isNewline).joined(separator: " ")
        return "the handshake for \(path) was refused: \(status) \(reason)"
            + (said.isEmpty ? "" : ": \(said)")
    }
}
