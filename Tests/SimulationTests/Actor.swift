// Actor — one client of a schedule: what it does, what it is owed, and what it may not get.
//
// The promises are checked as each message arrives, from the client's side of the stream: replies
// in the order of the calls, no event before the reply to its subscription or after the reply to
// its end, the answer to a publish before its own event, each publication once, and those of one
// publisher in their order.

import Engine
import WebSocket

/// One publication of a schedule.
struct Posted {
    let number: Int
    /// The actor that published; -1 is the API.
    let publisher: Int
    let channel: String
    let event: String
    /// What subscribers get.
    let text: String
    /// The publisher has been told that it entered.
    var isAnswered = false
}

/// How an actor behaves.
enum Temper: CaseIterable {
    case reliable  // reads everything, answers everything
    case slow  // reads little, and everything in the end
    case deaf  // never reads
    case halfCloser  // ends its direction at some point
    case resetter  // goes without a word at some point
    case flooder  // writes far more than anybody else
}

final class Actor {
    struct Subscription: Hashable {
        let channel: String
        let pattern: String

        func matches(_ posted: Posted) -> Bool {
            channel == posted.channel && Actor.glob(pattern, matches: posted.event)
        }
    }

    enum Expected {
        case subscribe(Subscription)
        case unsubscribe(Subscription)
        case publish(Int)
        case echo(String)
        case call(String)
        case info
    }

    let number: Int
    let temper: Temper
    let client: SimulatedClient
    private(set) var complaints: [String] = []

    /// Calls without an answer, in their order.
    private(set) var expected: [(id: String, call: Expected)] = []
    private var callCount = 0
    /// Subscriptions as this end knows them: in force from reply to reply.
    private(set) var active: Set<Subscription> = []
    /// Subscriptions asked for, and not asked to end.
    private(set) var wanted: Set<Subscription> = []
    /// Publications that must arrive.
    private(set) var owed: Set<Int> = []
    private var delivered: Set<Int> = []
    private var lastOf: [Int: Int] = [:]
    /// Payloads of pings without a pong.
    private var pings: [[UInt8]] = []
    private var pingCount = 0
    private(set) var closeSent: UInt16?
    var hasFinished = false  // its own FIN
    var hasReset = false
    /// Time has jumped while it was busy, so that the server may have given it up.
    var isForgiven = false
    /// The last few, for whoever looks into a failure.
    private(set) var lastArrivals: [String] = []
    private(set) var connectionCount: Int?

    init(_ number: Int, _ temper: Temper, _ client: SimulatedClient) {
        self.number = number
        self.temper = temper
        self.client = client
        if temper == .deaf { client.answersPings = false }
    }

    /// Open, and nobody has begun to end it.
    var isTalking: Bool {
        client.isOpen && !client.hasReceivedClose && closeSent == nil && !hasFinished && !hasReset
            && !client.socket.isReset && !client.socket.isFinished
    }

    /// Whether everything owed has to arrive.
    var isHealthy: Bool { isTalking && temper != .deaf && !client.socket.wasBroken }

    func complain(_ what: String) {
        if complaints.count < 5 { complaints.append("actor \(number) (\(temper)): \(what)") }
    }

    /// Subscriptions in force whose end nobody has asked for.
    private var certain: Set<Subscription> {
        var certain = active.intersection(wanted)
        for case (_, .unsubscribe(let subscription)) in expected { certain.remove(subscription) }
        return certain
    }

    // MARK: calls

    private func call(_ kind: Expected, _ text: (String) -> String, in pieces: Int? = nil) {
        callCount += 1
        let id = "\(number)-\(callCount)"
        expected.append((id, kind))
        client.write(text(id), fragmentSize: pieces, compressed: callCount % 3 == 0)
    }

    func subscribe(_ subscription: Subscription) {
        guard !wanted.contains(subscription) else { return }
        wanted.insert(subscription)
        call(.subscribe(subscription)) {
            Call.subscribe(subscription.channel, subscription.pattern, id: $0)
        }
    }

    func unsubscribe(_ subscription: Subscription, _ posted: [Posted]) {
        guard wanted.remove(subscription) != nil else { return }
        // What comes only through it may come or not, from here on.
        let kept = certain
        owed = owed.filter { number in kept.contains { $0.matches(posted[number]) } }
        call(.unsubscribe(subscription)) {
            Call.unsubscribe(subscription.channel, subscription.pattern, id: $0)
        }
    }

    func publish(_ posted: Posted, data: String, in pieces: Int?) {
        call(
            .publish(posted.number),
            { Call.publish(posted.channel, posted.event, data: data, id: $0) }, in: pieces)
    }

    func echo(_ payload: String) { call(.echo(payload)) { Call.echo(payload, id: $0) } }

    func callSlowly(_ payload: String) {
        call(.call(payload)) { Call.call("slow", payload, id: $0) }
    }

    func askInfo() { call(.info) { Call.call("server_info", id: $0) } }

    /// Pings with octets that no other ping of this client carries.
    func ping(_ filling: [UInt8]) {
        pingCount += 1
        let payload = [UInt8(pingCount >> 8), UInt8(pingCount & 0xFF)] + filling
        pings.append(payload)
        client.write(.ping, payload)
    }

    func close(_ code: UInt16?) {
        guard closeSent == nil, !client.hasSentClose else { return }
        closeSent = code ?? 0
        client.writeClose(code)
        owed = []
    }

    /// A publication has been written by somebody: it is owed if nothing can come between.
    func note(_ posted: Posted) {
        guard isTalking else { return }
        if certain.contains(where: { $0.matches(posted) }) { owed.insert(posted.number) }
    }

    // MARK: arrivals

