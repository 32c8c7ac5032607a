// LoadCommand — the program's command line: `carillon-load SCENARIO [URL] [options]`.

internal import ArgumentParser

/// What `carillon-load --version` says.
let loadVersion = "0.1.0"

/// What the process ends with.
enum LoadStatus {
    /// The run could not be set up, or a connection could not be made.
    static let setUp = ExitCode(1)
    /// Something was lost, duplicated, reordered or corrupted.
    static let incorrect = ExitCode(3)
}

@main
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "carillon-load",
        abstract: "Loads a WebSocket server, checks every message, and tells what it measured.",
        discussion: """
            Each scenario is a subcommand; its --help has examples. Without a URL and templates it \
            speaks openapi-ws to carillon on ws://127.0.0.1:8000, and with --dialect wamp WAMP to \
            any router. Clients of high-templar, rohrpost and Shampoo cannot publish; with \
            those the generator posts as an application does. An open loop (--rate, --phases) \
            keeps its schedule whatever the server does, and latency counts from the time a \
            message was due; a closed loop (--window) waits for deliveries or answers.

            Exit status: 0 all messages arrived once, in order and unchanged; 3 they did not; \
            1 the run could not be set up; 4 "compare" missed a threshold; 64 wrong usage. \
            Ctrl-C ends a run with the summary so far.
            """,
        version: loadVersion,
        subcommands: [
            FanOutCommand.self, RoomsCommand.self, WildcardCommand.self, EchoCommand.self,
            CallCommand.self, ConnectCommand.self, IdleCommand.self, StormCommand.self,
            SlowCommand.self, MixedCommand.self, CompareCommand.self,
        ])

    static func main() {
        // `carillon-load --compare A B` reads naturally as well.
        var arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "--compare" { arguments[0] = "compare" }
        main(arguments)
    }
}
