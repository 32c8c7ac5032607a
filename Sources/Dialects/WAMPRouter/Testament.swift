// Testament — what a session leaves to be published when it has ended (§9.4).
//
// It is kept for as long as the session lives, which may be for ever, and whoever made it need not
// be able to publish anything as large again and again. So there is a limit of octets besides that
// of number, for each session and for all sessions of a realm together.

internal import DialectKit
internal import Hub
internal import Rooms
internal import Synchronization

internal struct Testament: Sendable {
    let scope: Scope
    let room: Room
    let arguments: Arguments
    let publisher: Identity?
    let audience: Audience
    let isRetained: Bool
    /// What it counts for.
    let share: TestamentShare

    enum Scope: String, CaseIterable, Sendable { case detached, destroyed }

    /// Octets that the testaments of one session may have.
    static var sizePerSession: Int { 262_144 }

    /// Octets of one: those that its publisher chose.
    static func size(_ room: Room, _ arguments: Arguments, _ audience: Audience) -> Int {
        room.dottedSize + arguments.octets.count + audience.size
    }
}

/// What the testaments of a realm take.
internal final class TestamentMemory: Sendable {
    /// In octets.
    static var limit: Int { 64 << 20 }
    private let held = Atomic<Int>(0)

    /// - Returns: `nil` when so many octets more are too many.
    func take(_ size: Int) -> TestamentShare? {
        // Relaxed: only the number itself is shared.
        let before = held.wrappingAdd(size, ordering: .relaxed).oldValue
        guard before + size <= Self.limit else {
            give(size)
            return nil
        }
        return TestamentShare(size, of: self)
    }

    fileprivate func give(_ size: Int) { held.wrappingSubtract(size, ordering: .relaxed) }
}

/// The part of one testament, given back when nobody has that any more.
internal final class TestamentShare: Sendable {
    let size: Int
    private let memory: TestamentMemory

    fileprivate init(_ size: Int, of memory: TestamentMemory) {
        self.size = size
        self.memory = memory
    }

    deinit { memory.give(size) }
}
