// Schedule — a whole life of a server, made from one seed: clients of every temper, cores in any
// order, a kernel of any mood; then rest, a look at every promise, and the end without leaks.
//
// A schedule is replayed with `CARILLON_SEED=… swift test --filter ScheduleTests`.

import DialectKit
import Engine
import Rooms
import Telemetry
import Uring

final class Schedule: SeededSchedule {
    static let channels = ["a", "b", "c"]
    static let events = ["x", "xy", "z"]
    static let patterns = ["*", "x", "x*", "?", "z"]

    let seed: UInt64
    var random: SeededRandom
    let test: TestWorld
    var world: SimulatedWorld { test.world }
    var actors: [Actor] = []
    let actorLimit: Int
    var posted: [Posted] = []
    var numbers: [String: Int] = [:]
    var isEnding = false
    let loudness: Int

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededRandom(seed: seed)
        var options = SimulatedOptions()
        if random.chance(700) { options.faults = SimulatedFaults(&random) }
        for feature in [
            Features.directDescriptors, .multishotAccept, .multishotReceive, .bufferRing,
            .skippedSuccess, .ringMessages,
        ] where random.chance(200) {
            options.features.remove(feature)
        }
        options.bufferCount = random.pick([2, 4, 16, 64])
        options.bufferSize = random.pick([64, 256, 1024])
        options.submissionLimit = random.pick([4, 16, 4096])
        options.sendWindow = random.pick([200, 2_000, 65_536])
        options.socketLimit = random.chance(300) ? 6 : 48
        var limits = Limits()
        limits.framesPerTurn = random.pick([2, 8, 128])
        limits.parkedSize = random.pick([512, 4096, 262_144])
        limits.sendQueueSize = random.pick([8_192, 32_768, 1 << 20])
        if random.chance(200) {
            limits.messageRate = random.pick([20, 200])
            limits.messageBurst = 20
        }
        if random.chance(200) { limits.mailSize = random.pick([0, 1_000]) }
        if random.chance(400) {
            // So that a few subscriptions are many, and leaving takes several turns.
            limits.promptLeaveCount = 0
            limits.leaveSlice = random.within(1...3)
        }
        test = TestWorld(
            seed: random.next(), cores: random.within(1...3), limits: limits,
            sendQueueSize: limits.sendQueueSize, messageSize: 4_096, options: options,
            flushSlice: random.pick([1, 2, 5, 64]),
            batchingDelay: random.pick([0, 0, 0, 1_000_000, 20_000_000]))
        actorLimit = random.chance(100) ? random.within(20...40) : random.within(2...10)
        loudness = random.pick([20, 200, 2_000])
        self.random = random
    }

    /// Plays everything.
    ///
    /// - Returns: What was wrong; nothing, if all is well.
    func play() -> [String] {
        world.interlude = { [unowned self] in act() }
        let rounds = random.within(1...3)
        for _ in 0..<rounds {
            for _ in 0..<random.within(20...150) {
                if random.chance(450) { act() } else { world.step() }
                if random.chance(100) { world.checkBounds() }
            }
            rest()
            if isDone { return outcome }
            if random.chance(300) { jump() }
        }
        world.checkBounds()
        askForInfo()
        end()
        return outcome
    }

    var outcome: [String] { world.violations + actors.flatMap { $0.complaints } }
    var isDone: Bool { !outcome.isEmpty }

    /// How things stand, for whoever looks into a failure.
    var description: String {
        var text = world.description
        for actor in actors {
            text += "actor \(actor.number) \(actor.temper): "
            text += actor.isTalking ? "talking" : "silent"
            text += ", unread by the server \(actor.client.socket.unreadCount)"
            text += ", by itself \(actor.client.socket.availableCount)"
            text += ", unwritten \(actor.client.outbox.count)\n"
            text += "    last: \(actor.lastArrivals.joined(separator: ", "))\n"
        }
        return text
    }

    /// How often the things happened that schedules are for.
    var sights: [String: Int] {
        var sights = ["completions overflowed": world.overflowCount]
        for core in 0..<world.coreCount {
            let metrics = world.state.metrics[core]
            for counter in [
                Counter.shortSends, .buffersExhausted, .mailWakeUps, .compressions,
            ] {
                sights["\(counter)", default: 0] += Int(metrics.value(of: counter))
            }
            for limit in [
                LimitName.framesPerTurn, .parkedReceiveSize, .sendQueueSize, .pongsWaiting,
                .slowWriteTime, .closeHandshakeTime, .lingeringReadTime, .connectionsPerCore,
            ] {
                sights["\(limit)", default: 0] += Int(metrics.value(of: limit))
            }
            sights["accept paused", default: 0] += Int(
                min(1, metrics.value(of: AcceptPause.descriptors)))
        }
        return sights
    }

    /// What tells two runs apart.
    var fingerprint: [UInt64] {
        [world.now, UInt64(world.turnCount), world.random.next(), UInt64(posted.count)]
            + actors.map { UInt64($0.client.socket.sentCount) }
    }

    // MARK: acting

    func act() {
        if actors.count < actorLimit, random.chance(300) { return join() }
        if random.chance(50) { return publishFromOutside() }
        if test.calls.count > 0, random.chance(200) {
            return test.calls.answer(at: random.below(test.calls.count))
        }
        guard !actors.isEmpty else { return join() }
        let actor = random.pick(actors)
        if random.chance(300) { return listen(actor) }
        if random.chance(300) {
            return actor.client.push(random.chance(500) ? 1 << 20 : 1 + random.below(64))
        }
        guard actor.isTalking else { return listen(actor) }
        speak(actor)
        if random.chance(600) { actor.client.push() }
    }

    func join() {
        let temper = random.chance(500) ? Temper.reliable : random.pick(Temper.allCases)
        let client = SimulatedClient(
            world.connect(to: random.below(world.coreCount)), seed: random.next(),
            offersDeflate: random.chance(300))
        client.answersClose = temper == .reliable || random.chance(800)
        client.requestUpgrade(TestWorld.stream)
        client.push(random.chance(700) ? 1 << 20 : 1 + random.below(100))
        actors.append(Actor(actors.count, temper, client))
    }

    func listen(_ actor: Actor) {
        switch actor.temper {
        case .deaf: if !actor.client.isOpen { _ = read(actor, 1 + random.below(200)) }
        case .slow: _ = read(actor, 1 + random.below(50))
        default: _ = read(actor, random.chance(700) ? .max : 1 + random.below(300))
        }
    }

    func read(_ actor: Actor, _ limit: Int) -> Int {
        actor.read(limit, &posted, numbers)
    }

    func speak(_ actor: Actor) {
        switch random.below(100) {
        case 0..<25:
            actor.subscribe(
                Actor.Subscription(
                    channel: random.pick(Self.channels), pattern: random.pick(Self.patterns)))
        case 25..<35:
            if let subscription = actor.wanted.sorted().first {
                actor.unsubscribe(subscription, posted)
            }
        case 35..<65:
            publish(actor)
            if actor.temper == .flooder {
                for _ in 0..<random.within(1...12) { publish(actor) }
            }
        case 65..<75:
            actor.ping((0..<random.below(20)).map { _ in UInt8(random.below(256)) })
        case 75..<85:
            actor.echo(#"{"x":"\#(filler(random.below(loudness)))"}"#)
        case 85..<90: actor.callSlowly(#"{"n":\#(random.below(1000))}"#)
        case 90..<92: actor.askInfo()
        case 92..<94 where actor.temper != .reliable || random.chance(200):
            actor.close(random.pick([1000, 1001, 3000, 4999, nil]))
        default:
            if actor.temper == .halfCloser, random.chance(300) {
                actor.client.push()
                actor.client.socket.finishSending()
                actor.hasFinished = true
            } else if actor.temper == .resetter, random.chance(300) {
                actor.client.socket.reset()
                actor.hasReset = true
            }
        }
    }

    func filler(_ size: Int) -> String {
        String(repeating: "abcdefgh", count: size / 8 + 1)
    }

    func publish(_ actor: Actor) {
        let (event, data) = post(by: actor.number)
        actor.publish(event, data: data, in: random.chance(200) ? 1 + random.below(40) : nil)
        for other in actors { other.note(event) }
    }

    func publishFromOutside() {
        let (event, data) = post(by: -1)
        for other in actors { other.note(event) }
        var room = Room()
        for segment in [event.channel, event.event] {
            let octets = Array(segment.utf8)
            try! room.append(unsafe octets.span.bytes)
        }
        test.world.state.publish(
            .init(realm: .standard, room: room, payload: Array(data.utf8)))
    }

    func post(by publisher: Int) -> (Posted, String) {
        let number = posted.count
        let channel = random.pick(Self.channels)
        let event = random.pick(Self.events)
        let data = #"{"n":\#(number),"x":"\#(filler(random.below(loudness)))"}"#
        let entry = Posted(
            number: number, publisher: publisher, channel: channel, event: event,
            text: Call.event(channel, event, data: data))
        posted.append(entry)
        numbers[entry.text] = number
        return (entry, data)
    }

    /// A clock that jumps, while nobody is in the midst of anything.
    func jump() {
        world.advance(by: UInt64(random.within(1...40)) * 1_000_000_000)
        for actor in actors { actor.isForgiven = true }
        rest()
    }

    static func room(_ name: String) -> Room {
        let octets = Array(name.utf8)
        return try! Room(dotted: unsafe octets.span.bytes)
    }
}

extension Actor.Subscription: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.channel, left.pattern) < (right.channel, right.pattern)
    }
}
