// CarillonCommand — the program's command line: `carillon serve`, `carillon config …`, `carillon
// wamp …`.

import ArgumentParser

/// What `carillon --version` says.
let carillonVersion = "0.1.0"

/// What the process ends with; the numbers are those of sysexits(3).
enum Status {
    static let failure = ExitCode(1)
    static let usage = ExitCode(64)
    static let unavailable = ExitCode(69)
    static let configuration = ExitCode(78)
}

@main
struct CarillonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "carillon",
        abstract: "A push server: WebSocket pub/sub and RPC.",
        discussion: """
            Start it with "carillon serve"; it says where to connect and gives a line to try.
            Exit status: 0 done, 1 failure, 64 wrong usage, 69 a needed service is unreachable, \
            78 bad configuration or io_uring refused.
            """,
        version: carillonVersion,
        subcommands: [ServeCommand.self, ConfigCommand.self, WAMPCommand.self])
}
