// WAMPCallCommand — `carillon wamp call`: the result on one line, an error on standard error.

import ArgumentParser
import Codecs
import WAMP
import WAMPClient

struct WAMPCallCommand: WAMPSessionCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Call a procedure and print its result.",
        discussion: """
            Progressive results are a line each, before the last one. An error goes to standard \
            error, with status 1 (77 if it is about permission). Negative numbers go behind "--". \
            With --lines every line of standard input is a call with that argument, with --json \
            too a call with the arguments of {"args":[…],"kwargs":{…}}.

              carillon wamp call com.example.sum 1 2 3
              carillon wamp call com.example.user --kw name=ada --timeout 5s
              carillon wamp call wamp.session.count
              cat names | carillon wamp call com.example.greet --lines
            """)

    @Argument(help: "The procedure.") var procedure: String
    @Argument(help: "Arguments: JSON, or else strings.") var arguments: [String] = []
    @OptionGroup var given: WAMPArgumentOptions
    @Flag(help: "Call once for every line of standard input.") var lines = false
    @Flag(help: "Ask the router to tell the callee who we are.") var disclose = false
    @OptionGroup var router: WAMPRouterOptions

    func validate() throws {
        try given.validate(words: arguments)
        if lines, !arguments.isEmpty || !given.isEmpty {
            throw ValidationError("--lines takes its arguments from standard input")
        }
    }

    /// The router gets the limit too, and its answer a second to arrive.
    func prepare(_ options: inout ClientOptions) {
        guard router.timeout != nil, let time = options.answerTime else { return }
        options.answerTime = time + .seconds(1)
    }

    func run(_ client: WAMPClient) throws {
        if lines {
            return try WAMPLineLoop.run(client, json: router.json) { try call($0, client) }
        }
        try call(try given.arguments(words: arguments), client)
    }

    private func call(_ arguments: Arguments, _ client: WAMPClient) throws {
        var options = ClientCallOptions()
        options.receiveProgress = true
        if disclose { options.discloseMe = true }
        if let timeout = router.timeout, !timeout.isForever {
            options.timeout = UInt64(max(1, Int64(timeout.duration / .milliseconds(1))))
        }
        var hasReader = true
        let answer = try client.call(procedure, arguments, options) { progress in
            hasReader = hasReader && (try? write(progress, isProgress: true)) != nil
        }
        guard hasReader else { throw WAMPLineOutput.ReaderGone() }
        try write(answer, isProgress: false)
    }

    private func write(_ answer: Answer, isProgress: Bool) throws {
        guard router.json else {
            return try WAMPLineOutput.write(WAMPText.line(answer.arguments))
        }
        try WAMPLineOutput.write(
            WAMPText.envelope(
                isProgress ? [("progress", "true")] : [], answer.details, answer.arguments))
    }
}
