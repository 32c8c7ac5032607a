import Bytes
import Rooms
import Testing

@testable import Hub

/// A history that an expectation can ask: `#expect` cannot hold what is not copyable.
private final class Subject {
    private var history: EventHistory<String>

    init(_ entries: HistoryEntry...) { history = EventHistory(entries: entries) }
    init(entries: [HistoryEntry]) { history = EventHistory(entries: entries) }

    func record(
        _ publication: UInt64, _ room: String, at time: UInt64 = 0, size: Int = 10,
        _ audience: Audience = .everybody
    ) {
        history.record(
            "e\(publication)", size: size, publication: publication, at: time, audience: audience,
            in: HubTests.room(room))
        history.checkInvariants()
    }

    /// The publications found, or the error.
    func ask(
        _ pattern: Pattern, authID: String = "u", authRole: String = "user",
        _ change: (inout HistoryQuery) -> Void = { _ in }
    ) -> Result<[UInt64], HistoryError> {
        var query = HistoryQuery()
        change(&query)
        do throws(HistoryError) {
            let records = try history.records(of: pattern, query) {
                $0.admits(session: 0, authID: authID, authRole: authRole)
            }
            return .success(records.map(\.publication))
        } catch {
            return .failure(error)
        }
    }

    func found(
        _ pattern: Pattern, _ change: (inout HistoryQuery) -> Void = { _ in }
    ) -> [UInt64]? { try? ask(pattern, change).get() }

    func records(_ pattern: Pattern) throws -> [EventHistory<String>.Record] {
        try history.records(of: pattern, HistoryQuery()) { _ in true }
    }

    var isEmpty: Bool { history.isEmpty }
    var configured: [Pattern] { history.configured }
    func count(_ pattern: Pattern) -> Int { history.count(of: pattern) }
}

extension HistoryEntry {
    fileprivate init(_ pattern: Pattern, _ limit: Int = 100) {
        self.init(pattern, limit: limit, sizeLimit: .max)
    }
}

@Suite("event history")
struct EventHistoryTests {
    @Test("without configuration nothing is recorded, and asking says so")
    func unconfigured() {
        let history = Subject()
        #expect(history.isEmpty)
        history.record(1, "a")
        #expect(history.ask(exact("a")) == .failure(.unavailable))
        #expect(HistoryError.unavailable.uri == "wamp.error.history_unavailable")
    }

    @Test("each entry records what it matches, in order of arrival, without any subscriber")
    func recording() throws {
        let history = Subject(
            HistoryEntry(exact("a.b")), HistoryEntry(prefix("a")), HistoryEntry(wildcard(".b")))
        for (publication, name) in [(5, "a.b"), (3, "a"), (9, "c.b"), (1, "d")] {
            history.record(UInt64(publication), name, at: UInt64(publication))
        }
        #expect(history.found(exact("a.b")) == [5])
        #expect(history.found(prefix("a")) == [5, 3])
        #expect(history.found(wildcard(".b")) == [5, 9])
        #expect(history.configured == [exact("a.b"), prefix("a"), wildcard(".b")])
        let record = try #require(try history.records(exact("a.b")).first)
        #expect(record.timestamp == 5 && record.event == "e5" && record.room == room("a.b"))
    }

    @Test("publications that name sessions are not recorded; others are shown to whom they admit")
    func audiences() {
        let history = Subject(HistoryEntry(exact("a")))
        history.record(1, "a", Audience(eligible: [1]))
        history.record(2, "a", Audience(exclude: [1]))
        history.record(3, "a", Audience(eligibleAuthIDs: ["bob"]))
        history.record(4, "a", Audience(excludeAuthRoles: ["guest"]))
        #expect(history.ask(exact("a"), authID: "bob", authRole: "guest") == .success([3]))
        #expect(history.ask(exact("a"), authID: "eve") == .success([4]))
    }

