// WAMPPublishCommand — `carillon wamp publish`: one publication from arguments, or one per line.

import ArgumentParser
import Codecs
import WAMP
import WAMPClient

struct WAMPPublishCommand: WAMPSessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish to a topic.",
        discussion: """
            Without arguments every line of standard input is a publication; an empty line is one \
            without arguments. With --json a line is {"args":[…],"kwargs":{…}}, as "subscribe \
            --json" writes it. Negative numbers go behind "--".

              carillon wamp publish com.example.news 'hello, world'
              carillon wamp publish com.example.temperature --kw room=kitchen -- -3.5
              tail -f /var/log/syslog | carillon wamp publish com.example.log
              carillon wamp publish com.example.news --envelope '{"kwargs":{"a":1}}'

            A router says nothing about a publication it refuses, unless --acknowledge asks.
            """,
        aliases: ["pub"])

    @Argument(help: "The topic.") var topic: String
    @Argument(help: "Arguments of one publication: JSON, or else strings.") var arguments:
        [String] =
            []
    @OptionGroup var given: WAMPArgumentOptions
    @Flag(help: "Wait for the router to take each publication.") var acknowledge = false
    @Flag(help: "Ask the router to tell subscribers who we are.") var disclose = false
    @Flag(help: "Ask the router to keep it for those who subscribe later.") var retain = false
    @OptionGroup var router: WAMPRouterOptions

    func validate() throws { try given.validate(words: arguments) }

    func run(_ client: WAMPClient) throws {
        guard arguments.isEmpty && given.isEmpty else {
            return try publish(try given.arguments(words: arguments), client)
        }
        try WAMPLineLoop.run(client, json: router.json) { try publish($0, client) }
    }

    private func publish(_ arguments: Arguments, _ client: WAMPClient) throws {
        var options = PublishOptions()
        if acknowledge { options.acknowledge = true }
        if disclose { options.discloseMe = true }
        if retain { options.retain = true }
        let publication = try client.publish(topic, arguments, options)
        if router.json, let publication {
            try WAMPLineOutput.write("{\"publication\":\(publication)}")
        }
    }
}

/// What a publication or call carries, besides its words.
struct WAMPArgumentOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A keyword argument; repeatable.", valueName: "name=value"))
    var kw: [String] = []

    @Option(
        help: ArgumentHelp(
            "All arguments as one JSON object: {\"args\":[…],\"kwargs\":{…}}.", valueName: "json"))
    var envelope: String?

    var isEmpty: Bool { kw.isEmpty && envelope == nil }

    func validate(words: [String]) throws {
        for word in kw where word.firstIndex(of: "=") ?? word.startIndex == word.startIndex {
            throw ValidationError("--kw takes NAME=VALUE, not \"\(word)\"")
        }
        guard let envelope else { return }
        guard words.isEmpty, kw.isEmpty else {
            throw ValidationError("an envelope has all the arguments in it")
        }
        do throws(WAMPEnvelope.Malformed) {
            _ = try WAMPEnvelope(envelope)
        } catch {
            throw ValidationError(error.sentence)
        }
    }

    /// The arguments that `words` and options stand for.
    func arguments(words: [String]) throws -> Arguments {
        if let envelope { return try WAMPEnvelope(envelope).arguments }
        let keywords = kw.compactMap { word in
            word.firstIndex(of: "=").map { equals in
                (
                    key: String(word[..<equals]),
                    value: WAMPText.json(ofWord: String(word[word.index(after: equals)...]))
                )
            }
        }
        return try Arguments(positional: words.map(WAMPText.json(ofWord:)), keywords: keywords)
    }
}

/// Something to be done for every line of standard input, while the session is looked after.
enum WAMPLineLoop {
    /// - Parameter json: Whether a line is an envelope; otherwise it is one argument.
    static func run(
        _ client: WAMPClient, json: Bool, _ body: (Arguments) throws -> Void
    ) throws {
        let input = WAMPLineInput()
        var number = 0
        do {
            while true {
                while let line = try input.next() {
                    number += 1
                    try body(try arguments(line, json: json))
                }
                if input.isAtEnd { return }
                // What else comes is for nobody here.
                guard case .readable = try client.next(watching: [input.descriptor]) else {
                    continue
                }
                try input.fill()
            }
        } catch let failure as WAMPLineInput.Failure {
            throw stopped(behind: number, failure.sentence)
        } catch let malformed as WAMPEnvelope.Malformed {
            throw stopped(behind: number - 1, malformed.sentence)
        }
    }

    private static func arguments(_ line: String, json: Bool) throws -> Arguments {
        if line.isEmpty { return Arguments() }
        if json { return try WAMPEnvelope(line).arguments }
        return try Arguments(positional: [WAMPText.json(ofWord: line)])
    }

    private static func stopped(behind number: Int, _ sentence: String) -> ExitCode {
        StandardError.write("carillon: standard input, line \(number + 1): \(sentence)\n")
        return Status.failure
    }
}
