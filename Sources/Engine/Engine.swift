// Engine — cores on their threads, started, drained and stopped together.
//
// As a library it keeps its hands to itself: no signal handler, no rlimit, its threads block all
// signals. Each ring is made and unmade on its core's thread.

import CSystem
package import DialectKit
import Glibc
import Lockfree
import Synchronization
package import Uring

/// Where to listen. The host is a numeric address.
package struct ListenAddress: Sendable, Hashable {
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    package var isIPv6: Bool { host.contains(":") }

    package var text: String { isIPv6 ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }
}

/// Where a listener of streams stands.
package enum StreamAddress: Sendable, Hashable {
    case internet(ListenAddress)
    /// The path of a Unix socket, at most ``pathLimit`` octets.
    case unix(path: String)

    /// `sun_path` holds 108 octets with the final zero (unix(7)).
    package static let pathLimit = 107

    package var text: String {
        switch self {
        case .internet(let address): address.text
        case .unix(let path): "unix:\(path)"
        }
    }
}

/// A listener whose connections begin with a framing's handshake.
package struct StreamListener: Sendable, Hashable {
    package let address: StreamAddress
    /// The place of its framing in ``EngineSettings/framings``.
    package let framing: Int

    package init(_ address: StreamAddress, framing: Int) {
        self.address = address
        self.framing = framing
    }
}

/// Why an engine did not start.
package enum EngineError: Error, Sendable {
    case ring(RingError)
    /// The address cannot be listened on; `errno` says why.
    case listen(StreamAddress, errno: Int32)

    package var sentence: String {
        switch self {
        case .ring(let error): return error.sentence
        case .listen(let address, let errno):
            let text = unsafe String(cString: carillon_error_text(errno))
            if case .unix = address {
                guard errno == EADDRINUSE else {
                    return "cannot listen on \(address.text): \(text)"
                }
                return "cannot listen on \(address.text): somebody answers there, or what is there "
                    + "is no socket"
            }
            switch errno {
            case EADDRINUSE:
                return "cannot listen on \(address.text): the port is in use; stop the other "
                    + "process or choose another port"
            case EACCES:
                return "cannot listen on \(address.text): \(text); ports below 1024 need "
                    + "CAP_NET_BIND_SERVICE"
            case EADDRNOTAVAIL:
                return "cannot listen on \(address.text): this machine does not have that address; "
                    + "0.0.0.0 or [::] stand for all that it has"
            case EINVAL:
                return "cannot listen on \(address.text): not a numeric address"
            default: return "cannot listen on \(address.text): \(text)"
            }
        }
    }
}

package struct EngineOptions: Sendable {
    package var coreCount: Int
    /// The main listener, on every core.
    package var address = ListenAddress(host: "127.0.0.1", port: 8000)
    /// The control listener, on the first core.
    package var control: ListenAddress?
    /// Listeners without HTTP, on every core.
    package var streams: [StreamListener] = []
    package var ring = RingOptions()
    /// CPUs to pin the cores to, in order; empty: not pinned.
    package var cpus: [Int] = []
    package var listenBacklog = 4096
    /// Whether another process may listen at the same addresses, whose successor this one is.
    package var takesOver = false

    package init(coreCount: Int) { self.coreCount = coreCount }
}

/// A running engine.
package final class Engine: Sendable {
    package let state: EngineState
    /// Where it listens, ports filled in.
    package let address: ListenAddress
    package let control: ListenAddress?
    /// Where its stream listeners stand, ports filled in, in the order of the options.
    package let streams: [StreamAddress]
    /// What the kernel offered.
    package let features: Features
    private let threads: Guarded<[CoreThread]>
    /// Files of Unix sockets, while they are ours to remove.
    private let socketFiles: Guarded<[SocketFile]>

    /// Opens the listeners, starts one thread per core, and returns when all rings are up.
    package init(
        _ options: EngineOptions, settings: EngineSettings, registry: Registry
    ) throws(EngineError) {
        precondition(options.coreCount > 0)
        let sockets = try Listening.open(options, settings.limits)
        address = sockets.address
        control = sockets.control
        streams = sockets.streams
        socketFiles = Guarded(sockets.files)
        state = EngineState(
            settings: settings, registry: registry, coreCount: options.coreCount,
            loopbackListeners: [
                options.address.isLoopback, options.control?.isLoopback ?? true,
            ])
        var started: [CoreThread] = []
        var features: Features?
        for index in 0..<options.coreCount {
            let cpu = options.cpus.isEmpty ? nil : options.cpus[index % options.cpus.count]
            let thread = CoreThread(
                index: index, state: state, listeners: sockets.listeners[index],
                ring: options.ring, cpu: cpu)
            switch thread.start() {
            case .success(let found):
                started.append(thread)
                features = found
            case .failure(let error):
                for place in sockets.listeners[index...] {
                    for listener in place { Glibc.close(listener.descriptor) }
                }
                for index in 0..<started.count { state.post(.stop, to: index) }
                for thread in started { thread.join() }
                for file in sockets.files { file.remove() }
                throw .ring(error)
            }
        }
        self.features = features ?? []
        threads = Guarded(started)
    }

    /// Whoever looks for our Unix sockets finds these from now on, and not the predecessor's
    /// (``EngineOptions/takesOver``).
    package func takePlace() throws(EngineError) {
        let refusal: EngineError? = socketFiles.withLock { files in
            for index in files.indices {
                let error = files[index].takePlace()
                if error != 0 { return .listen(.unix(path: files[index].path), errno: error) }
            }
            return nil
        }
        if let refusal { throw refusal }
    }

    /// Begins a drain on all cores. Returns at once; watch ``EngineState/connectionCount``.
    package func drain(
        delay: UInt64, spread: UInt64, deadline: UInt64, farewell: Farewell = .goingAway
    ) {
        state.draining.store(true, ordering: .relaxed)
        let now = carillon_monotonic_now()
        let plan = DrainPlan(
            acceptsUntil: now + delay, spread: spread, deadline: now + deadline,
            farewell: farewell)
        for index in 0..<state.coreCount { state.post(.drain(plan), to: index) }
    }

    /// Closes everything and waits for the threads to end. Safe to call twice.
    package func stop() {
        state.draining.store(true, ordering: .relaxed)
        let running = threads.withLock { threads in
            let running = threads
            threads = []
            return running
        }
        for thread in running { state.post(.stop, to: thread.index) }
        for thread in running { thread.join() }
        state.worker.end()
        let files = socketFiles.withLock { files in
            let ours = files
            files = []
            return ours
        }
        for file in files { file.remove() }
    }
}
