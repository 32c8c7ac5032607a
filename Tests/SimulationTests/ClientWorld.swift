// ClientWorld — what tests do to a simulated world in one line, whatever its clients speak.

import Engine

/// A client of a simulated world, as far as moving its octets goes.
protocol WorldClient: AnyObject {
    /// What it has not been able to write yet.
    var outbox: [UInt8] { get }

    /// Writes as much as its socket takes, up to `limit` octets.
    func push(_ limit: Int)

    /// Reads what has come, up to `limit` octets.
    ///
    /// - Returns: Octets that were read.
    func read(_ limit: Int) -> Int
}

/// A world with its clients.
protocol ClientWorld: AnyObject {
    associatedtype Client: WorldClient

    var world: SimulatedWorld { get }
    var clients: [Client] { get }
}

extension ClientWorld {
    /// Lets `readers` write and read until nothing moves any more.
    func exchange(_ readers: Client...) { exchange(readers) }

    func exchange(_ readers: [Client]) {
        var moved = true
        while moved {
            for client in readers { client.push(.max) }
            guard world.settle() else { return world.violate("the cores do not come to rest") }
            moved = false
            for client in readers where client.read(.max) > 0 { moved = true }
            for client in readers where !client.outbox.isEmpty { moved = true }
        }
    }

    func exchangeAll() { exchange(clients) }

    /// Lets time pass while everybody in `readers` reads and answers.
    func pass(seconds: Double, _ readers: [Client], slice: Double = 0.1) {
        var left = seconds
        while left > 0 {
            world.pass(UInt64(min(slice, left) * 1e9))
            exchange(readers)
            left -= slice
        }
    }

    /// Ends the world; everybody reads to the end.
    func end() {
        exchangeAll()
        world.checkQuiet()
        world.stop()
        for _ in 0..<200 where !world.isOver {
            world.pass(100_000_000)
            exchangeAll()
        }
        world.checkEmpty()
    }
}
