// Options — how a server is made. What is public has a name of its own and a default that suits a
// daemon; the rest is for the server product, which knows every setting of the engine.

import Bytes
package import Engine
package import OpenAPIRPC
package import Uring
package import WebSocket

extension PushServer {
    /// How a server is made.
    public struct Options: Sendable {
        /// `host:port` with a numeric address; port 0 takes a free one.
        ///
        /// Whoever can connect may subscribe, publish and call: by openapi-ws at ``path``, and by
        /// WAMP at `/`, `/ws` and `/connection/websocket` as an anonymous session of `realm1`.
        public var listen: String
        /// Threads that serve connections; `nil`: one per CPU this process may use.
        public var cores: Int?
        /// The path of the openapi-ws dialect; `nil`: it is not served.
        public var path: String? = "/stream"
        /// A path that sends every message back; `nil`: there is none.
        public var echoPath: String?
        /// The origins whose web pages may connect, such as `https://example.com`; empty: all.
        public var origins: [String] = []
        /// Connections of each core. As many are possible as the process may have descriptors.
        public var connectionLimit: Int?

        /// Octets of a message, put together and inflated; more is answered with close code 1009.
        public var messageSizeLimit: Int {
            get { limits.messageSize }
            set { limits.messageSize = newValue }
        }

        /// Octets that may wait for one connection, never under two messages; then it is closed
        /// as a slow consumer (1013).
        public var sendQueueLimit: Int {
            get { limits.sendQueueSize }
            set { limits.sendQueueSize = newValue }
        }

        /// Octets that may wait for all connections; then those with the longest queues are reset.
        public var memoryLimit: Int {
            get { limits.processSendQueueSize }
            set { limits.processSendQueueSize = newValue }
        }

        /// Octets of memory for what all connections have sent and nobody can use yet, unfinished
        /// messages above all; then those that have held theirs for the longest are closed (1013).
        /// A quarter as much more is for calls until they are answered; then further ones are
        /// refused.
        public var receiveMemoryLimit: Int {
            get { limits.processReceiveQueueSize }
            set { limits.processReceiveQueueSize = newValue }
        }

        /// Whether messages are deflated for clients that offer it.
        public var deflates: Bool {
            get { deflate.isEnabled }
            set { deflate.isEnabled = newValue }
        }

        /// How much longer publications may wait so that a send takes more of them along; what a
        /// connection is answered never waits.
        public var batching: Duration {
            get { .nanoseconds(Int64(clamping: batchingDelay)) }
            set { batchingDelay = newValue.nanoseconds }
        }

        /// Options with their defaults, and the address of ``listen``.
        public init(listen: String = "127.0.0.1:8000") { self.listen = listen }

        package var control: String?
        /// Whether another process may listen at the same addresses, whose successor this one is.
        package var takesOver = false
        package var limits = Limits()
        package var ring = RingOptions()
        package var deflate = DeflateSettings()
        package var deflateMinimumSize = EngineSettings().deflateMinimumSize
        package var deflateMaximumSize = EngineSettings().deflateMaximumSize
        package var flushSlice = EngineSettings().flushSlice
        package var batchingDelay = EngineSettings().batchingDelay
        package var index = EngineSettings().index
        package var openAPI = OpenAPISettings()
        /// Further routes, in realms below ``realmCount``.
        package var dialectRoutes: [DialectRoute] = []
        /// `nil`: Shampoo is not spoken.
        package var shampoo: Shampoo?
        /// Procedures beside those of ``PushServer/handle(_:_:)``.
        package var handlers: [HandlerRegistration] = []
        /// Who listens in on what is published.
        package var taps: [Tap] = []
        /// Realms there are, numbered from 0; those of the router besides.
        package var realmCount = 1
        /// `nil`: WAMP is not spoken.
        package var wamp: WAMP? = .open
        /// Told of limits that were reached; called on cores, so it must not wait.
        package var report: (@Sendable (LimitReport) -> Void)?
        /// Answers requests that are no upgrades.
        package var handler: (any RequestHandler)?
        /// CPUs to pin the cores to; empty: not pinned.
        package var cpus: [Int] = []
    }
}

extension PushServer.Options {
    /// - Throws: ``StartError/badOption(_:)`` for what the engine would stop the process for.
    func check() throws(StartError) {
        func require(_ holds: Bool, _ sentence: String) throws(StartError) {
            guard holds else { throw .badOption(sentence) }
        }
        try require(
            cores.map { (1...Self.coreLimit).contains($0) } ?? true,
            "a server has 1 to \(Self.coreLimit) cores, not \(cores ?? 0)")
        try require(
            (125...1 << 30).contains(messageSizeLimit),
            "the largest message has 125 octets to 1 GiB, not \(messageSizeLimit)")
        try require(
            (1...1 << 30).contains(sendQueueLimit),
            "a send queue has 1 octet to 1 GiB, not \(sendQueueLimit)")
        try require(memoryLimit > 0, "the memory limit is \(memoryLimit)")
        try require(
            receiveMemoryLimit > 0, "the memory limit for input is \(receiveMemoryLimit)")
        try require(connectionLimit.map { $0 > 0 } ?? true, "no connections are allowed")
        for path in [path, echoPath].compactMap({ $0 }) {
            try require(path.hasPrefix("/"), "the path \"\(path)\" does not begin with \"/\"")
        }
        try require(path == nil || path != echoPath, "two routes have the path \"\(path ?? "")\"")
    }

    /// Cores that fit the engine's words of core bits.
    package static var coreLimit: Int { 64 }
}

extension ListenAddress {
    /// Reads `host:port`, `[host]:port` or `localhost:port`.
    init(option text: String) throws(StartError) {
        guard let colon = text.lastIndex(of: ":"),
            let port = UInt16(text[text.index(after: colon)...])
        else { throw .badOption("\"\(text)\" is no address; expected one like 127.0.0.1:8000") }
        var host = text[..<colon]
        if host.hasPrefix("[") && host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        self.init(host: host == "localhost" ? "127.0.0.1" : String(host), port: port)
    }
}
