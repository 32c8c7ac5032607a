// WAMPRegisterCommand — `carillon wamp register`: a command, or whoever reads and writes our lines,
// becomes a procedure.

import ArgumentParser
import Codecs
import WAMP
import WAMPClient

import enum Hub.InvocationPolicy

enum WAMPInvoke: String, ExpressibleByArgument, CaseIterable {
    case single, first, last, roundrobin, random

    /// `nil` for what a router does unasked.
    var policy: InvocationPolicy? {
        switch self {
        case .single: nil
        case .first: .first
        case .last: .last
        case .roundrobin: .roundRobin
        case .random: .random
        }
    }
}

struct WAMPRegisterCommand: WAMPSessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "register",
        abstract: "Answer the calls of a procedure with a command.",
        discussion: """
            Every call runs the command, with {"procedure":…,"args":[…],"kwargs":{…}} as one line \
            on its standard input. What it writes is the result: JSON if it parses as JSON, a \
            string otherwise. A status other than 0 is an error. With --json it writes \
            {"args":[…],"kwargs":{…}}, or {"error":"com.example.no","args":[…]}.

              carillon wamp register com.example.sum -- jq '.args | add'
              carillon wamp register com.example.uptime --jobs 4 -- uptime -p
              carillon wamp register com.example.count --progress -- seq 10

            Without a command each call is a line on standard output, and the next line of \
            standard input its result. Ctrl-C ends it.
            """)

    @Argument(help: "The procedure, or a pattern with --match.") var procedure: String
    @Argument(parsing: .postTerminator, help: "The command, behind \"--\".")
    var command: [String] = []
    @Option(help: ArgumentHelp("How it matches: exact, prefix or wildcard.", valueName: "policy"))
    var match = WAMPMatch.exact
    @Option(
        help: ArgumentHelp(
            "How those who register it share it: single, first, last, roundrobin or random.",
            valueName: "policy"))
    var invoke = WAMPInvoke.single
    @Option(help: ArgumentHelp("Commands that run at the same time, at most.", valueName: "n"))
    var jobs = 1
    @Option(help: ArgumentHelp("End after so many calls.", valueName: "n")) var count: Int?
    @Flag(help: "Every line of the command but the last is a progressive result.")
    var progress = false
    @Flag(help: "Take the procedure over from those who have it.") var force = false
    @Flag(help: "Ask the router to tell us who calls.") var disclose = false
    @OptionGroup var router: WAMPRouterOptions

    var isEndless: Bool { true }

    func validate() throws {
        guard (1...1024).contains(jobs) else {
            throw ValidationError("--jobs takes a number from 1 to 1024")
        }
        if let count, count < 1 { throw ValidationError("--count takes a number from 1") }
        if progress, command.isEmpty {
            throw ValidationError("--progress needs a command behind \"--\"")
        }
    }

    func run(_ client: WAMPClient) throws {
        var options = ClientRegisterOptions()
        options.match = match.policy
        options.invoke = invoke.policy
        if force { options.forceReregister = true }
        if disclose { options.discloseCaller = true }
        let registration = try client.register(procedure, options)
        router.note("registered \(procedure)")
        let calls = WAMPCalls(procedure: procedure, isPattern: match != .exact, count ?? .max)
        if command.isEmpty {
            try WAMPAnsweringLines(calls, json: router.json).run(client)
        } else {
            let table = WAMPJobTable(
                command, limit: jobs, json: router.json, sendsProgress: progress)
            defer { table.stop() }
            try table.run(client, calls)
        }
        // Nothing new comes while we leave.
        try client.unregister(registration)
    }
}

/// The calls that are to be answered yet.
final class WAMPCalls {
    /// Calls that wait, at most; further ones are told that nobody has time.
    private static let waitingLimit = 4096

    let procedure: String
    let isPattern: Bool
    private var waiting: [Invocation] = []
    /// Octets of their arguments, and how many there may be; one that waits alone may have more.
    private var waitingSize = 0
    private let waitingSizeLimit: Int
    /// Calls that may still begin.
    private var left: Int

    init(
        procedure: String, isPattern: Bool, _ count: Int, waitingSizeLimit: Int = 64 << 20
    ) {
        self.waitingSizeLimit = waitingSizeLimit
        self.procedure = procedure
        self.isPattern = isPattern
        left = count
    }

    /// Whether no call will begin any more.
    var isOver: Bool { left == 0 }

    /// The next call that begins.
    func take() -> Invocation? {
        guard left > 0, !waiting.isEmpty else { return nil }
        left -= 1
        return remove(at: 0)
    }

