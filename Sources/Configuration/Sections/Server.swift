// [server] — where the server listens and what it is made of.

extension Configuration {
    package struct Server: SectionDescription {
        package var listen = ListenAddress(loopback: 8000)
        package var control: ListenAddress? = ListenAddress(loopback: 9000)
        /// 0: one per CPU the process may use.
        package var cores = 0
        /// `nil`: no echo route.
        package var echo: String?
        package var realm = "realm1"
        package var batchingDelay = Duration.zero

        package init() {}

        package static let name = "server"
        package static let summary = "Where the server listens, and with how many cores."
        package static let settings: [Setting<Server>] = [
            Setting(
                "listen", \.listen, .address,
                "The address for clients: WebSocket, and the HTTP API under /api/. Port 0 takes a "
                    + "free one, which the first lines of the log name."),
            Setting(
                "control", \.control, .optional(.address),
                "The address for operators: /metrics and /health/. Keep it private."),
            Setting(
                "cores", \.cores, .count(0...64),
                "Threads that serve connections. 0 takes one per CPU that the process's affinity "
                    + "and its cgroup allow."),
            Setting(
                "echo", \.echo, .optional(.path),
                "A path that sends every message back, for conformance tests and probes."),
            Setting(
                "realm", \.realm, .name,
                "The name of the realm that all routes share, for API requests that name theirs; "
                    + "also of WAMP's realm while no [[realm]] says which there are."),
            Setting(
                "batching_delay", \.batchingDelay, .duration(.zero...Duration.seconds(1)),
                "How much longer publications may wait so that a send takes more of them along. "
                    + "Try 1ms where rooms get many each second; replies never wait."),
        ]
    }
}
