// [drain], [log], [engine], [testing] — how the process runs and ends.

extension Configuration {
    package struct Drain: SectionDescription {
        package var delay = Duration.seconds(2)
        package var spread = Duration.seconds(30)
        package var deadline = Duration.seconds(60)

        package init() {}

        private static let range = Duration.zero...Duration.seconds(86_400)

        package static let name = "drain"
        package static let summary = "How SIGTERM ends the server. A second one ends it at once."
        package static let settings: [Setting<Drain>] = [
            Setting(
                "delay", \.delay, .duration(range),
                "From \"not ready\" to the end of listening, so that balancers notice first."),
            Setting(
                "spread", \.spread, .duration(range),
                "Time over which connections get their close frame, so that clients do not come "
                    + "back in one wave."),
            Setting(
                "deadline", \.deadline, .duration(range),
                "From the signal to the end. Then who is left is dropped."),
        ]
    }

    package struct Log: SectionDescription {
        package enum Level: String, CaseIterable, Sendable {
            case trace, debug, info, notice, warning, error, critical
        }

        package enum Format: String, CaseIterable, Sendable { case auto, json, text }

        package var level = Level.info
        package var format = Format.auto

        package init() {}

        package static let name = "log"
        package static let summary = "The log, on standard error."
        package static let settings: [Setting<Log>] = [
            Setting("level", \.level, .choice, "The least level that is written."),
            Setting(
                "format", \.format, .choice,
                "One JSON object per line, or text. \"auto\" is text on a terminal, else JSON."),
        ]
    }

    package struct Engine: SectionDescription {
        package var submissionEntries = 4096
        package var receiveBuffers = 2048
        package var receiveBufferSize = 4096
        package var flushSlice = 320
        package var mailSize = 64 << 20
        package var stallWarning = Duration.milliseconds(250)
        package var stallAbort = Duration.seconds(10)

        package init() {}

        package static let name = "engine"
        package static let summary =
            "The machinery of a core. The defaults suit most machines; measure before and after."
        package static let settings: [Setting<Engine>] = [
            Setting(
                "submission_entries", \.submissionEntries, .powerOfTwo(32...8192),
                "Entries of a core's submission queue; the completion queue has eight times as "
                    + "many. Halved at start while the locked-memory limit refuses them."),
            Setting(
                "receive_buffers", \.receiveBuffers, .powerOfTwo(64...32_768),
                "Receive buffers of a core, lent to the kernel. One busy peer takes 33 per turn."),
            Setting(
                "receive_buffer_size", \.receiveBufferSize, .size(512...1_048_576),
                "Octets of one receive buffer."),
            Setting(
                "flush_slice", \.flushSlice, .count(16...1_000_000),
                "Connections that are sent to before incoming messages have their turn."),
            Setting(
                "mail_size", \.mailSize, .size(65_536...(1 << 40)),
                "Octets under way between cores. Then the connections of those who publish, call "
                    + "or answer are not read."),
            Setting(
                "stall_warning", \.stallWarning,
                .duration(.milliseconds(1)...Duration.seconds(3600)),
                "A turn that takes this long is counted in loop_stall_total and logged."),
            Setting(
                "stall_abort", \.stallAbort, .duration(.zero...Duration.seconds(3600)),
                "A turn that takes this long ends the process, to be started anew; 0 never does."),
        ]
    }

    /// Not for use: what tests need to see the server on other kernels.
    package struct Testing: SectionDescription {
        package var absent: [String] = []

        package init() {}

        package static let name = "testing"
        package static let summary = "For tests of the server itself."
        package static let isHidden = true
        package static let settings: [Setting<Testing>] = [
            Setting(
                "absent", \.absent, .list(of: .name, atMost: 64),
                "Kernel features that are treated as absent; \"all\" is every optional one.")
        ]
    }
}
