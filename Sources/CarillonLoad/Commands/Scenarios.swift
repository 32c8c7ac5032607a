// Scenarios — fanout, rooms, wildcard, connect and idle: who does what in each.

internal import ArgumentParser
internal import Measurement

extension RunReport.Parameter {
    init(_ name: String, _ value: some CustomStringConvertible) {
        self.init(name: name, value: value.description)
    }
}

extension ScenarioCommand {
    /// Subscribers, as many as are asked for.
    func subscribers(_ speech: Speech, _ count: Int) -> Population {
        var population = Population(
            name: "subscribers", role: .subscriber, count: count, speech: speech)
        population.offersDeflate = target.deflate
        return population
    }

    /// Those who serve the procedure, if the dialect needs them and we have them.
    func callees(_ speech: Speech) -> [Population] {
        guard target.isWAMP, target.wamp.calleeCount > 0 else { return [] }
        var population = Population(
            name: "callees", role: .callee, count: target.wamp.calleeCount, speech: speech)
        population.offersDeflate = target.deflate
        return [population]
    }

    func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(value) else {
            throw ValidationError(
                "--\(name) takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// What was agreed on with the server.
    var targetParameters: [RunReport.Parameter] {
        (target.deflate ? [.init("deflate", "offered")] : [])
            + (target.isWAMP ? target.wamp.parameters : [])
    }
}

extension TrafficCommand {
    /// Publishers at the pace asked for.
    func publishers(_ speech: Speech, _ count: Int, otherwise: Pace) throws -> Population {
        var population = Population(
            name: "publishers", role: .publisher, count: count, speech: speech)
        population.pace = try traffic.pace.pace(otherwise: otherwise)
        population.payloadSize = traffic.size
        population.messageLimit = traffic.pace.messages
        population.offersDeflate = target.deflate
        return population
    }

    /// What the options that all scenarios with messages have come to.
    func commonParameters(_ connections: Int) -> [RunReport.Parameter] {
        [.init("connections", connections), .init("size", "\(traffic.size) octets")]
            + traffic.pace.parameters + targetParameters
    }
}

struct FanOutCommand: TrafficCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout",
        abstract: "One room: publishers to many subscribers.",
        discussion: """
            carillon-load fanout -n 1000 --rate 50 --server-pid $(pidof carillon)
            carillon-load fanout ws://127.0.0.1:9001 -n 10000 --window 16 --path /sub/r%R \\
                --publish-path /pub --publish 'r%R\\n%P'
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var traffic: TrafficOptions
    @OptionGroup var time: TimeOptions
    @Option(help: ArgumentHelp("Publishers.", valueName: "count")) var publishers = 1
    @Flag(help: "With --window: publish as many at once, when all before them have arrived.")
    var burst = false
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var work: Work { .messages }
    private var count: Int { traffic.count.connections ?? 1000 }

    func validate() throws {
        try check("publishers", publishers, 1...100_000)
        guard !burst || traffic.pace.window != nil else {
            throw ValidationError("--burst takes --window")
        }
    }

    func plan(for target: Target) throws -> LoadPlan {
        let speech = try self.target.speech(target)
        var publishing = try publishers(
            speech, publishers, otherwise: .open(Schedule(rate: 10)))
        publishing.sendsBursts = burst
        return LoadPlan(
            scenario: "fanout", target: target,
            populations: [subscribers(speech, count), publishing], roomCount: 1)
    }

    var parameters: [RunReport.Parameter] {
        commonParameters(count) + [.init("publishers", publishers)]
            + (burst ? [.init("burst", "all at once")] : [])
    }
}

struct RoomsCommand: TrafficCommand {
    static let configuration = CommandConfiguration(
        commandName: "rooms",
        abstract: "Many rooms: subscribers spread over them, publications in turn.",
        discussion: """
            carillon-load rooms -n 10000 --rooms 1000 --rate 2000
            carillon-load rooms -n 10000 --rooms 1000 --window 1 --covering \\
                --dialect high-templar
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var traffic: TrafficOptions
    @OptionGroup var time: TimeOptions
    @Option(help: ArgumentHelp("Rooms.", valueName: "count")) var rooms = 100
    @Flag(help: "Every publication is to all rooms at once (high-templar's *).")
    var covering = false
    @Option(help: ArgumentHelp("Publishers.", valueName: "count")) var publishers = 1
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var work: Work { .messages }
    private var count: Int { traffic.count.connections ?? 1000 }

    func validate() throws {
        try check("publishers", publishers, 1...100_000)
        try check("rooms", rooms, 1...1_000_000)
        if covering { try target.spoken.check(.covering) }
    }

    func plan(for target: Target) throws -> LoadPlan {
        let speech = try self.target.speech(target, covers: covering)
        return LoadPlan(
            scenario: "rooms", target: target,
            populations: [
                subscribers(speech, count),
                try publishers(
                    speech, publishers, otherwise: .open(Schedule(rate: covering ? 10 : 1000))),
            ], roomCount: rooms, isCovering: covering)
    }

    var parameters: [RunReport.Parameter] {
        commonParameters(count) + [.init("rooms", rooms), .init("publishers", publishers)]
            + (covering ? [.init("covering", "yes")] : [])
    }
}

struct WildcardCommand: TrafficCommand {
    static let configuration = CommandConfiguration(
        commandName: "wildcard",
        abstract: "Subscribers with patterns, some that match and some that do not.",
        discussion: """
            Publications go to every event of every room in turn. Subscribers take turns: one \
            wants all events (*), one a single event, one those that begin with e1, one what is \
            never published; whatever reaches one that had not asked for it is a mistake. With \
            --dialect wamp they ask by prefix, exactly, and by wildcard.

            carillon-load wildcard -n 1000 --rooms 10 --events 20 --rate 500
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var traffic: TrafficOptions
    @OptionGroup var time: TimeOptions
    @Option(help: ArgumentHelp("Rooms.", valueName: "count")) var rooms = 10
    @Option(help: ArgumentHelp("Events in each room, up to 64.", valueName: "count")) var events =
        10
    @Option(help: ArgumentHelp("Publishers.", valueName: "count")) var publishers = 1
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var work: Work { .messages }
    private var count: Int { traffic.count.connections ?? 1000 }

    func validate() throws {
        try check("publishers", publishers, 1...100_000)
        try check("rooms", rooms, 1...100_000)
        try check("events", events, 2...64)
        try target.spoken.check(.patterns)
    }

    /// What subscribers ask for, in turn; for each event one that wants just that.
    private var coverages: [Coverage] {
        let beginWithOne = (0..<events).filter { "\($0)".hasPrefix("1") }
            .reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
        if target.isWAMP {
            return WAMPSpeech.coverages(eventCount: events, beginWithOne: beginWithOne)
        }
        return (0..<events).flatMap { event in
            [
                Coverage(pattern: "*", events: .max),
                Coverage(pattern: "e\(event)", events: 1 << UInt64(event)),
                Coverage(pattern: "e1*", events: beginWithOne),
                Coverage(pattern: "none*", events: 0),
            ]
        }
    }

    func plan(for target: Target) throws -> LoadPlan {
        let speech = try self.target.speech(target, usesEvents: true)
        var listeners = subscribers(speech, count)
        listeners.coverages = coverages
        return LoadPlan(
            scenario: "wildcard", target: target,
            populations: [
                listeners,
                try publishers(speech, publishers, otherwise: .open(Schedule(rate: 500))),
            ], roomCount: rooms, eventCount: events)
    }

    var parameters: [RunReport.Parameter] {
        commonParameters(count) + [
            .init("rooms", rooms), .init("events", events), .init("publishers", publishers),
        ]
    }
}

struct ConnectCommand: ScenarioCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Connections come and go: their rate, and how long a handshake takes.",
        discussion: """
            --connections is how many there may be at once; --rate how many come per second, or \
            --window how many handshakes are under way; --messages how many in all.

            carillon-load connect --rate 2000 --duration 30s
            carillon-load connect --window 64 --messages 50000
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var count: CountOptions
    @OptionGroup var pace: PaceOptions
    @OptionGroup var time: TimeOptions
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var work: Work { .connections }
    var phases: String? { pace.phases }
    private var connections: Int { count.connections ?? 1024 }

    func plan(for target: Target) throws -> LoadPlan {
        var speech = try self.target.speech(target)
        if self.target.subscribe == nil { speech.subscribe = nil }
        var population = Population(
            name: "visitors", role: .visitor, count: connections, speech: speech)
        population.pace = try pace.pace(otherwise: .closed(window: 64))
        population.messageLimit = pace.messages
        population.offersDeflate = self.target.deflate
        return LoadPlan(
            scenario: "connect", target: target, populations: [population], roomCount: 1)
    }

    var parameters: [RunReport.Parameter] {
        [.init("connections", connections)] + pace.parameters + targetParameters
    }
}

struct IdleCommand: ScenarioCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "Connections that are silent: what they cost the server.",
        discussion: """
            carillon-load idle -n 15000 --server-pid $(pidof carillon)
            carillon-load idle -n 15000 --subscribed-too --server-pid $(pidof carillon)
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var count: CountOptions
    @OptionGroup var time: TimeOptions
    @Flag(help: "Let each of them subscribe before it is silent.") var subscribedToo = false
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var work: Work { .none }
    private var connections: Int { count.connections ?? 1000 }

    func plan(for target: Target) throws -> LoadPlan {
        let speech = try self.target.speech(target)
        let population = Population(
            name: "idlers", role: subscribedToo ? .subscriber : .idler, count: connections,
            speech: speech)
        return LoadPlan(
            scenario: "idle", target: target, populations: [population], roomCount: 1)
    }

    var parameters: [RunReport.Parameter] {
        [.init("connections", connections)] + targetParameters
            + (subscribedToo ? [.init("subscribed", "yes")] : [])
    }
}
