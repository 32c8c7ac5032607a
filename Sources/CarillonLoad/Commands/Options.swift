// Options — what all scenarios have in common on the command line, whatever their clients do.

internal import ArgumentParser
internal import Bytes
internal import Configuration
internal import Glibc

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
        for address in source where !Self.isAddress(address) {
            throw ValidationError(
                "--source takes an IP address of this machine, not \"\(address)\"")
        }
    }

    private static func isAddress(_ text: String) -> Bool {
        var octets = in6_addr()
        return unsafe inet_pton(AF_INET, text, &octets) == 1
            || inet_pton(AF_INET6, text, &octets) == 1
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
            "How long an answer, a delivery or a handshake may take, and how late the last "
                + "messages of a schedule may leave.", valueName: "time"))
    var timeout = DurationOption("5s")
}