    @Test("the oldest records make room, by number and by octets; what is too large is left out")
    func limits() {
        let history = Subject(
            HistoryEntry(exact("a"), 3), HistoryEntry(prefix("a"), limit: 100, sizeLimit: 33),
            HistoryEntry(prefix(""), 0))
        for publication: UInt64 in 1...5 { history.record(publication, "a") }
        #expect(history.found(exact("a")) == [3, 4, 5])
        #expect(history.found(prefix("a")) == [3, 4, 5])
        history.record(6, "a", size: 20)
        #expect(history.found(prefix("a")) == [5, 6])
        history.record(7, "a", size: 33)
        #expect(history.found(prefix("a")) == [5, 6])
        #expect(history.found(exact("a")) == [5, 6, 7])
        #expect(history.found(prefix("")) == [])
        #expect(history.count(exact("a")) == 3)
    }

    @Test("the filters are combined; the limit counts after filter and reversal")
    func filters() {
        let history = Subject(HistoryEntry(prefix("")))
        for publication: UInt64 in 1...8 {
            history.record(publication, publication % 2 == 0 ? "even" : "odd", at: publication * 10)
        }
        let all = prefix("")
        #expect(history.found(all) { $0.limit = 2 } == [1, 2])
        #expect(
            history.found(all) {
                $0.limit = 2
                $0.isReversed = true
            } == [8, 7])
        #expect(
            history.found(all) {
                $0.room = room("odd")
                $0.limit = 2
                $0.isReversed = true
            } == [7, 5])
        #expect(
            history.found(all) {
                $0.fromTime = 20
                $0.beforeTime = 50
            } == [2, 3, 4])
        #expect(
            history.found(all) {
                $0.afterTime = 20
                $0.untilTime = 50
            } == [3, 4, 5])
        #expect(
            history.found(all) {
                $0.fromPublication = 3
                $0.untilPublication = 5
            } == [3, 4, 5])
        #expect(
            history.found(all) {
                $0.afterPublication = 3
                $0.beforePublication = 5
                $0.fromTime = 40
            } == [4])
        #expect(
            history.found(all) {
                $0.afterPublication = 6
                $0.beforePublication = 3
            } == [])
    }

    @Test("a limit that is not positive, and a publication that is not there, are errors")
    func errors() {
        let history = Subject(HistoryEntry(exact("a"), 2))
        for publication: UInt64 in 1...3 { history.record(publication, "a") }
        history.record(4, "a", Audience(eligibleAuthIDs: ["bob"]))
        for limit in [0, -1, Int.min] {
            #expect(history.ask(exact("a")) { $0.limit = limit } == .failure(.invalidLimit))
        }
        #expect(
            history.ask(exact("a")) { $0.afterPublication = 1 } == .failure(.unknownPublication(1)))
        // A caller must not learn that there is one it may not see.
        #expect(
            history.ask(exact("a")) { $0.fromPublication = 4 } == .failure(.unknownPublication(4)))
        #expect(
            history.ask(exact("a"), authID: "bob") { $0.fromPublication = 4 } == .success([4]))
        #expect(HistoryError.unknownPublication(1).uri == "wamp.error.invalid_argument")
    }

    @Test("of two entries with one pattern the later one counts")
    func doubles() {
        let history = Subject(HistoryEntry(exact("a"), 5), HistoryEntry(exact("a"), 1))
        history.record(1, "a")
        history.record(2, "a")
        #expect(history.found(exact("a")) == [2])
        #expect(history.configured.count == 1)
    }

    @Test("any question to any history is answered as a plain list would")
    func model() {
        let names = ["a", "a.a", "a.b", "b.a", "b"]
        let patterns = [exact("a"), exact("a.b"), prefix("a"), prefix(""), wildcard(".a")]
        for seed: UInt64 in 1...200 {
            var random = SplitMix64(seed: seed)
            let entries = patterns.shuffled(using: &random).prefix(3).map {
                HistoryEntry(
                    $0, limit: Int.random(in: 1...40, using: &random),
                    sizeLimit: Int.random(in: 20...1000, using: &random))
            }
            let history = Subject(entries: entries)
            var lists = entries.map { _ in [Plain]() }
            for number: UInt64 in 1...UInt64.random(in: 1...90, using: &random) {
                let plain = Plain(
                    publication: number * 7 % 101,
                    time: number + .random(in: 0...5, using: &random),
                    room: names.randomElement(using: &random)!,
                    size: Int.random(in: 0...60, using: &random),
                    audience: [
                        .everybody, .everybody, Audience(eligibleAuthIDs: ["bob"]),
                        Audience(excludeAuthRoles: ["user"]), Audience(eligible: [0]),
                    ].randomElement(using: &random)!)
                history.record(
                    plain.publication, plain.room, at: plain.time, size: plain.size, plain.audience)
                for (index, entry) in entries.enumerated() { plain.add(to: &lists[index], entry) }
            }
            for (entry, list) in zip(entries, lists) {
                if history.count(entry.pattern) != list.count {
                    Issue.record("seed \(seed): count")
                }
                for _ in 0..<20 {
                    let query = Plain.query(&random, list, names)
                    let authID = Bool.random(using: &random) ? "bob" : "eve"
                    let role = Bool.random(using: &random) ? "user" : "guest"
                    let found = history.ask(entry.pattern, authID: authID, authRole: role) {
                        $0 = query
                    }
                    if found != Plain.answer(query, list, authID, role) {
                        Issue.record("seed \(seed): \(query)")
                    }
                }
            }
        }
    }
}

