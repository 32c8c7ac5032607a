// RequestList — what one connection is subscribed to, and under which requestIds (specification
// §3.2, §3.3).
//
// Hundreds of thousands of connections hold one or two subscriptions each, so the list is one run
// of octets (RequestRun.swift). Of many there is a run for each requestId, or whoever has thousands
// would have each of its requests compared with all of them.

import Bytes
import Rooms

/// Subscriptions, without duplicates, those of one requestId in the order in which they were made.
internal struct RequestList {
    /// Octets of a list that takes nothing more: some 400 for each of ten thousand.
    static let sizeLimit = 4 << 20
    /// Subscriptions of one requestId, which end together.
    static let limitPerRequest = 256
    /// Subscriptions up to which a search in sequence is cheaper than hashing.
    private static let runLimit = 16

    typealias Key = RequestRun.Key
    typealias Subscription = RequestRun.Subscription

    private enum Store {
        case run(RequestRun)
        /// By what the keys of a requestId begin with.
        case runs([ArraySlice<UInt8>: RequestRun])
    }

    private var store = Store.run(RequestRun())
    private(set) var count = 0
    /// Octets of all records.
    private var size = 0

    /// Whether there is room for one more subscription of that requestId, whatever their number.
    func takesMore(identity: [UInt8]) -> Bool {
        guard size < Self.sizeLimit else { return false }
        let beginning = RequestRun.beginning(of: identity)
        return run(of: beginning[...])?.count(of: beginning) ?? 0 < Self.limitPerRequest
    }

    /// Whether the list contains that subscription.
    func contains(_ key: Key) -> Bool { run(of: key.beginning)?.contains(key) ?? false }

    /// Adds a subscription, unless the list contains it.
    ///
    /// - Returns: Whether it was added.
    mutating func insert(_ key: Key, requestID: RawSpan) -> Bool {
        guard !contains(key) else { return false }
        let requestID = requestID.array
        change(key.beginning) { $0.append(key, requestID: requestID) }
        if case .run(let run) = store, count > Self.runLimit { store = .runs(run.divided()) }
        return true
    }

    /// Takes out that subscription.
    ///
    /// - Returns: Whether the list contained it.
    mutating func remove(_ key: Key) -> Bool {
        guard contains(key) else { return false }
        change(key.beginning) { $0.remove(key) }
        return true
    }

    /// Takes out all subscriptions of that requestId.
    mutating func removeAll(identity: [UInt8]) -> [Subscription] {
        let beginning = RequestRun.beginning(of: identity)
        guard run(of: beginning[...]) != nil else { return [] }
        var removed: [Subscription] = []
        change(beginning[...]) { removed = $0.removeAll(beginning) }
        return removed
    }

    // MARK: Runs

    private func run(of beginning: ArraySlice<UInt8>) -> RequestRun? {
        switch store {
        case .run(let run): run
        case .runs(let runs): runs[beginning]
        }
    }

    /// Changes the run that a requestId's subscriptions are in. It is taken out meanwhile, or it
    /// would be copied.
    private mutating func change(
        _ beginning: ArraySlice<UInt8>, _ body: (inout RequestRun) -> Void
    ) {
        let before: (count: Int, size: Int)
        let after: (count: Int, size: Int)
        switch store {
        case .run(var run):
            store = .run(RequestRun())
            before = (run.count, run.size)
            body(&run)
            after = (run.count, run.size)
            store = .run(run)
        case .runs(var runs):
            store = .run(RequestRun())
            var run = runs.removeValue(forKey: beginning) ?? RequestRun()
            before = (run.count, run.size)
            body(&run)
            after = (run.count, run.size)
            // The key is copied: a slice of the request's would keep all of that.
            if run.count > 0 { runs[ArraySlice(Array(beginning))] = run }
            store = .runs(runs)
        }
        count += after.count - before.count
        size += after.size - before.size
        if count == 0 { store = .run(RequestRun()) }
    }
}
