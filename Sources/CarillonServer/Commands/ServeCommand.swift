// ServeCommand — `carillon serve`: flags over environment over file over defaults, then the
// service.

import ArgumentParser
import Configuration

/// The flags that stand for settings. Each wins over the environment and the file.
struct SettingFlags: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The address for clients; port 0 takes a free one. (default: 127.0.0.1:8000)",
            valueName: "host:port"))
    var listen: String?

    @Option(
        help: ArgumentHelp(
            "The address for /metrics and /health/, or \"off\". (default: 127.0.0.1:9000)",
            valueName: "host:port"))
    var control: String?

    @Option(
        help: ArgumentHelp(
            "Threads that serve connections. (default: one per CPU this process may use)",
            valueName: "n"))
    var cores: Int?

    @Option(
        help: ArgumentHelp(
            "A path that sends every message back, for tests and probes.", valueName: "path"))
    var echo: String?

    @Option(
        help: ArgumentHelp(
            "How much longer publications may wait to share a send, such as 1ms. (default: 0s)",
            valueName: "time"))
    var batchingDelay: String?

    @Option(
        help: ArgumentHelp(
            "The configuration file; \"carillon config default\" prints one to begin with.",
            valueName: "file"))
    var config: String?

    func validate() throws {
        if let cores, cores < 1 {
            throw ValidationError("--cores takes a number from 1; without it there is one per CPU")
        }
    }

    /// The flags that were given.
    var given: [ConfigurationInput.Flag] {
        let words = [
            ("--listen", "server.listen", listen), ("--control", "server.control", control),
            ("--cores", "server.cores", cores.map(String.init)), ("--echo", "server.echo", echo),
            ("--batching-delay", "server.batching_delay", batchingDelay),
        ]
        return words.compactMap { flag, key, value in
            value.map { ConfigurationInput.Flag(flag, key: key, value: $0) }
        }
    }

    /// Where the settings come from.
    var source: ConfigurationSource { ConfigurationSource(file: config, flags: given) }
}

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the server.",
        discussion: """
            Settings come from defaults, the file, the environment (CARILLON_SECTION_KEY) and \
            flags, the later ones winning; "carillon config check" shows what results. Signals: \
            TERM drains and ends, a second TERM or INT ends now, HUP reads the configuration \
            again, QUIT logs a status, USR2 drains only, and USR1 comes from a successor.
            """)

    @OptionGroup var flags: SettingFlags

    @Option(
        help: ArgumentHelp(
            "Take the place of a carillon that listens at the same addresses, without a gap: once "
                + "this one is ready that one drains (close code 1012) and ends.",
            valueName: "pid"))
    var takeOver: Int32?

    func validate() throws {
        if let takeOver, takeOver < 1 {
            throw ValidationError(
                "--take-over takes the process id of a running carillon, such as $(pidof carillon)")
        }
    }

    func run() throws {
        // Before any thread exists, so that all of them leave the signals to the service.
        SignalWaiter.prepare()
        let service = try Service(flags.source, takingOverFrom: takeOver)
        let status = service.run()
        if status != ExitCode.success { throw status }
    }
}