/// A record of the model.
private struct Plain {
    let publication: UInt64
    let time: UInt64
    let room: String
    let size: Int
    let audience: Audience

    var wholeSize: Int { size + audience.size + room.utf8.count }

    func add(to list: inout [Plain], _ entry: HistoryEntry) {
        guard entry.pattern.matches(HubTests.room(room)), !audience.namesSessions,
            wholeSize <= entry.sizeLimit
        else { return }
        list.append(self)
        while list.count > entry.limit
            || list.reduce(0, { $0 + $1.wholeSize }) > entry.sizeLimit
        { list.removeFirst() }
    }

    static func query(
        _ random: inout SplitMix64, _ list: [Plain], _ names: [String]
    ) -> HistoryQuery {
        var query = HistoryQuery()
        func maybe() -> Bool { Int.random(in: 0..<5, using: &random) == 0 }
        if maybe() { query.limit = Int.random(in: 0...5, using: &random) }
        query.isReversed = Bool.random(using: &random)
        if maybe() { query.room = HubTests.room(names.randomElement(using: &random)!) }
        if maybe() { query.fromTime = .random(in: 0...90, using: &random) }
        if maybe() { query.afterTime = .random(in: 0...90, using: &random) }
        if maybe() { query.beforeTime = .random(in: 0...90, using: &random) }
        if maybe() { query.untilTime = .random(in: 0...90, using: &random) }
        let known = list.map(\.publication) + [1000]
        if maybe() { query.fromPublication = known.randomElement(using: &random) }
        if maybe() { query.afterPublication = known.randomElement(using: &random) }
        if maybe() { query.beforePublication = known.randomElement(using: &random) }
        if maybe() { query.untilPublication = known.randomElement(using: &random) }
        return query
    }

    static func answer(
        _ query: HistoryQuery, _ list: [Plain], _ authID: String, _ authRole: String
    ) -> Result<[UInt64], HistoryError> {
        if let limit = query.limit, limit < 1 { return .failure(.invalidLimit) }
        let seen = list.filter {
            $0.audience.admits(session: 0, authID: authID, authRole: authRole)
        }
        func place(_ publication: UInt64) -> Int? {
            seen.firstIndex { $0.publication == publication }
        }
        for bound in [
            query.fromPublication, query.afterPublication, query.beforePublication,
            query.untilPublication,
        ] {
            if let bound, place(bound) == nil { return .failure(.unknownPublication(bound)) }
        }
        var found: [UInt64] = []
        for (index, plain) in seen.enumerated() {
            if let from = query.fromPublication, index < place(from)! { continue }
            if let after = query.afterPublication, index <= place(after)! { continue }
            if let before = query.beforePublication, index >= place(before)! { continue }
            if let until = query.untilPublication, index > place(until)! { continue }
            if let from = query.fromTime, !(plain.time >= from) { continue }
            if let after = query.afterTime, !(plain.time > after) { continue }
            if let before = query.beforeTime, !(plain.time < before) { continue }
            if let until = query.untilTime, !(plain.time <= until) { continue }
            if let wanted = query.room, HubTests.room(plain.room) != wanted { continue }
            found.append(plain.publication)
        }
        if query.isReversed { found.reverse() }
        return .success(query.limit.map { Array(found.prefix($0)) } ?? found)
    }
}
