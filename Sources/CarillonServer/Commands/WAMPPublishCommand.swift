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
            without arguments. With --json an argument or a line is \
            {"args":[…],"kwargs":{…}}. Negative numbers go behind "--".

              carillon wamp publish com.example.news 'hello, world'
              carillon wamp publish com.example.temperature --kw room=kitchen -- -3.5
              tail -f /var/log/syslog | carillon wamp publish com.example.log
              carillon wamp publish com.example.news --json '{"args":[1],"kwargs":{"a":2}}'

            A router says nothing about a publication it refuses, unless --acknowledge asks.
            """,
        aliases: ["pub"])

    @Argument(help: "The topic.") var topic: String
    @Argument(help: "Arguments of one publication: JSON, or else strings.") var arguments: [String] =
        []
    @OptionGroup var keywords: WAMPKeywordOptions
    @Flag(help: "Wait for the router to take each publication.") var acknowledge = false
    @Flag(help: "Ask the router to tell subscribers who we are.") var disclose = false
    @Flag(help: "Ask the router to keep it for those who subscribe later.") var retain = false
    @OptionGroup var router: WAMPRouterOptions

    func validate() throws {
        try keywords.validate(router, arguments)
    }

    func run(_ client: WAMPClient) throws {
        guard arguments.isEmpty && keywords.isEmpty else {
            for arguments in try keywords.arguments(arguments, router) {
                try publish(arguments, client)
            }
            return
        }
        try WAMPLineLoop.run(client) { line in
            try publish(try keywords.arguments(ofLine: line, router), client)
        }
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

/// Arguments of a publication or call on the command line.
struct WAMPKeywordOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("A keyword argument; repeatable.", valueName: "name=value"))
    var kw: [String] = []

    var isEmpty: Bool { kw.isEmpty }

    func validate(_ router: WAMPRouterOptions, _ words: [String]) throws {
        for word in kw where word.firstIndex(of: "=") ?? word.startIndex == word.startIndex {
            throw ValidationError("--kw takes NAME=VALUE, not \"\(word)\"")
        }
        guard router.json else { return }
        guard kw.isEmpty else {
            throw ValidationError("with --json keyword arguments are in the envelope")
        }
        for word in words { _ = try envelope(word) }
    }

    /// The arguments that words stand for; with `--json` every word is an envelope.
    func arguments(_ words: [String], _ router: WAMPRouterOptions) throws -> [Arguments] {
        if router.json, !words.isEmpty { return try words.map { try envelope($0).arguments } }
        let keywords = kw.compactMap { word in
            word.firstIndex(of: "=").map { equals in
                (
                    key: String(word[..<equals]),
                    value: WAMPText.json(ofWord: String(word[word.index(after: equals)...]))
                )
            }
        }
        return [
            try Arguments(positional: words.map(WAMPText.json(ofWord:)), keywords: keywords)
        ]
    }

    /// The arguments that a line of standard input stands for.
    func arguments(ofLine line: String, _ router: WAMPRouterOptions) throws -> Arguments {
        if line.isEmpty { return Arguments() }
        if router.json { return try envelope(line).arguments }
        return try Arguments(positional: [WAMPText.json(ofWord: line)])
    }

    private func envelope(_ text: String) throws -> WAMPEnvelope {
        do throws(WAMPEnvelope.Malformed) {
            return try WAMPEnvelope(text)
        } catch {
            throw ValidationError(error.sentence)
        }
    }
}

/// Something to be done for every line of standard input, while the session is looked after.
enum WAMPLineLoop {
    static func run(_ client: WAMPClient, _ body: (String) throws -> Void) throws {
        let input = WAMPLineInput()
        do {
            while true {
                while let line = try input.next() { try body(line) }
                if input.isAtEnd { return }
                // What else comes is for nobody here.
                guard case .readable = try client.next(watching: [input.descriptor]) else {
                    continue
                }
                try input.fill()
            }
        } catch let failure as WAMPLineInput.Failure {
            StandardError.write("carillon: standard input: \(failure.sentence)\n")
            throw Status.failure
        }
    }
}
