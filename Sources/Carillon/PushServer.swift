// PushServer — the push server as an object: made, started once, stopped once.
//
// It is the same engine that the `carillon` program runs, which is made of this class. As a library
// it keeps its hands to itself: no signal handler, no resource limit raised, nothing printed, and
// its threads take no signals.

import Bytes
import CSystem
package import DialectKit
package import Engine
import Lockfree
import Rooms
import Uring
import WAMPRouter
import WebSocket

/// A push server: WebSocket clients subscribe to rooms, and what is published to a room reaches
/// them.
///
///     let server = PushServer(.init(listen: "127.0.0.1:0"))
///     server.handle("greet") { call in "{\"hello\": \"world\"}" }
///     try server.start()
///     let receivers = try await server.publish(room: "orders.filled", json: "{\"id\": 7}")
///     server.stop()
///
/// All methods may be called from any thread. A server that is let go is stopped.
public final class PushServer: Sendable {
    private enum Phase {
        case idle([String: ProcedureHandler])
        case starting
        case running(Engine)
        case stopped
    }

    let options: Options
    private let phase = Guarded<Phase>(.idle([:]))

    /// Makes a server; nothing happens before ``start()``, which is also what finds mistakes in the
    /// options.
    public init(_ options: Options = Options()) { self.options = options }

    deinit { stop() }

    // MARK: life

    /// Opens the listener and starts the cores; clients can connect when it returns.
    ///
    /// - Throws: ``StartError``. A server that could not be started, or was stopped, cannot be started
    ///   again: make a new one.
    public func start() throws(StartError) {
        let procedures: [String: ProcedureHandler] = try phase.withLock {
            phase throws(StartError) in
            guard case .idle(let procedures) = phase else { throw .startedBefore }
            phase = .starting
            return procedures
        }
        do throws(StartError) {
            let engine = try makeEngine(procedures)
            phase.withLock { $0 = .running(engine) }
        } catch {
            phase.withLock { $0 = .stopped }
            throw error
        }
    }

    /// Closes every connection (1001) and ends the cores. What clients have not read within a
    /// fifth of a second is lost; ``drain(delay:spread:deadline:)`` before it loses nothing.
    ///
    /// Waits for the threads, so it must not be called by a handler that runs on a core. Does
    /// nothing where nothing runs.
    public func stop() {
        let engine: Engine? = phase.withLock { phase in
            guard case .running(let engine) = phase else { return nil }
            phase = .stopped
            return engine
        }
        engine?.stop()
    }

