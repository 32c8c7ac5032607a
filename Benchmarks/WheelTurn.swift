// WheelTurn — deadlines moved and met (TimingWheel).
//
// The wheel belongs to the engine alone, which shows it to nobody; its file is compiled into this
// program once more (Engine/TimingWheel.swift is a link), so what is measured is what ships.
//
// `set` moves the deadline of a connection, as every received message does. `advance` lets
// deadlines pass and hangs up the connections again: one item is one deadline met.

struct WheelTurn: Work, ~Copyable {
    private var wheel: TimingWheel
    private let slotCount: Int
    private let roundCount: Int
    private let advances: Bool
    private var now: UInt64 = 0
    private var expired: [UInt32] = []

    init(slotCount: Int, roundCount: Int, advances: Bool) {
        wheel = TimingWheel(capacity: slotCount, now: 0)
        self.slotCount = slotCount
        self.roundCount = roundCount
        self.advances = advances
        expired.reserveCapacity(slotCount)
    }

    var itemCount: Int { slotCount * roundCount }

    mutating func pass() -> UInt64 {
        var sum = Checksum()
        for _ in 0..<roundCount {
            // Deadlines spread over ten seconds, in an order that hops over the slots.
            for number in 0..<slotCount {
                let slot = number &* 7919 % slotCount
                wheel.set(slot, at: now + UInt64(1 + number % 100) * TimingWheel.tick)
            }
            sum.add(wheel.count)
            now += TimingWheel.tick
            if advances {
                for _ in 0..<102 {
                    now += TimingWheel.tick
                    wheel.advance(to: now, expired: &expired)
                }
                sum.add(expired.count)
                expired.removeAll(keepingCapacity: true)
            }
        }
        return sum.value
    }

    static func measure(in suite: inout Suite) {
        let slots = suite.pick(small: 200, real: 10_000)
        let rounds = suite.pick(small: 2, real: 10)
        suite.measure("WheelTurn", "set, \(slots) slots") {
            WheelTurn(slotCount: slots, roundCount: rounds, advances: false)
        }
        suite.measure("WheelTurn", "set and advance, \(slots) slots") {
            WheelTurn(slotCount: slots, roundCount: rounds, advances: true)
        }
    }
}
