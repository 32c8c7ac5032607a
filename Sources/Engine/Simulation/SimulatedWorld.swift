// SimulatedWorld — several cores on simulated rings, stepped one turn at a time.
//
// Everything that happens is decided by one seed and by the caller. A core that goes to sleep does
// so inside its turn; meanwhile other cores have turns of their own and the caller's interlude
// runs, so that posts fall between "is there mail?" and "wait" as they do on real threads. A sleep
// may also end for no reason (EINTR): that keeps turns finite and is something to be endured. That
// no wake-up is lost is therefore checked by itself, at every look at a sleeper.

package import DialectKit
import Lockfree
import Synchronization
import Uring

/// A core and its ring.
final class SimulatedCore {
    var core: Core<SimulatedDriver>
    let ring: SimulatedRing
    /// Whether it stands somewhere in a turn; then its values must not be looked at.
    var isInTurn = false
    var isEnded = false

    init(_ core: consuming Core<SimulatedDriver>, _ ring: SimulatedRing) {
        self.core = core
        self.ring = ring
    }
}

/// Cores that share an ``EngineState``, a clock and a network.
package final class SimulatedWorld {
    package let state: EngineState
    /// Nanoseconds; moved by steps and by the caller.
    package private(set) var now: UInt64 = 1_000_000_000_000
    package var random: SeededRandom
    package let options: SimulatedOptions
    /// How the kernel behaves from now on.
    package var faults: SimulatedFaults
    private(set) var cores: [SimulatedCore] = []
    /// Rules that were broken; empty in a world as it should be.
    package private(set) var violations: [String] = []
    /// What others do while a core sleeps.
    package var interlude: (() -> Void)?
    package private(set) var turnCount = 0
    /// How often a sleep was ended by a completion, a wake-up among them.
    package private(set) var wakeCount = 0

    package init(
        seed: UInt64, coreCount: Int, settings: EngineSettings, registry: Registry,
        options: SimulatedOptions = SimulatedOptions()
    ) {
        var random = SeededRandom(seed: seed)
        let forks = (0..<coreCount).map { _ in random.fork() }
        self.random = random
        self.options = options
        faults = options.faults
        state = EngineState(settings: settings, registry: registry, coreCount: coreCount)
        for index in 0..<coreCount {
            let ring = SimulatedRing(
                world: self, index: index, options: options, random: forks[index])
            let descriptor = Int32(10 + index)
            ring.listeners.append(SimulatedListener(descriptor: descriptor))
            var listeners = [Listener(descriptor: descriptor, role: .main)]
            for place in settings.framings.indices {
                let descriptor = Int32(1000 * (1 + place) + index)
                ring.listeners.append(SimulatedListener(descriptor: descriptor))
                listeners.append(
                    Listener(descriptor: descriptor, role: .stream(place), peerAddressSize: 0))
            }
            state.setWakeHandle(ring.wakeHandle, of: index)
            let core = Core(
                kernel: SimulatedDriver(ring), index: index, state: state,
                listeners: listeners)
            cores.append(SimulatedCore(core, ring))
        }
        for core in cores { core.core.start() }
    }

    deinit {
        for index in 0..<state.coreCount { state.setWakeHandle(nil, of: index) }
    }

    package var coreCount: Int { cores.count }

    func ring(_ index: Int) -> SimulatedRing? {
        cores.indices.contains(index) && !cores[index].isEnded ? cores[index].ring : nil
    }

    package func violate(_ rule: String) {
        if violations.count < 20 { violations.append(rule) }
    }

    // MARK: what the outside does

    /// A client connects to a listener of one core: the one for requests, or that of a framing.
    package func connect(to core: Int, framing: Int? = nil) -> SimulatedSocket {
        let socket = SimulatedSocket(sendWindow: options.sendWindow)
        cores[core].ring.connect(socket, to: framing.map { 1 + $0 } ?? 0)
        return socket
    }

    /// Begins a drain on all cores; times are nanoseconds from now.
    package func drain(
        delay: UInt64, spread: UInt64, deadline: UInt64, farewell: Farewell = .goingAway
    ) {
        state.draining.store(true, ordering: .relaxed)
        let plan = DrainPlan(
            acceptsUntil: now + delay, spread: spread, deadline: now + deadline,
            farewell: farewell)
        for index in cores.indices { state.post(.drain(plan), to: index) }
    }

    /// Asks all cores to end.
    package func stop() {
        state.draining.store(true, ordering: .relaxed)
        for index in cores.indices { state.post(.stop, to: index) }
    }

    // MARK: time and turns

    /// Moves the clock; the cores notice at their next turn.
    package func advance(by duration: UInt64) { now += duration }

    /// One turn of a core chosen at random, a few microseconds later.
    package func step() {
        now += UInt64(random.within(1...50)) * 1000
        turn(of: random.below(cores.count))
    }

    package func turn(of index: Int) {
        let core = cores[index]
        guard !core.isInTurn, !core.isEnded else { return }
        core.isInTurn = true
        turnCount += 1
        if core.core.isOver {
            core.core.end()
            core.isEnded = true
        } else {
            core.core.turn()
        }
        core.isInTurn = false
    }

    /// Steps until nothing is left to do at this moment.
    ///
    /// - Returns: Whether that came to be within `limit` turns.
    @discardableResult
    package func settle(limit: Int = 20_000) -> Bool {
        var left = limit
        while !isIdle {
            guard left > 0 else { return false }
            left -= 1
            step()
        }
        return true
    }

    /// Lets time pass from one deadline of a core to the next, with all work done in between.
    ///
    /// - Returns: Whether all work was ever done.
    @discardableResult
    package func pass(_ duration: UInt64) -> Bool {
        let end = now + duration
        while true {
            guard settle() else { return false }
            guard now < end else { return true }
            var next = end
            for core in cores where !core.isEnded {
                if let deadline = core.core.nextDeadline() { next = min(next, deadline) }
            }
            now = max(next, now + 1)
            for index in cores.indices { turn(of: index) }
        }
    }

    /// Whether nothing will happen unless the clock or a client moves.
    package var isIdle: Bool { cores.allSatisfy { isIdle($0) } }

    private func isIdle(_ core: SimulatedCore) -> Bool {
        if core.isEnded { return true }
        return !core.isInTurn && core.ring.isQuiet && core.core.hasNothingToDo
    }

    /// All cores have ended.
    package var isOver: Bool { cores.allSatisfy { $0.isEnded } }

    // MARK: sleeping

    /// Called by the ring of a core that waits: others run until it has a completion, its time is
    /// up, or the wait is interrupted.
    func sleep(_ ring: SimulatedRing, timeout: UInt64?) -> EnterOutcome {
        let deadline = timeout.map { now &+ $0 } ?? .max
        let others = cores.filter { !$0.isInTurn && !$0.isEnded }
        var patience = others.isEmpty && interlude == nil ? 0 : random.below(8)
        while true {
            ring.tell()
            if ring.hasCompletions {
                wakeCount += 1
                return .entered
            }
            if now >= deadline { return .timedOut }
            checkWakeUp(of: ring)
            if patience == 0 { return .interrupted }
            patience -= 1
            now += UInt64(random.within(1...200)) * 1000
            if let interlude, random.chance(300) {
                interlude()
            } else if !others.isEmpty {
                turn(of: random.pick(others).ring.index)
            }
        }
    }

    /// Mail in front of a sleeper must have a wake-up on its way.
    private func checkWakeUp(of ring: SimulatedRing) {
        guard !state.mailboxes[ring.index].isEmpty else { return }
        if ring.isEventRead && ring.hasSignal { return }
        for other in cores where !other.isEnded && other.ring !== ring {
            if other.isInTurn || !other.ring.staged.isEmpty || other.ring.hasCompletions { return }
            if other.ring.preparedCount > 0
                || other.core.firstCompletion < other.core.completions.count
            {
                return
            }
        }
        violate("core \(ring.index) sleeps over its mail")
    }
}

extension Core where Kernel: ~Copyable {
    /// Nothing waits inside the core itself.
    var hasNothingToDo: Bool {
        firstCompletion == completions.count && firstMail == mail.count && dirty.isEmpty
            && postponed.publicationCount == 0 && runnable.isEmpty && prompt.isEmpty
            && givenUp.isEmpty
            && firstExpired == expired.count
            && finishing.isEmpty && departing.isEmpty && overflowing.isEmpty && excessive.isEmpty
            && state.mailboxes[index].isEmpty
            && !(isOver)
    }
}