    /// Lets a call wait.
    ///
    /// - Returns: `false` when too many do.
    func append(_ invocation: Invocation) -> Bool {
        guard waiting.count < Self.waitingLimit,
            waiting.isEmpty || invocation.size <= waitingSizeLimit - waitingSize
        else { return false }
        waiting.append(invocation)
        waitingSize += invocation.size
        return true
    }

    private func remove(at place: Int) -> Invocation {
        let invocation = waiting.remove(at: place)
        waitingSize -= invocation.size
        return invocation
    }

    /// Looks after what concerns calls that have not begun.
    ///
    /// - Returns: Whether that was all there was to do.
    func handle(_ happening: Happening, _ client: WAMPClient) throws -> Bool {
        switch happening {
        case .invocation(let invocation):
            if !append(invocation) {
                try client.fail(invocation.id, uri: URI.unavailable.description)
            }
            return true
        case .interrupt(let id, _):
            guard let place = waiting.firstIndex(where: { $0.id == id }) else { return false }
            _ = remove(at: place)
            try client.fail(id, uri: URI.canceled.description)
            return true
        case .revokedRegistration(_, let reason):
            StandardError.write(
                "carillon: the router withdrew \(procedure)"
                    + "\(reason.map { ": " + $0.visible } ?? "")\n")
            throw Status.failure
        default: return false
        }
    }

    /// A call as one JSON object.
    func envelope(_ invocation: Invocation) -> String {
        WAMPText.envelope(
            [
                ("procedure", WAMPText.quoted(invocation.procedure ?? procedure)),
                ("request", "\(invocation.id)"),
            ], invocation.details, invocation.arguments)
    }
}

/// A result or error, as text says it.
enum WAMPAnswerText {
    /// - Throws: `WAMPEnvelope.Malformed`.
    static func answer(
        _ invocation: Invocation, _ text: String, json: Bool, _ client: WAMPClient
    ) throws {
        guard !text.isEmpty else { return try client.yield(invocation.id) }
        guard json else {
            let value = try Arguments(positional: [WAMPText.json(ofWord: text)])
            return try client.yield(invocation.id, value)
        }
        let envelope = try WAMPEnvelope(text)
        if let uri = envelope.error {
            try client.fail(invocation.id, uri: uri, envelope.arguments)
        } else {
            try client.yield(invocation.id, envelope.arguments)
        }
    }

    /// Answers with an error of ours, and says so here as well.
    static func fail(_ invocation: Invocation, _ text: String, _ client: WAMPClient) throws {
        StandardError.write("carillon: call \(invocation.id): \(text)\n")
        try client.fail(
            invocation.id, uri: URI.runtimeError.description,
            Arguments(positional: [WAMPText.quoted(text)]))
    }
}

/// Calls as lines on standard output, results as lines of standard input, one after the other.
struct WAMPAnsweringLines {
    private let calls: WAMPCalls
    private let json: Bool

    init(_ calls: WAMPCalls, json: Bool) {
        self.calls = calls
        self.json = json
    }

    func run(_ client: WAMPClient) throws {
        let input = WAMPLineInput()
        var current: Invocation?
        do {
            while true {
                if current == nil, let next = calls.take() {
                    current = next
                    try WAMPLineOutput.write(line(next))
                }
                if let invocation = current {
                    if let text = try input.next() {
                        try answer(invocation, text, client)
                        current = nil
                        continue
                    }
                    if input.isAtEnd {
                        try client.fail(invocation.id, uri: URI.unavailable.description)
                        return
                    }
                } else if calls.isOver {
                    return
                }
                let watched = current == nil ? [] : [input.descriptor]
                let happening = try client.next(watching: watched)
                if try calls.handle(happening, client) { continue }
                if case .readable = happening { try input.fill() }
                // A call that is under way here is canceled for the router alone: somebody reads
                // its line already, and the answer is thrown away there.
            }
        } catch let failure as WAMPLineInput.Failure {
            StandardError.write("carillon: standard input: \(failure.sentence)\n")
            throw Status.failure
        }
    }

    private func answer(
        _ invocation: Invocation, _ text: String, _ client: WAMPClient
    ) throws {
        do {
            try WAMPAnswerText.answer(invocation, text, json: json, client)
        } catch let malformed as WAMPEnvelope.Malformed {
            try WAMPAnswerText.fail(invocation, malformed.sentence, client)
        }
    }

    private func line(_ invocation: Invocation) -> String {
        guard !json else { return calls.envelope(invocation) }
        let line = WAMPText.line(invocation.arguments)
        guard calls.isPattern else { return line }
        let procedure = WAMPText.name(invocation.procedure ?? calls.procedure)
        return line.isEmpty ? procedure : procedure + "\t" + line
    }
}
