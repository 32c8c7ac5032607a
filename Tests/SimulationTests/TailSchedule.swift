// TailSchedule — subscriptions with tails made from one seed: plain and deflated clients on two cores,
// quick and slow ones, who come, subscribe, unsubscribe, publish, echo and go, with a kernel of any
// mood. Nobody gets a torn frame, a wrong tail, or a publication twice or out of order.

import DialectKit
import Engine
import Rooms
import Telemetry
import Uring
import WebSocket

final class TailSchedule: SeededSchedule {
    private static let rooms = ["r", "s"]
    private static let tailSizes = [0, 1, 14, 15, 16, 120, 125, 700]

    private var random: SeededRandom
    private let test: SpokenWorld
    private var peers: [Peer] = []
    private var bodies: [Body] = []
    private var complaints: [String] = []
    private var echoCount = 0
    private(set) var sights: [String: Int] = [:]

    private struct Body {
        let text: String
        let room: String
        /// -1 is the outside.
        let publisher: Int
    }

    private struct Held: Hashable {
        let room: String
        /// `-` is none.
        let tail: String
    }

    private final class Peer {
        let number: Int
        let client: SimulatedClient
        let isSlow: Bool
        var isGone = false
        /// From the answer on, and until the end was asked for.
        var certain: Set<Held> = []
        /// From when it was asked for, and until the end was answered.
        var possible: Set<Held> = []
        /// What was said and not confirmed.
        var said: [String] = []
        /// Publications that must still come, by subscription.
        var owed: [Held: Set<Int>] = [:]
        var heard: [Held: [Int]] = [:]

        init(_ number: Int, _ client: SimulatedClient, isSlow: Bool) {
            self.number = number
            self.client = client
            self.isSlow = isSlow
        }

