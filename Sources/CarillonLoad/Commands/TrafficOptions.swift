// TrafficOptions — how many clients, how large their messages, how fast, how long.
//
// A scenario has only the groups that it heeds, so that an option without effect is unknown to it
// and not passed over in silence.

internal import ArgumentParser
internal import Measurement

/// How many.
struct CountOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp(
            "Connections. (default: 1000; echo and rpc 100, connect 1024)", valueName: "count"))
    var connections: Int?

    func validate() throws {
        guard (connections ?? 1) > 0, (connections ?? 1) < 10_000_000 else {
            throw ValidationError("--connections takes a number from 1 to 9999999")
        }
    }
}

/// How fast, and how many in all.
struct PaceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Open loop: messages per second, in all, kept whatever the server does. "
                + "(default: fanout, storm and slow 10, rooms 1000, wildcard 500)",
            valueName: "rate"))
    var rate: Double?

    @Option(
        help: ArgumentHelp(
            "Closed loop: so many under way at once. (default: echo and rpc 1, connect 64)",
            valueName: "count"))
    var window: Int?

    @Option(
        help: ArgumentHelp(
            "Open loop with changing rates, such as 10s:0..1000,30s:1000; counts from the "
                + "beginning of the warm-up.", valueName: "phases"))
    var phases: String?

    @Option(
        help: ArgumentHelp(
            "Stop after so many, those of the warm-up included.", valueName: "count"))
    var messages: Int?

    func validate() throws {
        guard [rate != nil, window != nil, phases != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("--rate, --phases and --window exclude each other")
        }
        if let rate, !(rate > 0 && rate <= 1e9) {
            throw ValidationError("--rate takes a number above 0, in messages per second")
        }
        if let window, window < 1 || window > 1_000_000 {
            throw ValidationError("--window takes a number from 1 to 1000000")
        }
        if let messages, messages < 1 || messages > 1 << 40 {
            throw ValidationError("--messages takes a number from 1 to \(1 << 40)")
        }
    }

    /// The pace asked for.
    func pace(otherwise: Pace) throws -> Pace {
        if let rate { return .open(Schedule(rate: rate)) }
        if let phases { return .open(try Schedule(phases)) }
        if let window { return .closed(window: window) }
        return otherwise
    }

    /// What the report lists.
    var parameters: [RunReport.Parameter] {
        var list: [RunReport.Parameter] = []
        if let rate { list.append(.init("rate", "\(rate) per second")) }
        if let phases { list.append(.init("phases", phases)) }
        if let window { list.append(.init("window", window)) }
        return list
    }
}

/// How many messages carry, with how many there are and how fast they come.
struct TrafficOptions: ParsableArguments {
    @OptionGroup var count: CountOptions

    @Option(help: ArgumentHelp("Octets of a payload, 52 to 1048576.", valueName: "octets"))
    var size = 128

    @OptionGroup var pace: PaceOptions

    func validate() throws {
        guard (Stamp.size...Filler.sizeLimit).contains(size) else {
            throw ValidationError(
                "--size takes \(Stamp.size) to \(Filler.sizeLimit) octets: every payload begins "
                    + "with \(Stamp.size) octets of sequence and time")
        }
    }
}

/// How long.
struct TimeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How long is measured. (default: 10s, or what --phases take)", valueName: "time"))
    var duration: DurationOption?

    @Option(help: ArgumentHelp("What goes before and is not measured.", valueName: "time"))
    var warmup = DurationOption("1s")

    func validate() throws {
        guard (duration?.nanoseconds ?? 1) > 0 else {
            throw ValidationError("--duration takes a time above 0, such as 10s")
        }
    }

    /// How long is measured, ns.
    func measuredTime(_ phases: String?) throws -> UInt64 {
        if let duration { return duration.nanoseconds }
        guard let phases else { return 10_000_000_000 }
        let whole = UInt64(min(try Schedule(phases).duration, 604_800) * 1e9)
        guard whole > warmup.nanoseconds else {
            throw ValidationError("--phases are over before --warmup is")
        }
        return whole - warmup.nanoseconds
    }
}
