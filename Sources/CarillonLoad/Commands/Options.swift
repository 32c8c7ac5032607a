// Options — what scenarios have in common on the command line.

internal import ArgumentParser
internal import Configuration

extension Duration {
    /// Whole nanoseconds; durations on the command line are bounded when they are read.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds)) / 1_000_000_000
    }
}

/// A duration as people write it: `10s`, `250ms`, or seconds.
struct DurationOption: ExpressibleByArgument, Equatable {
    let nanoseconds: UInt64
    private let text: String

    init?(argument: String) {
        guard let duration = DurationText.duration(argument), duration <= .seconds(86_400 * 7)
        else {
            return nil
        }
        nanoseconds = duration.nanoseconds
        text = argument
    }

    init(_ text: String) {
        guard let value = Self(argument: text) else { preconditionFailure("no duration: \(text)") }
        self = value
    }

    var defaultValueDescription: String { text }
}

/// How many, how large, how fast, how long.
struct SizeOptions: ParsableArguments {
    @Option(
        name: [.customShort("n"), .long],
        help: ArgumentHelp(
            "Connections. (default: 1000; echo and rpc 100, connect 1024)", valueName: "count"))
    var connections: Int?

    @Option(help: ArgumentHelp("Octets of a payload, 52 to 1048576.", valueName: "octets"))
    var size = 128

    @Option(
        help: ArgumentHelp(
            "Open loop: messages per second, in all, kept whatever the server does.",
            valueName: "rate"))
    var rate: Double?

    @Option(
        help: ArgumentHelp("Closed loop: so many under way at once.", valueName: "count"))
    var window: Int?

    @Option(
        help: ArgumentHelp(
            "Open loop with changing rates, such as 10s:0..1000,30s:1000; counts from the "
                + "beginning of the warm-up.", valueName: "phases"))
    var phases: String?

    @Option(
        help: ArgumentHelp(
            "How long is measured. (default: 10s, or what --phases take)", valueName: "time"))
    var duration: DurationOption?

    @Option(help: ArgumentHelp("What goes before and is not measured.", valueName: "time"))
    var warmup = DurationOption("1s")

    @Option(
        help: ArgumentHelp(
            "Stop after so many, those of the warm-up included.", valueName: "count"))
    var messages: Int?

    func validate() throws {
        guard (Stamp.size...Filler.sizeLimit).contains(size) else {
            throw ValidationError(
                "--size takes \(Stamp.size) to \(Filler.sizeLimit) octets: every payload begins "
                    + "with \(Stamp.size) octets of sequence and time")
        }
        guard (connections ?? 1) > 0, (connections ?? 1) < 10_000_000 else {
            throw ValidationError("--connections takes a number from 1 to 9999999")
        }
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
            throw ValidationError("--messages takes a number from 1")
        }
        guard (duration?.nanoseconds ?? 1) > 0 else { throw ValidationError("--duration is 0") }
    }

    /// How long is measured, ns.
    func measuredTime() throws -> UInt64 {
        if let duration { return duration.nanoseconds }
        guard let phases else { return 10_000_000_000 }
        let whole = UInt64(min(try Schedule(phases).duration, 604_800) * 1e9)
        guard whole > warmup.nanoseconds else {
            throw ValidationError("--phases are over before --warmup is")
        }
        return whole - warmup.nanoseconds
    }

    /// The pace asked for.
    func pace(otherwise: Pace) throws -> Pace {
        if let rate { return .open(Schedule(rate: rate)) }
        if let phases { return .open(try Schedule(phases)) }
        if let window { return .closed(window: window) }
        return otherwise
    }
}

/// Where the generator runs.
struct PlaceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Threads per process, each with a ring.", valueName: "count"))
    var threads = 1

    @Option(
        help: ArgumentHelp(
            "Processes, for more descriptors than one may hold.", valueName: "count"))
    var processes = 1

    @Option(help: ArgumentHelp("CPUs to pin the threads to, such as 0,1.", valueName: "list"))
    var cpus: String?

    @Flag(help: "Never sleep: steadier latency for a whole CPU per thread.")
    var spin = false

    @Option(
        help: ArgumentHelp(
            "How many loopback addresses to connect from. (default: one per 10000 connections)",
            valueName: "count"))
    var sources: Int?

    @Option(
        help: ArgumentHelp("A local address to connect from; repeatable.", valueName: "address"))
    var source: [String] = []

    @Option(help: ArgumentHelp("Handshakes under way at once, per thread.", valueName: "count"))
    var handshakes = 128

    func validate() throws {
        guard (1...64).contains(threads), (1...64).contains(processes) else {
            throw ValidationError("--threads and --processes take numbers from 1 to 64")
        }
        guard (1...100_000).contains(handshakes) else {
            throw ValidationError("--handshakes takes a number from 1 to 100000")
        }
        if let sources, !(1...250).contains(sources) {
            throw ValidationError("--sources takes a number from 1 to 250")
        }
        if let cpus, Self.list(cpus) == nil {
            throw ValidationError("--cpus takes numbers with commas between, not \"\(cpus)\"")
        }
    }

    private static func list(_ text: String) -> [Int]? {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        return numbers.allSatisfy { $0.map { (0..<1024).contains($0) } ?? false }
            ? numbers.compactMap { $0 } : nil
    }

    func apply(to plan: inout LoadPlan) {
        plan.threadCount = threads
        plan.processCount = processes
        plan.spins = spin
        plan.connectWindow = handshakes
        if let cpus { plan.cpus = Self.list(cpus) ?? [] }
        if !source.isEmpty {
            plan.sources = source
        } else if plan.target.isLoopback {
            let count = sources ?? plan.clientCount / 10_000 + 1
            if sources != nil || count > 1 {
                plan.sources = (0..<min(count, 250)).map { "127.0.0.\($0 + 2)" }
            }
        }
    }
}

/// What is watched and told.
struct OutputOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The server's process, for its CPU time and memory; repeatable.", valueName: "pid"))
    var serverPid: [Int] = []

    @Option(help: ArgumentHelp("Write the report there; - is standard output.", valueName: "file"))
    var json: String?

    @Option(help: ArgumentHelp("Write the report as a page there.", valueName: "file"))
    var html: String?

    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Option(
        help: ArgumentHelp(
            "Length of an interval. (default: 1s, or a tenth of --duration if that is less)",
            valueName: "time"))
    var interval: DurationOption?

    @Option(
        help: ArgumentHelp(
            "How long an answer, a delivery or a handshake may take.", valueName: "time"))
    var timeout = DurationOption("5s")
}
