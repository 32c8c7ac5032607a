// TimingWheel — one deadline per connection, O(1) to set, move and drop.
//
// A hashed wheel: a deadline hangs in the bucket of its tick, modulo the number of buckets. One
// that is more than a round away is met early, found not due and hung up again. Links live in
// three flat arrays beside the slots, so setting a deadline allocates nothing and idle slots cost
// twelve octets. Driven by the core's clock: there is no kernel timer per connection.

/// Safety: the three arrays have `capacity` elements (links) and `bucketCount` (heads), made in
/// `init` and freed in `deinit`; every index is checked against them.
@safe
struct TimingWheel: ~Copyable {
    /// Nanoseconds per tick.
    static let tick: UInt64 = 100_000_000
    private static let bucketCount = 512
    private static let none = UInt32.max

    private let capacity: Int
    private let next: UnsafeMutablePointer<UInt32>
    private let previous: UnsafeMutablePointer<UInt32>
    /// The tick a slot is due at; 0 when it has no deadline.
    private let due: UnsafeMutablePointer<UInt32>
    private let heads: UnsafeMutablePointer<UInt32>
    private let origin: UInt64
    /// The last tick that was looked at.
    private(set) var current: UInt32 = 1
    private(set) var count = 0
    /// No bucket before this tick holds anything that is due in its round.
    private var soonest = UInt32.max

    /// - Parameter now: Nanoseconds; ticks count from here.
    init(capacity: Int, now: UInt64) {
        precondition(capacity > 0 && capacity < Int(Self.none))
        self.capacity = capacity
        origin = now
        unsafe next = .allocate(capacity: capacity)
        unsafe previous = .allocate(capacity: capacity)
        unsafe due = .allocate(capacity: capacity)
        unsafe due.initialize(repeating: 0, count: capacity)
        unsafe heads = .allocate(capacity: Self.bucketCount)
        unsafe heads.initialize(repeating: Self.none, count: Self.bucketCount)
    }

    deinit {
        unsafe next.deallocate()
        unsafe previous.deallocate()
        unsafe due.deallocate()
        unsafe heads.deallocate()
    }

    /// The tick that `time` falls into, rounded up.
    func tick(of time: UInt64) -> UInt32 {
        let elapsed = time > origin ? time - origin : 0
        return UInt32(clamping: (elapsed + Self.tick - 1) / Self.tick + 1)
    }

    /// Nanoseconds before which nothing is due, or `nil` when nothing ever is. O(1).
    ///
    /// A lower bound: a deadline that was moved or taken away may still be the reason for it.
    func nextDeadline() -> UInt64? {
        guard count > 0 else { return nil }
        return origin + UInt64(max(soonest, current + 1) - 1) * Self.tick
    }

    /// The next tick whose bucket holds anything.
    private func nextOccupied() -> UInt32 {
        guard count > 0 else { return .max }
        for distance in 1...UInt32(Self.bucketCount) {
            let tick = current &+ distance
            if unsafe heads[Int(tick) % Self.bucketCount] != Self.none { return tick }
        }
        return .max
    }

    /// Sets or moves the deadline of `slot`; a time gone by is due at the next tick.
    mutating func set(_ slot: Int, at time: UInt64) {
        precondition(slot >= 0 && slot < capacity)
        let tick = Swift.max(tick(of: time), current + 1)
        if unsafe due[slot] == tick { return }
        remove(slot)
        let bucket = Int(tick) % Self.bucketCount
        let head = unsafe heads[bucket]
        unsafe next[slot] = head
        unsafe previous[slot] = Self.none
        if head != Self.none { unsafe previous[Int(head)] = UInt32(slot) }
        unsafe heads[bucket] = UInt32(slot)
        unsafe due[slot] = tick
        soonest = min(soonest, tick)
        count += 1
    }

    mutating func remove(_ slot: Int) {
        precondition(slot >= 0 && slot < capacity)
        let tick = unsafe due[slot]
        guard tick != 0 else { return }
        let after = unsafe next[slot]
        let before = unsafe previous[slot]
        if before == Self.none {
            unsafe heads[Int(tick) % Self.bucketCount] = after
        } else {
            unsafe next[Int(before)] = after
        }
        if after != Self.none { unsafe previous[Int(after)] = before }
        unsafe due[slot] = 0
        count -= 1
    }

    /// Takes every slot that is due at `now` off the wheel and appends it to `expired`.
    mutating func advance(to now: UInt64, expired: inout [UInt32]) {
        let elapsed = now > origin ? now - origin : 0
        let target = UInt32(clamping: elapsed / Self.tick + 1)
        guard target > current else { return }
        // A clock that jumped visits every bucket once, not every tick.
        let steps = min(Int(target - current), Self.bucketCount)
        let first = target - UInt32(steps) + 1
        for tick in first...target {
            var slot = unsafe heads[Int(tick) % Self.bucketCount]
            while slot != Self.none {
                let following = unsafe next[Int(slot)]
                if unsafe due[Int(slot)] <= target {
                    remove(Int(slot))
                    expired.append(slot)
                }
                slot = following
            }
        }
        current = target
        if soonest <= target { soonest = nextOccupied() }
    }

    /// Whether a slot has a deadline (for tests and the simulation).
    func contains(_ slot: Int) -> Bool {
        precondition(slot >= 0 && slot < capacity)
        return unsafe due[slot] != 0
    }
}
