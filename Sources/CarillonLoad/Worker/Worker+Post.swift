// Posting — publishers that are no WebSockets: an application that posts what it publishes.
//
// One connection per publisher, kept alive, requests one behind the other without waiting for
// answers. Whether the server is there, and takes part, is asked by OPTIONS before the run;
// whatever the answer is, it is HTTP. A connection that the server ends while nothing is under way
// (it may: RFC 9112 §9.5) is made anew.

internal import Bytes
internal import HTTP1
internal import Measurement
internal import WebSocket

extension Worker {
    /// The connection is under way: asks whether the server is there.
    mutating func greetByPost(_ slot: Int, _ population: Population) {
        let client = unsafe clients.pointer(slot)
        let exchange = PostExchange(path: population.speech.publishPath.text(values(of: slot)))
        unsafe client.pointee.exchange = exchange
        unsafe client.pointee.phase = .greeting
        unsafe client.pointee.lastProgress = now
        let start = arena.count
        appendHead("OPTIONS", exchange.path, bodySize: 0, population.speech.fields)
        exchange.openCount = 1
        queue(from: start, for: slot)
        armReceive(slot)
    }

    /// Appends a publication to the arena; who calls queues it.
    mutating func post(
        _ speech: Speech, _ values: Template.Values, _ stamp: Stamp, _ slot: Int
    ) {
        guard let exchange = unsafe clients.pointer(slot).pointee.exchange else { return }
        var text = takeMessage()
        let seed = self.seed
        speech.publish.write(values, into: &text) { stamp.writePayload(into: &$0, seed: seed) }
        appendHead("POST", exchange.path, bodySize: text.count, speech.fields)
        arena.append(text.octets)
        swap(&text, &message)
        exchange.openCount += 1
    }

    private mutating func appendHead(
        _ method: StaticString, _ path: String, bodySize: Int, _ fields: [String]
    ) {
        arena.append(method)
        arena.append(" ")
        arena.append(path)
        arena.append(" HTTP/1.1\r\nHost: ")
        arena.append(plan.target.hostField)
        if bodySize > 0 {
            arena.append("\r\nContent-Type: application/json\r\nContent-Length: ")
            arena.append(decimal: bodySize)
        }
        arena.append("\r\n")
        for field in fields {
            arena.append(field)
            arena.append("\r\n")
        }
        arena.append("\r\n")
    }

    /// Reads answers out of `octets`.
    mutating func takeAnswers(_ octets: RawSpan, _ slot: Int, _ exchange: PostExchange) {
        exchange.answers.append(octets)
        let client = unsafe clients.pointer(slot)
        while unsafe client.pointee.phase == .greeting || client.pointee.phase == .ready {
            let answer: PostAnswer
            do throws(HeadError) {
                guard let next = try exchange.answers.next() else { return }
                answer = next
            } catch {
                tally.protocolErrors += 1
                wasClosed(slot, "the answer to a publication is not HTTP (\(error))")
                return
            }
            exchange.openCount = max(0, exchange.openCount - 1)
            heard(answer, slot, exchange)
        }
    }

    private mutating func heard(_ answer: PostAnswer, _ slot: Int, _ exchange: PostExchange) {
        let client = unsafe clients.pointer(slot)
        if unsafe client.pointee.phase == .greeting {
            // 405 is what those say who know the path and nothing of OPTIONS.
            guard answer.isGood || answer.status == 405 || answer.status == 501 else {
                openingFailed(
                    slot,
                    "publishing by \(exchange.path) is refused: \(answer.status) \(answer.words)")
                return
            }
            if unsafe client.pointee.hasReturned {
                tally.reconnected += 1
            } else {
                tally.connected += 1
            }
            becameReady(slot)
        } else if !answer.isGood {
            tally.protocolErrors += 1
            wrongCount += 1
            problems.add("a publication was refused: \(answer.status) \(answer.words)")
        }
        if !answer.keepsAlive { reconnect(slot) }
    }

    /// Whether the end of a publisher's connection is nothing but that: it connects again.
    mutating func reconnectsAfterEnd(_ slot: Int) -> Bool {
        let client = unsafe clients.pointer(slot)
        guard let exchange = unsafe client.pointee.exchange, exchange.openCount == 0,
            unsafe client.pointee.phase == .ready
        else { return false }
        reconnect(slot)
        return true
    }

    private mutating func reconnect(_ slot: Int) {
        unsafe clients.pointer(slot).pointee.isReconnecting = true
        leave(slot)
    }
}
