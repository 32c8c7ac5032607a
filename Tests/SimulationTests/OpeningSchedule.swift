// OpeningSchedule — openings that wait, made from one seed: clients who come, speak early, end their
// direction and go, a desk that accepts, refuses, forgets or comes too late, a kernel of any mood.
// Every question is begun once, and decided or abandoned; nobody is opened by another's answer.

import DialectKit
import Engine
import Uring

final class OpeningSchedule: SeededSchedule {
    private var random: SeededRandom
    private let test: SpokenWorld
    private let desk = Desk()
    private var peers: [Peer] = []
    private var complaints: [String] = []
    private var isEnding = false
    private(set) var sights: [String: Int] = [:]

    private final class Peer {
        let client: SimulatedClient
        var said: [String] = []
        var heard: [String] = []
        var hasLeft = false

        init(_ client: SimulatedClient) { self.client = client }
    }

    init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var options = SimulatedOptions()
        if random.chance(600) { options.faults = SimulatedFaults(&random) }
        options.bufferCount = random.pick([2, 16])
        options.bufferSize = random.pick([64, 1024])
        options.socketLimit = random.pick([2, 4, 64])
        var limits = Limits()
        limits.framesPerTurn = random.pick([2, 128])
        limits.parkedSize = random.pick([100, 1_000, 262_144])
        limits.handshakesInProgress = random.pick([1, 4096])
        let desk = desk
        test = SpokenWorld(
            seed: random.next(), cores: random.within(1...2), limits: limits, options: options,
            flushSlice: random.pick([1, 64]), holdsFirst: random.chance(300)
        ) { request, dialect in .later(desk.ask(dialect, request.query)) }
        self.random = random
    }

    var description: String { test.world.description }

    private func see(_ sight: String) { sights[sight, default: 0] += 1 }

    func play() -> [String] {
        test.world.interlude = { [unowned self] in act() }
        for _ in 0..<random.within(40...200) {
            if random.chance(500) { act() } else { test.world.step() }
            if random.chance(100) { test.world.checkBounds() }
        }
        isEnding = true
        test.world.interlude = nil
        if random.chance(500) { rest() }
        if random.chance(300) {
            test.world.drain(delay: 100_000_000, spread: 200_000_000, deadline: 2_000_000_000)
            for _ in 0..<10 {
                test.world.pass(300_000_000)
                exchange()
            }
            if test.world.state.connectionCount > 0 { complaints.append("a drain leaves somebody") }
        }
        end()
        return complaints + test.world.violations
    }

    // MARK: acting

    private func act() {
        switch random.below(100) {
        case 0..<20 where peers.count < 12:
            let path = "\(SpokenWorld.spoken)?\(peers.count)"
            peers.append(Peer(test.request(path, core: random.below(test.world.coreCount))))
        case 20..<45: speak()
        case 45..<52: leave()
        case 52..<75: decide()
        case 75..<80: test.world.advance(by: UInt64(random.within(1...3_000)) * 1_000_000)
        default: if let peer = peers.randomElement(using: &random) { read(peer) }
        }
    }

    private func speak() {
        guard let peer = peers.randomElement(using: &random), !peer.hasLeft,
            peer.client.refusal == nil
        else { return }
        let text = "\(peer.said.count) " + test.text(random.pick([1, 60, 300]))
        peer.said.append(text)
        peer.client.write("echo \(text)")
        peer.client.push(random.chance(700) ? .max : 30)
    }

    private func leave() {
        guard let peer = peers.randomElement(using: &random), !peer.hasLeft else { return }
        peer.hasLeft = true
        if random.chance(500) {
            peer.client.socket.reset()
        } else {
            peer.client.push()
            peer.client.socket.finishSending()
        }
        see("leavings")
    }

    private func decide() {
        guard let question = desk.questions.randomElement(using: &random) else { return }
        if random.chance(700) {
            question.accept()
        } else {
            question.refuse(Refusal(status: 403, reason: "No", body: ""))
        }
    }

    // MARK: hearing

    private func read(_ peer: Peer) {
        peer.client.push()
        peer.client.read(random.chance(700) ? .max : 30)
        for arrival in peer.client.takeArrivals() {
            switch arrival {
            case .response(let status):
                see("\(status)")
                judge(status, peer)
            case .message(let text): peer.heard.append(text)
            case .ping, .close(1001): break
            case .close(1000) where peer.hasLeft: break
            default: complaints.append("got \(arrival)")
            }
        }
        if peer.heard != Array(peer.said.prefix(peer.heard.count)) {
            complaints.append("heard \(peer.heard.suffix(2)) of \(peer.said)")
        }
    }

    private func judge(_ status: Int, _ peer: Peer) {
        let name = "\(peers.firstIndex { $0 === peer } ?? -1)"
        let question = desk.questions.first { $0.name == name }
        let isRight =
            switch status {
            case 101, 403: question?.isDecided == true
            case 503: question == nil || question?.abandonCount == 1  // a core that is full; a drain
            case 408: question == nil  // the clock has jumped over what it had to say
            default: false
            }
        if !isRight { complaints.append("\(name) was answered \(status)") }
    }

    private func exchange() {
        for _ in 0..<200 {
            guard test.world.settle() else { return test.world.violate("no rest") }
            let isQuiet = peers.allSatisfy {
                $0.client.socket.availableCount == 0
                    && ($0.client.outbox.isEmpty || $0.client.socket.isReset)
            }
            for peer in peers { read(peer) }
            if isQuiet { return }
        }
    }

    /// Everything is decided; then everybody who stays has heard all it said.
    private func rest() {
        for _ in 0..<40 {
            exchange()
            for question in desk.questions { question.accept() }
            test.world.pass(100_000_000)
        }
        exchange()
        test.world.checkQuiet()
        for peer in peers where peer.client.isOpen && !peer.client.socket.wasBroken && !peer.hasLeft
        {
            if peer.client.socket.isFinished || peer.client.hasReceivedClose { continue }
            if peer.heard.count != peer.said.count {
                complaints.append("heard \(peer.heard.count) of \(peer.said.count)")
            }
            see("rests")
        }
    }

    private func end() {
        test.world.stop()
        for _ in 0..<100 where !test.world.isOver {
            test.world.pass(100_000_000)
            exchange()
        }
        test.world.checkEmpty()
        if Set(desk.questions.map(\.name)).count != desk.questions.count {
            complaints.append("asked twice")
        }
        for question in desk.questions {
            let count = question.abandonCount
            if count > 1 { complaints.append("abandoned \(count) times") }
            if count == 1 { see("abandoned") }
            if count == 0, !question.isDecided { complaints.append("forgotten") }
        }
    }
}
