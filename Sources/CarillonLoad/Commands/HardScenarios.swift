// HardScenarios — storm and slow: what happens to the others when some behave badly.

internal import ArgumentParser
internal import Measurement

struct StormCommand: TrafficCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm",
        abstract: "Everybody drops and returns at once, while publishing goes on.",
        discussion: """
            What was published while a client was away is not owed to it; from the acknowledgement \
            of its subscription on, everything is. Handshake times of the returning are reported.

            carillon-load storm -n 5000 --every 10s --rate 20 --duration 60s
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var traffic: TrafficOptions
    @OptionGroup var time: TimeOptions
    @Option(help: ArgumentHelp("Time between storms.", valueName: "time"))
    var every = DurationOption("5s")
    @Option(help: ArgumentHelp("The share of clients that takes part.", valueName: "0…1"))
    var share = 1.0
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var work: Work { .messages }
    private var count: Int { traffic.count.connections ?? 1000 }

    func validate() throws {
        guard share > 0, share <= 1 else {
            throw ValidationError("--share takes a number above 0, up to 1")
        }
        guard every.nanoseconds >= 100_000_000 else {
            throw ValidationError("--every takes 100ms or more")
        }
    }

    func plan(for target: Target) throws -> LoadPlan {
        let speech = try self.target.speech(target)
        var listeners = subscribers(speech, count)
        listeners.stormInterval = every.nanoseconds
        listeners.stormShare = share
        return LoadPlan(
            scenario: "storm", target: target,
            populations: [
                listeners, try publishers(speech, 1, otherwise: .open(Schedule(rate: 10))),
            ], roomCount: 1)
    }

    var parameters: [RunReport.Parameter] {
        commonParameters(count) + [
            .init("every", every.defaultValueDescription), .init("share", share),
        ]
    }
}

struct SlowCommand: TrafficCommand {
    static let configuration = CommandConfiguration(
        commandName: "slow",
        abstract: "A share of the readers is stuck; the others are measured.",
        discussion: """
            The stuck ones subscribe and then do not read. Whatever the server does with them, the \
            others must get everything, and in time.

            carillon-load slow -n 1000 --share 0.1 --rate 100 --size 1024
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var traffic: TrafficOptions
    @OptionGroup var time: TimeOptions
    @Option(help: ArgumentHelp("The share of readers that is stuck.", valueName: "0…1"))
    var share = 0.1
    @OptionGroup var place: PlaceOptions
    @OptionGroup var output: OutputOptions

    var work: Work { .messages }
    private var count: Int { traffic.count.connections ?? 1000 }
    private var stuckCount: Int { Int((Double(count) * share).rounded()) }

    func validate() throws {
        guard share >= 0, share < 1 else {
            throw ValidationError("--share takes a number from 0, below 1")
        }
    }

    func plan(for target: Target) throws -> LoadPlan {
        let speech = try self.target.speech(target)
        var listeners = subscribers(speech, count)
        listeners.stuckCount = stuckCount
        return LoadPlan(
            scenario: "slow", target: target,
            populations: [
                listeners, try publishers(speech, 1, otherwise: .open(Schedule(rate: 10))),
            ], roomCount: 1)
    }

    var parameters: [RunReport.Parameter] {
        commonParameters(count) + [.init("stuck", stuckCount)]
    }
}