        var isTalking: Bool {
            client.isOpen && !isGone && !client.hasReceivedClose && !client.socket.isFinished
        }
    }

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var options = SimulatedOptions()
        if random.chance(600) { options.faults = SimulatedFaults(&random) }
        options.bufferSize = random.pick([64, 1024])
        options.submissionLimit = random.pick([4, 4096])
        options.sendWindow = random.pick([500, 5_000, 65_536])
        var limits = Limits()
        limits.framesPerTurn = random.pick([2, 128])
        if random.chance(200) { limits.mailSize = random.pick([0, 1_000]) }
        if random.chance(400) {
            // So that a few subscriptions are many, and leaving takes several turns.
            limits.promptLeaveCount = 0
            limits.leaveSlice = random.within(1...3)
        }
        test = SpokenWorld(
            seed: random.next(), cores: 2, limits: limits,
            sendQueueSize: random.pick([9_000, 20_000, 1 << 20]), messageSize: 4_096,
            options: options, flushSlice: random.pick([1, 3, 64]))
        self.random = random
    }

    var description: String { test.world.description }

    private func complain(_ peer: Peer, _ what: String) {
        complaints.append("peer \(peer.number): \(what)")
    }

    func play() -> [String] {
        test.world.interlude = { [unowned self] in act() }
        for _ in 0..<random.within(1...2) {
            for _ in 0..<random.within(60...250) {
                if random.chance(600) { act() } else { test.world.step() }
                if random.chance(50) { test.world.checkBounds() }
            }
            rest()
            if !complaints.isEmpty || !test.world.violations.isEmpty { break }
        }
        end()
        return complaints + test.world.violations
    }

    // MARK: acting

    private func act() {
        if peers.count < 8, random.chance(200) { return admit() }
        guard !peers.isEmpty else { return admit() }
        let peer = random.pick(peers)
        switch random.below(100) {
        case 0..<20: subscribe(peer)
        case 20..<30: unsubscribe(peer)
        case 30..<32: leave(peer)
        case 32..<52: publish(by: random.chance(500) ? peer : nil)
        case 52..<62: echo(peer)
        default: read(peer, peer.isSlow ? 200 : random.chance(700) ? .max : 90)
        }
        if peer.isTalking, random.chance(700) { peer.client.push(random.chance(800) ? .max : 30) }
    }

    private func admit() {
        var offer: DeflateOffer?
        if random.chance(600) {
            offer = DeflateOffer(
                serverNoContextTakeover: random.chance(500),
                clientNoContextTakeover: random.chance(500),
                serverWindowBits: random.chance(300) ? nil : random.within(9...15))
        }
        let client = test.request(
            core: random.below(2), offer: offer, keepsServerContext: random.chance(500))
        peers.append(Peer(peers.count, client, isSlow: random.chance(250)))
    }

    private func subscribe(_ peer: Peer) {
        guard peer.isTalking else { return }
        let size = random.pick(Self.tailSizes)
        let tail = size == 0 ? "-" : "~" + String(repeating: "t", count: size - 1)
        let held = Held(room: random.pick(Self.rooms), tail: tail)
        guard !peer.possible.contains(held) else { return }
        peer.possible.insert(held)
        say("sub \(held.room) \(held.tail)", peer)
    }

    private func unsubscribe(_ peer: Peer) {
        let all = peer.certain.sorted { ($0.room, $0.tail) < ($1.room, $1.tail) }
        guard peer.isTalking, let held = all.first else { return }
        peer.certain.remove(held)
        peer.owed[held] = nil
        say("unsub \(held.room) \(held.tail)", peer)
        sights["ends", default: 0] += 1
    }

    private func say(_ text: String, _ peer: Peer) {
        peer.said.append("did \(text)")
        peer.client.write(text, compressed: random.chance(500))
    }

    private func leave(_ peer: Peer) {
        guard peer.isTalking else { return }
        peer.isGone = true
        if random.chance(500) { peer.client.socket.reset() } else { peer.client.writeClose(1000) }
        peer.client.push()
    }

    private func publish(by peer: Peer?) {
        if let peer, !peer.isTalking { return }
        let room = random.pick(Self.rooms)
        // The largest are shared even deflated, and larger than what clients may send.
        let size = random.pick([0, 30, 100, 400, 1_900, 2_040, 2_500, peer == nil ? 7_000 : 10])
        let text = "\(bodies.count)|" + test.text(size) + "|"
        let number = bodies.count
        bodies.append(Body(text: text, room: room, publisher: peer?.number ?? -1))
        if let peer {
            peer.said.append("did pub")
            peer.client.write("pub \(room) \(text)", compressed: random.chance(500))
        } else {
            test.publish(room, text)
        }
        for other in peers where other.isTalking {
            for held in other.certain where held.room == room {
                other.owed[held, default: []].insert(number)
            }
        }
    }

    private func echo(_ peer: Peer) {
        guard peer.isTalking else { return }
        echoCount += 1
        let text = "\(echoCount)&" + test.text(random.pick([1, 100, 1_000]))
        peer.said.append(text)
        peer.client.write("echo \(text)", compressed: random.chance(500))
    }

    // MARK: hearing

    private func read(_ peer: Peer, _ limit: Int = .max) {
        guard !peer.client.socket.isReset else { return }
        peer.client.read(limit)
        for arrival in peer.client.takeArrivals() {
            switch arrival {
            case .message(let text): take(text, peer)
            case .response(101), .ping, .pong: break
            case .close(let code):
                sights["closes \(code ?? 0)", default: 0] += 1
                let isExpected =
                    code == 1013 && peer.client.socket.wasFull || code == 1001 && isEnding
                    || code == 1000 && peer.isGone
                if !isExpected { complain(peer, "was closed with \(code ?? 0)") }
            default: complain(peer, "got \(arrival)")
            }
        }
    }

    private func take(_ text: String, _ peer: Peer) {
        if text.first == "d" || text.contains("&") {
            guard peer.said.first == text else {
                return complain(
                    peer, "heard \(text.prefix(40)), not \(peer.said.first ?? "nothing")")
            }
            peer.said.removeFirst()
            let words = text.split(separator: " ").map(String.init)
            guard words.count == 4 else { return }
            let held = Held(room: words[2], tail: words[3])
            if words[1] == "sub" { peer.certain.insert(held) } else { peer.possible.remove(held) }
            return
        }
        let number = Int(text.prefix { $0 != "|" }) ?? -1
        guard bodies.indices.contains(number), text.hasPrefix(bodies[number].text) else {
            return complain(peer, "nobody published \(text.prefix(40))…\(text.suffix(40))")
        }
        let body = bodies[number]
        let tail = String(text.dropFirst(body.text.count))
        let held = Held(room: body.room, tail: tail.isEmpty ? "-" : tail)
        guard peer.possible.contains(held) else {
            return complain(peer, "heard \(number) under \(held) without having it")
        }
        if let last = peer.heard[held]?.last(where: { bodies[$0].publisher == body.publisher }),
            last >= number
        {
            complain(peer, "heard \(number) behind \(last)")
        }
        peer.heard[held, default: []].append(number)
        peer.owed[held]?.remove(number)
        sights[tail.isEmpty ? "plain" : "tails", default: 0] += 1
        if body.text.utf8.count > 2_048, !tail.isEmpty { sights["shared", default: 0] += 1 }
    }

    // MARK: resting

    private var isEnding = false

    private func exchange() {
        for _ in 0..<5_000 {
            for peer in peers { peer.client.push() }
            guard test.world.settle() else { return test.world.violate("no rest") }
            let before = peers.map(\.client.socket.availableCount)
            for peer in peers { read(peer) }
            if before.allSatisfy({ $0 == 0 }), peers.allSatisfy({ $0.client.outbox.isEmpty }) {
                return
            }
        }
    }

    private func rest() {
        test.world.interlude = nil
        defer { if !isEnding { test.world.interlude = { [unowned self] in act() } } }
        exchange()
        for _ in 0..<20 {
            test.world.pass(300_000_000)
            exchange()
        }
        test.world.checkQuiet()
        for peer in peers where peer.isTalking && !peer.client.socket.wasBroken {
            if !peer.said.isEmpty { complain(peer, "was not answered \(peer.said[0].prefix(40))") }
            for (held, numbers) in peer.owed {
                // What a peer said that was lost on its way is owed by nobody.
                let missing = numbers.filter { number in
                    let publisher = bodies[number].publisher
                    return publisher < 0 || peers[publisher].isTalking
                }
                if !missing.isEmpty { complain(peer, "never heard \(missing) under \(held)") }
            }
        }
    }

    private func end() {
        isEnding = true
        test.world.interlude = nil
        test.world.stop()
        for _ in 0..<100 where !test.world.isOver {
            test.world.pass(100_000_000)
            exchange()
        }
        test.world.checkEmpty()
        sights["compressions", default: 0] += test.count(of: .compressions)
    }
}
