// Schedule, its end — rest, a look at every promise, and the end without leaks.

import DialectKit
import Engine
import Rooms
import Telemetry
import Uring

extension Schedule {
    // MARK: resting

    /// Everybody who reads at all reads everything; then nothing is left to do.
    func rest() {
        world.interlude = nil
        defer { if !isEnding { world.interlude = { [unowned self] in act() } } }
        exchange()
        waitForTicks()
        while test.calls.count > 0 {
            test.calls.answer()
            exchange()
            waitForTicks()
        }
        world.checkQuiet()
        for actor in actors {
            actor.checkConnection()
            actor.checkReplies()
            actor.checkPongs()
            actor.checkOwed(posted, actors)
        }
    }

    /// A listener that ran out of descriptors tries again every 100 ms, and so is whoever sent too
    /// much looked at again.
    func waitForTicks() {
        var patience = 150
        repeat {
            world.pass(300_000_000)
            exchange()
            patience -= 1
            if patience < 145, !world.isAnybodyHeld { return }
        } while patience > 0
            && (world.isAnybodyHeld || actors.contains { !$0.client.socket.isAccepted })
    }

    func exchange() {
        var moved = true
        var patience = 10_000
        while moved {
            for actor in actors { actor.client.push() }
            guard world.settle(), patience > 0 else {
                return world.violate("the cores do not come to rest")
            }
            patience -= 1
            moved = false
            for actor in actors where actor.temper != .deaf || isEnding {
                if read(actor, .max) > 0 { moved = true }
                if !actor.client.outbox.isEmpty, !actor.hasFinished { moved = true }
            }
        }
    }

    /// Somebody who is well asks how many there are.
    func askForInfo() {
        guard let actor = actors.first(where: { $0.isHealthy }) else { return }
        let before = world.openSessionCount
        actor.askInfo()
        rest()
        guard actor.isHealthy else { return }
        // Somebody deaf may have been given up meanwhile.
        let counts = world.openSessionCount...max(before, world.openSessionCount)
        if !counts.contains(actor.connectionCount ?? -1) {
            world.violate("server_info says \(actor.connectionCount ?? -1), there are \(counts)")
        }
    }

    // MARK: the end

    func end() {
        isEnding = true
        world.interlude = nil
        let isDrained = random.chance(400)
        if random.chance(300) {
            for actor in actors where actor.isTalking { actor.close(1000) }
            exchange()
        }
        if isDrained {
            let deadline = world.now + 4_000_000_000
            world.drain(delay: 100_000_000, spread: 2_000_000_000, deadline: 4_000_000_000)
            while world.now < deadline + 200_000_000, !isDone {
                world.pass(300_000_000)
                exchange()
            }
            if world.state.connectionCount > 0 {
                world.violate("\(world.state.connectionCount) connections outlive the drain")
            }
        }
        world.stop()
        for _ in 0..<100 where !world.isOver {
            world.pass(100_000_000)
            exchange()
        }
        world.checkEmpty()
        for channel in Self.channels where world.hasInterest(in: Self.room(channel)) {
            world.violate("somebody is still interested in \(channel)")
        }
        for actor in actors where actor.client.isOpen && !actor.client.socket.isFinished {
            actor.complain("was never closed")
        }
    }
}