    /// Reads at most `limit` octets and judges what they say.
    func read(_ limit: Int = .max, _ posted: inout [Posted], _ numbers: [String: Int]) -> Int {
        let count = client.read(limit)
        lastArrivals += client.arrivals.map { String("\($0)".prefix(60)) }
        lastArrivals = lastArrivals.suffix(4)
        for arrival in client.takeArrivals() {
            switch arrival {
            case .response(let status):
                if status != 101 && status != 503 { complain("the handshake got \(status)") }
            case .message(let text):
                if text.hasPrefix(#"{"channel":"#) {
                    takeEvent(text, &posted, numbers)
                } else {
                    takeReply(text, &posted)
                }
            case .pong(let payload): takePong(payload)
            case .close(let code): takeClose(code)
            case .ping: break
            case .binary: complain("got a binary message")
            case .broken(let what): complain("the stream is torn: \(what)")
            }
        }
        return count
    }

    private func takeReply(_ text: String, _ posted: inout [Posted]) {
        // Who has closed is told the end of no call that was still waited for.
        if closeSent != nil {
            while case .call? = expected.first?.1, let id = expected.first?.0,
                !text.hasPrefix(#"{"id":"\#(id)","#)
            {
                expected.removeFirst()
            }
        }
        guard !expected.isEmpty else { return complain("nobody asked for \(text.prefix(60))") }
        let (id, call) = expected.removeFirst()
        guard text.hasPrefix(#"{"id":"\#(id)","#) else {
            return complain("expected the answer to \(id), got \(text.prefix(60))")
        }
        switch call {
        case .subscribe(let subscription): active.insert(subscription)
        case .unsubscribe(let subscription): active.remove(subscription)
        case .publish(let number): posted[number].isAnswered = true
        case .echo(let payload):
            let whole = #"{"id":"\#(id)","method":"echo","response":\#(payload)}"#
            if text != whole { complain("an echo of \(payload.count) octets came back changed") }
        case .call(let payload):
            let whole = #"{"id":"\#(id)","method":"slow","response":\#(payload)}"#
            if text != whole { complain("a call came back as \(text.prefix(60))") }
        case .info:
            let start = #"{"id":"\#(id)","method":"server_info","response":{"connections":"#
            connectionCount = Int(text.dropFirst(start.count).prefix { $0.isNumber })
            if connectionCount == nil { complain("no server_info in \(text.prefix(60))") }
        }
    }

    private func takeEvent(_ text: String, _ posted: inout [Posted], _ numbers: [String: Int]) {
        guard let number = numbers[text] else {
            return complain("an event nobody published: \(text.prefix(80))")
        }
        let event = posted[number]
        if !delivered.insert(number).inserted { complain("publication \(number) came twice") }
        if let last = lastOf[event.publisher], last >= number {
            complain("publication \(number) came behind \(last) of the same publisher")
        }
        lastOf[event.publisher] = number
        if !active.contains(where: { $0.matches(event) }) {
            complain("publication \(number) came without a subscription in force")
        }
        if event.publisher == self.number, !event.isAnswered {
            complain("publication \(number) came before its own answer")
        }
        owed.remove(number)
    }

    private func takePong(_ payload: [UInt8]) {
        // A newer ping may replace one that waits (RFC 6455 §5.5.3), never the other way round.
        guard let place = pings.firstIndex(of: payload) else {
            return complain("a pong nobody asked for")
        }
        pings.removeFirst(place + 1)
    }

    private func takeClose(_ code: UInt16?) {
        if let closeSent {
            // Both sides may close at once; then ours is answered by none of theirs.
            if (code ?? 0) != closeSent, code != 1001, code != 1013 {
                complain("a close \(closeSent) was answered with \(code ?? 0)")
            }
            return
        }
        switch code {
        case 1001: break  // a drain or the end; the schedule knows
        case 1013:
            if temper == .reliable, !client.socket.wasFull {
                complain("was called slow and never was")
            }
        case 1000: if !hasFinished { complain("was closed with 1000 for nothing") }
        default: complain("was closed with \(code ?? 0)")
        }
    }

    /// Nobody who behaves loses its connection without a word.
    func checkConnection() {
        guard temper != .resetter, temper != .deaf, !client.socket.wasBroken, !isForgiven else {
            return
        }
        if client.isOpen, client.socket.isFinished, !client.hasReceivedClose {
            complain("was dropped without a close frame")
        }
        if !client.isOpen, client.refusal == nil, client.socket.isFinished {
            complain("was dropped without an answer")
        }
    }

    /// The newest ping must be answered once everything has been read.
    func checkPongs() {
        if isHealthy, !pings.isEmpty { complain("\(pings.count) pings without a pong") }
    }

    func checkReplies() {
        if isHealthy, !expected.isEmpty {
            complain("\(expected.count) calls without an answer, the first \(expected[0])")
        }
    }

    func checkOwed(_ posted: [Posted], _ actors: [Actor]) {
        guard isHealthy else { return }
        for number in owed.sorted() {
            let event = posted[number]
            let isCertain =
                event.publisher < 0 || event.isAnswered || actors[event.publisher].isHealthy
            if isCertain { complain("publication \(number) of \(event.publisher) never came") }
        }
    }

    /// `*` and `?` in the last segment.
    static func glob(_ pattern: String, matches text: String) -> Bool {
        glob(Array(pattern.utf8)[...], Array(text.utf8)[...])
    }

    private static func glob(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == 0x2A {
            return glob(pattern.dropFirst(), text)
                || (!text.isEmpty && glob(pattern, text.dropFirst()))
        }
        guard let octet = text.first, first == 0x3F || first == octet else { return false }
        return glob(pattern.dropFirst(), text.dropFirst())
    }
}
