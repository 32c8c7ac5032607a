// RouterSchedule — a life of a WAMP router made from one seed: callers, callees, publishers and
// subscribers on one to four cores, who cancel, time out, kill each other and get lost; then rest, a
// look at every promise, and the end without leaks.

import Engine
import Uring

@testable import WAMPRouter

final class RouterSchedule: SeededSchedule {
    static let published = ["com.a.x", "com.a.y", "com.b.x"]
    static let topics: [Wamper.Topic] = [
        .init(uri: "com.a.x", match: "exact"), .init(uri: "com.a.y", match: "exact"),
        .init(uri: "com.b.x", match: "exact"), .init(uri: "com.a", match: "prefix"),
        .init(uri: "com.", match: "prefix"), .init(uri: "com..x", match: "wildcard"),
    ]
    static let procedures = [
        ("com.p.one", "single"), ("com.p.many", "roundrobin"), ("com.p.any", "random"),
        ("com.p.last", "last"),
    ]

    let seed: UInt64
    private var random: SeededRandom
    private let router: RouterWorld
    private var world: SimulatedWorld { router.world }
    private var wampers: [Wamper] = []
    private let clientLimit: Int
    private var said = Sayings()
    private var isEnding = false

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededRandom(seed: seed)
        var options = SimulatedOptions()
        if random.chance(600) { options.faults = SimulatedFaults(&random) }
        for feature in [
            Features.directDescriptors, .multishotAccept, .multishotReceive, .bufferRing,
            .skippedSuccess, .ringMessages,
        ] where random.chance(150) {
            options.features.remove(feature)
        }
        options.bufferCount = random.pick([4, 16, 64])
        options.bufferSize = random.pick([64, 256, 1024])
        options.submissionLimit = random.pick([4, 16, 4096])
        options.sendWindow = random.pick([2_000, 65_536])
        var limits = Limits()
        limits.framesPerTurn = random.pick([2, 8, 128])
        if random.chance(150) { limits.mailSize = random.pick([0, 1_000]) }
        if random.chance(500) {
            // So that a few subscriptions are many, and leaving takes several turns.
            limits.promptLeaveCount = 0
            limits.leaveSlice = random.within(1...3)
        }
        router = RouterWorld(
            seed: random.next(), cores: random.within(1...4), limits: limits, options: options,
            flushSlice: random.pick([1, 5, 64]))
        clientLimit = random.within(3...12)
        self.random = random
    }

    /// Plays everything.
    ///
    /// - Returns: What was wrong; nothing, if all is well.
    func play() -> [String] {
        connect()
        wampers[0].client.push()
        exchange()
        // The first one watches from before anybody else comes.
        wampers[0].greet()
        exchange()
        if wampers[0].isHealthy { wampers[0].startWatching() }
        exchange()
        world.interlude = { [unowned self] in act() }
        for _ in 0..<random.within(1...3) {
            for _ in 0..<random.within(40...200) {
                if random.chance(600) { act() } else { world.step() }
            }
            rest()
            if isDone { return outcome }
        }
        end()
        return outcome
    }

    private var outcome: [String] { world.violations + wampers.flatMap(\.complaints) }
    private var isDone: Bool { !outcome.isEmpty }

    /// How often the things happened that schedules are for.
    private(set) var sights: [String: Int] = [:]

    /// Everything that was said, for whoever looks into a failure.
    var description: String {
        wampers.map { wamper in
            "client \(wamper.number) \(wamper.form) \(wamper.stage)\n"
                + wamper.log.map { "    \($0)\n" }.joined()
        }.joined() + world.description
    }

    // MARK: acting

    private func see(_ sight: String) { sights[sight, default: 0] += 1 }

    private func connect() {
        let form = random.pick(RouterWorld.forms)
        let client = router.connect(
            form, core: random.below(world.coreCount), offersDeflate: random.chance(200))
        wampers.append(Wamper(wampers.count, client, form, cancels: random.chance(600)))
        client.push()
    }

    private func act() {
        if wampers.count < clientLimit, random.chance(150) { return connect() }
        let wamper = random.pick(wampers)
        guard !wamper.isGone else { return }
        if random.chance(350) {
            _ = wamper.read(random.chance(700) ? .max : 1 + random.below(300), &said)
            return
        }
        if wamper.stage == .open { wamper.greet() }
        if wamper.isHealthy, wamper.watch == nil {
            for _ in 0..<random.within(1...3) where wamper.isHealthy { speak(wamper) }
        }
        if random.chance(800) {
            wamper.client.push(random.chance(700) ? 1 << 20 : 1 + random.below(100))
        }
    }

    private func speak(_ wamper: Wamper) {
        switch random.below(100) {
        case 0..<14:
            wamper.subscribe(random.pick(Self.topics), said, getsRetained: random.chance(400))
        case 14..<19: wamper.unsubscribe()
        case 19..<37:
            let number = said.publications.count
            wamper.publish(
                random.pick(Self.published), &said, acknowledged: random.chance(400),
                toMe: random.chance(300), isRetained: random.chance(250))
            for other in wampers { other.note(number, said) }
        case 37..<46:
            let (procedure, invoke) = random.pick(Self.procedures)
            wamper.register(procedure, invoke: invoke)
        case 46..<49: wamper.unregister()
        case 49..<69:
            wamper.call(
                random.pick(Self.procedures).0, &said,
                timeout: random.chance(250) ? random.within(1...400) : nil,
                wantsProgress: random.chance(400), inParts: random.chance(250))
        case 69..<72: wamper.continueCall(isLast: random.chance(400))
        case 72..<76:
            wamper.cancel(random.pick(["skip", "kill", "killnowait"]))
            see("cancels")
        case 76..<92:
            wamper.answer(&random, &said)
            if random.chance(200) { wamper.answer(&random, &said) }
        case 92:
            let victim = random.pick(wampers)
            guard victim !== wamper, victim.watch == nil else { return }
            wamper.takeAway(from: victim)
            see("takings")
        case 93..<95:
            let victim = random.pick(wampers)
            guard victim !== wamper, victim.watch == nil else { return }
            wamper.kill(victim)
            see("kills")
        case 95: wamper.addTestament(random.pick(Self.published), &said)
        case 96..<98:
            wamper.leave()
            see("goodbyes")
        case 98 where random.chance(500):
            wamper.reset()
            see("losses")
        default: world.advance(by: UInt64(random.within(1...100)) * 1_000_000)
        }
    }

    // MARK: resting

    /// Everybody reads and answers everything; then nothing is left to do.
    private func rest() {
        world.interlude = nil
        defer { if !isEnding { world.interlude = { [unowned self] in act() } } }
        exchange()
        // Who calls or answers while any mail is too much is read once per tick.
        var patience = 200
        repeat {
            for wamper in wampers where wamper.isHealthy {
                while wamper.hasOpenCalls { wamper.continueCall(isLast: true) }
                while wamper.holdsInvocations { wamper.answer(&random, &said, finally: true) }
            }
            exchange()
            world.pass(200_000_000)
            exchange()
            patience -= 1
        } while patience > 0
            && (world.isAnybodyHeld
                || wampers.contains { $0.isHealthy && ($0.hasCalls || $0.holdsInvocations) })
        world.checkQuiet()
        router.checkBooks()
        for wamper in wampers { wamper.check(wampers, said) }
        checkPresence()
        see("rests")
    }

    /// The watcher knows exactly who is there.
    private func checkPresence() {
        guard wampers[0].isHealthy, let present = wampers[0].watch?.present else { return }
        var there = router.realm.withSessions { Set($0.keys) }
        there.remove(wampers[0].id)
        if present != there { world.violate("\(there) are there, the watcher saw \(present)") }
        see("watched rests")
    }

    private func exchange() {
        var moved = true
        var patience = 10_000
        while moved {
            for wamper in wampers where !wamper.hasReset { wamper.client.push() }
            guard world.settle(), patience > 0 else {
                return world.violate("the cores do not come to rest")
            }
            patience -= 1
            moved = false
            for wamper in wampers where !wamper.hasReset {
                if wamper.read(.max, &said) { moved = true }
                if wamper.stage == .open, !isEnding { wamper.greet() }
                if !wamper.client.outbox.isEmpty, !wamper.isGone { moved = true }
            }
        }
    }

    // MARK: the end

    private func end() {
        isEnding = true
        world.interlude = nil
        switch random.below(3) {
        case 0:  // everybody goes, and the watcher sees it
            for wamper in wampers.dropFirst() where !wamper.isGone {
                if wamper.isHealthy, random.chance(500) { wamper.leave() } else { wamper.reset() }
            }
            exchange()
            world.pass(3_000_000_000)
            exchange()
            checkPresence()
            if wampers[0].isHealthy, let watch = wampers[0].watch {
                if !watch.present.isEmpty { world.violate("the watcher misses who is gone") }
                if watch.standing > 0 { world.violate("\(watch.standing) things outlive all") }
            }
        case 1:
            let deadline = world.now + 6_000_000_000
            world.drain(delay: 100_000_000, spread: 1_000_000_000, deadline: 6_000_000_000)
            while world.now < deadline + 200_000_000, !isDone {
                world.pass(300_000_000)
                exchange()
            }
            if world.state.connectionCount > 0 {
                world.violate("\(world.state.connectionCount) connections outlive the drain")
            }
        default: break
        }
        world.stop()
        for _ in 0..<100 where !world.isOver {
            world.pass(100_000_000)
            exchange()
        }
        world.checkEmpty()
        router.checkBooks(isOver: true)
        sights["answers", default: 0] += wampers.reduce(0) { $0 + $1.answerCount }
    }
}
