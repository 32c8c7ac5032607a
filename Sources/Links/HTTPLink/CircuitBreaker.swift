// CircuitBreaker — leaves a back end alone that fails and fails (Nygard: Release It!, 2007).
//
//     closed ──failures──▶ open ──time──▶ knocking ──connected──▶ half open ──request──▶ probing
//        ▲                  ▲ ◀──refused────┘                        ▲ ◀───given up───────┘ │
//        │                  └────────────────────failed─────────────┼──────────────────────┤
//        └───────────────────────────────────────answered───────────┴──────────────────────┘
//
// Knocking is an attempt to connect that costs nobody a request. Without it a server that is taken
// out of service because its back end is gone would never hear that it is back: nobody asks.
//
// Pure: time comes in, and what is random follows from the seed.

internal import Bytes

struct CircuitBreaker {
    enum State: Equatable {
        case closed(failureCount: Int)
        /// Everything is refused until then.
        case open(until: UInt64)
        case knocking
        /// The next request finds out.
        case halfOpen
        /// That request is under way; the others are refused.
        case probing(UInt64)
    }

    private(set) var state = State.closed(failureCount: 0)
    /// How often it opened after having been closed.
    private(set) var breakCount = 0
    private let threshold: Int
    private let breakTime: ClosedRange<UInt64>
    private var random: SplitMix64

    /// - Parameter threshold: Failures in a row that open it; 0: it never opens.
    init(threshold: Int, breakTime: ClosedRange<UInt64>, seed: UInt64) {
        self.threshold = threshold
        self.breakTime = breakTime
        random = SplitMix64(seed: seed)
    }

    /// Whether the back end serves, as far as is known.
    var isServing: Bool {
        switch state {
        case .closed, .halfOpen, .probing: true
        case .open, .knocking: false
        }
    }

    /// Whether a new request may be made.
    var admits: Bool {
        switch state {
        case .closed, .halfOpen: true
        case .open, .knocking, .probing: false
        }
    }

    /// Whether nothing speaks against the back end.
    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// When ``isDueToKnock(now:)`` will be true.
    var nextDue: UInt64? {
        if case .open(let until) = state { until } else { nil }
    }

    /// A request was admitted.
    mutating func admitted(_ flight: UInt64) {
        assert(admits)
        if case .halfOpen = state { state = .probing(flight) }
    }

    /// A request was answered. Even one from before the break says that the back end is back.
    mutating func succeeded() { state = .closed(failureCount: 0) }

    /// - Returns: Whether that opened it.
    mutating func failed(_ flight: UInt64, now: UInt64) -> Bool {
        switch state {
        case .closed(let count):
            guard threshold > 0 else { return false }
            guard count + 1 >= threshold else {
                state = .closed(failureCount: count + 1)
                return false
            }
            breakCount += 1
        case .probing(flight): break
        // News from before the break.
        case .open, .knocking, .halfOpen, .probing: return false
        }
        open(now: now)
        return true
    }

    /// A request ended in a way that says nothing about the back end.
    mutating func ended(_ flight: UInt64) {
        if case .probing(flight) = state { state = .halfOpen }
    }

    /// - Returns: Whether to knock now; then ``knocked(isConnected:now:)`` must follow.
    mutating func isDueToKnock(now: UInt64) -> Bool {
        guard case .open(let until) = state, now >= until else { return false }
        state = .knocking
        return true
    }

    mutating func knocked(isConnected: Bool, now: UInt64) {
        guard case .knocking = state else { return }
        if isConnected { state = .halfOpen } else { open(now: now) }
    }

    private mutating func open(now: UInt64) {
        let time = UInt64.random(in: breakTime, using: &random)
        let (until, isBeyond) = now.addingReportingOverflow(time)
        state = .open(until: isBeyond ? .max : until)
    }
}