    /// Takes no more clients and closes those there are, one after the other, until nobody is
    /// connected or the deadline has passed. ``stop()`` has to follow.
    ///
    /// - Parameters:
    ///   - delay: How long clients can still connect.
    ///   - spread: Time over which the connections get their close frame (1001) after that, so
    ///     that they do not all come back at once.
    ///   - deadline: From now; who is still there then is dropped.
    ///
    /// Returns early when the task is canceled; the drain goes on.
    public func drain(
        delay: Duration = .zero, spread: Duration = .seconds(5), deadline: Duration = .seconds(30)
    ) async {
        beginDrain(delay: delay, spread: spread, deadline: deadline)
        let end = ContinuousClock.now + deadline
        while isAccepting || connectionCount > 0, ContinuousClock.now < end {
            do { try await Task.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    /// Begins a drain and returns at once; ``connectionCount`` tells how far it is.
    package func beginDrain(
        delay: Duration, spread: Duration, deadline: Duration, farewell: Farewell = .goingAway
    ) {
        engine?.drain(
            delay: delay.nanoseconds, spread: spread.nanoseconds, deadline: deadline.nanoseconds,
            farewell: farewell)
    }

    /// Takes the predecessor's place where it has been beside it so far
    /// (``Options/takesOver``).
    package func takePlace() throws(StartError) {
        do throws(EngineError) {
            try engine?.takePlace()
        } catch {
            throw .cannotListen(error.sentence)
        }
    }

    // MARK: what it is doing

    /// Where it listens: `host:port`, with the port that was found where 0 was asked for.
    public var address: String { engine?.address.text ?? options.listen }

    /// Where the control listener listens.
    package var controlAddress: String? { engine?.control?.text }

    /// Where RawSocket is spoken, in the order of the options: `host:port` with the port that was
    /// found, or `unix:/path`. Empty while it does not run.
    package var rawSocketAddresses: [String] { engine?.streams.map(\.text) ?? [] }

    /// Connections open now, plain HTTP ones included.
    public var connectionCount: Int { engine?.state.connectionCount ?? 0 }

    /// Whether a client can still get in; asked before the connections are counted.
    private var isAccepting: Bool { engine?.state.isAccepting ?? false }

    /// Whether clients can connect.
    public var isRunning: Bool { engine != nil }

    /// The engine while it runs.
    package var engine: Engine? {
        phase.withLock { phase in
            guard case .running(let engine) = phase else { return nil }
            return engine
        }
    }

    // MARK: inside

    /// Adds a handler, which is only possible before the cores have their table of procedures.
    func register(_ name: String, _ handler: @escaping ProcedureHandler) {
        phase.withLock { phase in
            guard case .idle(var procedures) = phase else {
                preconditionFailure("handlers are registered before the server is started")
            }
            procedures[name] = handler
            phase = .idle(procedures)
        }
    }

    /// Looks at the options as ``start()`` does, and starts nothing.
    ///
    /// - Throws: ``StartError/badOption(_:)``.
    package func check() throws(StartError) { _ = try plan([:]) }

    private func makeEngine(_ procedures: [String: ProcedureHandler]) throws(StartError) -> Engine {
        let plan = try plan(procedures)
        do throws(EngineError) {
            return try Engine(plan.options, settings: plan.settings, registry: plan.registry)
        } catch {
            switch error {
            case .ring(let refusal): throw .ringRefused(refusal.sentence)
            case .listen: throw .cannotListen(error.sentence)
            }
        }
    }

    /// What an engine is made of.
    private func plan(
        _ procedures: [String: ProcedureHandler]
    ) throws(StartError) -> (options: EngineOptions, settings: EngineSettings, registry: Registry) {
        try options.check()
        let realmCount = max(
            options.realmCount, 1 + Int(options.wamp?.realms.map(\.number.rawValue).max() ?? 0))
        let registry = Registry(realmCount: realmCount)
        var settings = EngineSettings()
        settings.limits = options.limits
        settings.index = options.index
        settings.deflate = options.deflate
        settings.deflateMinimumSize = options.deflateMinimumSize
        settings.deflateMaximumSize = options.deflateMaximumSize
        settings.flushSlice = options.flushSlice
        settings.batchingDelay = options.batchingDelay
        settings.handler = options.handler
        settings.report = options.report
        settings.handlers = try handlers(procedures) + options.handlers
        settings.taps = options.taps
        let origins = try originList()
        settings.routes = routes(registry, origins)
        if let wamp = options.wamp { addRouter(wamp, to: &settings, registry, origins: origins) }

        var engineOptions = EngineOptions(coreCount: options.cores ?? CPUPlan().coreCount)
        engineOptions.address = try ListenAddress(option: options.listen)
        engineOptions.control = try options.control.map { text throws(StartError) in
            try ListenAddress(option: text)
        }
        engineOptions.streams = try options.wamp?.streamListeners() ?? []
        engineOptions.cpus = options.cpus
        engineOptions.takesOver = options.takesOver
        engineOptions.ring = options.ring
        if engineOptions.ring.socketCount == 0 {
            engineOptions.ring.socketCount = UInt32(options.socketCount)
        }
        return (engineOptions, settings, registry)
    }

    private func handlers(
        _ procedures: [String: ProcedureHandler]
    ) throws(StartError) -> [HandlerRegistration] {
        var handlers: [HandlerRegistration] = []
        for (name, handler) in procedures.sorted(by: { $0.key < $1.key }) {
            let octets = Array(name.utf8)
            guard !octets.isEmpty, let room = unsafe try? Room(dotted: octets.span.bytes) else {
                throw .badOption("\"\(name)\" is no name of a procedure: it is empty or too long")
            }
            handlers.append(HandlerRegistration(.exact(room), handler: handler))
        }
        return handlers
    }

    private func originList() throws(StartError) -> OriginList? {
        guard !options.origins.isEmpty else { return nil }
        guard let list = OriginList(options.origins) else {
            throw .badOption("an origin is written like https://example.com")
        }
        return list
    }
}

extension PushServer.Options {
    /// Sockets of one core: as many as the process may have descriptors. Half a million more would
    /// cost memory before anybody connects.
    fileprivate var socketCount: Int {
        var soft: UInt64 = 0
        var hard: UInt64 = 0
        unsafe carillon_descriptor_limit(&soft, &hard, false)
        return min(connectionLimit ?? .max, Int(clamping: soft), 1 << 19)
    }
}
