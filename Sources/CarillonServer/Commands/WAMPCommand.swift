// WAMPCommand — `carillon wamp …`: a router from the shell, one line in and one line out.

import ArgumentParser
import WAMPClient

extension Status {
    /// The router knows us and says no, or does not let us in (EX_NOPERM).
    static let notAuthorized = ExitCode(77)
    /// Ended by SIGINT, as a shell counts it.
    static let interrupted = ExitCode(130)
}

struct WAMPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wamp",
        abstract: "Talk to a WAMP router, and make principals for one.",
        discussion: """
            Works with every WAMP v2 router. Arguments are JSON where they parse as JSON and \
            strings otherwise, and come out as they go in: one line each, several arguments \
            separated by tabs, keyword arguments as NAME=VALUE. With --json a line is one JSON \
            object with everything in it.

              carillon wamp subscribe com.example.news
              carillon wamp publish com.example.news 'hello, world'
              carillon wamp register com.example.sum -- jq '.args | add'
              carillon wamp call com.example.sum 1 2 3

            The router is --url or CARILLON_URL: ws://HOST:PORT/PATH for WebSocket, rs://HOST:PORT \
            or unix:/PATH for RawSocket, ws+unix:/PATH:/TARGET.

            Exit status: 0 done, 1 failed or refused, 64 wrong usage, 69 the router cannot be \
            reached or went away, 77 not authorized, 130 interrupted.
            """,
        subcommands: [
            WAMPPublishCommand.self, WAMPSubscribeCommand.self, WAMPCallCommand.self,
            WAMPRegisterCommand.self, WAMPPrincipalCommand.self,
        ])
}

/// A command that needs a session.
protocol WAMPSessionCommand: ParsableCommand {
    var router: WAMPRouterOptions { get }
    /// Whether it goes on until somebody ends it, so that Ctrl-C is its ordinary end.
    var isEndless: Bool { get }

    /// Adjusts what the session is opened with.
    func prepare(_ options: inout ClientOptions)

    func run(_ client: WAMPClient) throws
}

extension WAMPSessionCommand {
    var isEndless: Bool { false }

    func prepare(_ options: inout ClientOptions) {}

    func run() throws {
        var options = try router.clientOptions()
        options.interrupt = WAMPInterrupt.prepare()
        prepare(&options)
        do {
            let client = try router.connect(options)
            // Whatever happens, the router hears that we leave.
            defer { client.goodbye() }
            try run(client)
        } catch is WAMPLineOutput.ReaderGone {
            return  // `… | head -1` has all it wanted
        } catch let error as ClientError {
            if case .interrupted = error, isEndless { return }
            let problem = WAMPProblem(error, router)
            problem.say(asJSON: router.json)
            throw problem.status
        }
    }
}
