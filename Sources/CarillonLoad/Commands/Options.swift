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

/// The server, and how it is spoken to.
struct TargetOptions: ParsableArguments {
    @Argument(help: "The server. (default: ws://127.0.0.1:8000 and the dialect's path)")
    var url: String?

    @Option(
        help: ArgumentHelp(
            "What is spoken; template are the texts given. "
                + "(default: openapi-ws, or template when a text is given)", valueName: "name"))
    var dialect: Dialect?

    @Option(help: ArgumentHelp("Where subscribers connect.", valueName: "text"))
    var path: String?

    @Option(
        help: ArgumentHelp(
            "Where publishers connect, or post. (default: --path, or what the dialect has)",
            valueName: "text"))
    var publishPath: String?

    @Flag(help: "Publish by POST to --publish-path, over HTTP and not over WebSockets.")
    var post = false

    @Option(help: ArgumentHelp("A subprotocol to offer; repeatable.", valueName: "name"))
    var subprotocol: [String] = []

    @Option(
        help: ArgumentHelp(
            "A header field for handshakes and what is posted; repeatable.",
            valueName: "name: value"))
    var header: [String] = []

    @Option(
        help: ArgumentHelp(
            "What a subscriber says first. Places: %R room, %E event, %W pattern, %I connection, "
                + "%N number, %P payload, %L its size, %V size of the rest as a variable-length "
                + "integer, %%; escapes \\n \\r \\t \\\\ \\0 \\xHH.", valueName: "text"))
    var subscribe: String?

    @Option(help: ArgumentHelp("A part of the answer to it, to wait for.", valueName: "text"))
    var subscribed: String?

    @Option(help: ArgumentHelp("What a publisher says first.", valueName: "text"))
    var publishStart: String?

    @Option(help: ArgumentHelp("A part of the answer to that.", valueName: "text"))
    var publishReady: String?

    @Option(help: ArgumentHelp("How a payload is published.", valueName: "text"))
    var publish: String?

    @Option(
        help: ArgumentHelp(
            "A request that is answered with its payload (echo, rpc).", valueName: "text"))
    var request: String?

    @Flag(help: "Send binary messages in place of text.")
    var binary = false

    @Flag(help: "Offer permessage-deflate, and send deflated messages where it is accepted.")
    var deflate = false

    @OptionGroup var wamp: WAMPOptions

    private var hasTemplates: Bool {
        subscribe != nil || subscribed != nil || publish != nil || request != nil
            || publishStart != nil || publishReady != nil || !subprotocol.isEmpty || binary || post
    }

    /// What is spoken.
    var spoken: Dialect {
        dialect ?? (hasTemplates || publishPath != nil ? .template : .openAPI)
    }

    private var isTemplate: Bool { spoken == .template }

    var isWAMP: Bool { spoken == .wamp }

    var dialectName: String { spoken.rawValue }

    func validate() throws {
        try wamp.checkAbsent(in: spoken)
        if !isTemplate, hasTemplates || publishPath != nil && !spoken.posts {
            throw ValidationError("texts of your own need --dialect template")
        }
        if post, publishPath == nil {
            throw ValidationError("--post needs --publish-path: where is it posted?")
        }
        for field in header where !field.contains(":") {
            throw ValidationError("--header takes \"Name: value\", not \"\(field)\"")
        }
    }

    func target() throws -> Target { try Target(url ?? "ws://127.0.0.1:8000") }

    /// The texts.
    ///
    /// - Parameters:
    ///   - usesEvents: Whether rooms have events to be told apart.
    ///   - covers: Whether a publication reaches all rooms.
    func speech(
        _ target: Target, usesEvents: Bool = false, covers: Bool = false
    ) throws -> Speech {
        var speech =
            switch spoken {
            case .openAPI: usesEvents ? Speech.openAPIWithEvents : .openAPI
            case .wamp: wamp.speech(usesEvents: usesEvents)
            case .highTemplar: Speech.highTemplar(covers: covers)
            case .rohrpost: Speech.rohrpost(type: wamp.procedure ?? "ping")
            case .shampoo: Speech.shampoo(method: wamp.procedure ?? "echo")
            case .template: Speech()
            }
        // A URL's bare "/" is nobody's wish; --path / is one.
        let fromURL = target.path == "/" && !isTemplate ? nil : target.path
        if let path = path ?? fromURL {
            speech.path = try Template(path)
            if !speech.posts { speech.publishPath = speech.path }
        }
        if let publishPath { speech.publishPath = try Template(publishPath) }
        speech.fields = header
        guard isTemplate || spoken == .openAPI else { return speech }
        speech.posts = post
        speech.subprotocols = subprotocol
        speech.isBinary = binary
        if let subscribe { speech.subscribe = try Template(subscribe) }
        if let subscribed { speech.subscribed = try literal(subscribed) }
        if let publishStart { speech.greet = try Template(publishStart) }
        if let publishReady { speech.greeted = try literal(publishReady) }
        if let publish { speech.publish = try payload(publish, "--publish") }
        if let request { speech.request = try payload(request, "--request") }
        return speech
    }

    private func payload(_ text: String, _ option: String) throws -> Template {
        let template = try Template(text)
        guard template.hasPayload else {
            throw ValidationError("\(option) has no place for the payload; write %P where it goes")
        }
        return template
    }

    /// A text to look for: escapes, and no places.
    private func literal(_ text: String) throws -> [UInt8] {
        let parts = try Template(text).parts
        guard parts.count == 1, case .text(let octets) = parts[0] else {
            throw ValidationError("\"\(text)\" is a text to wait for and has no places")
        }
        return octets
    }
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
