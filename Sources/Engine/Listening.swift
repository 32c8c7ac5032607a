// Listening — the listening sockets of an engine, opened all or none.
//
// On internet addresses every core has a socket of its own under one port (SO_REUSEPORT), and the
// kernel spreads the connections. A Unix socket is one for all; each core gets a descriptor of its
// own to it, so that each can stop accepting and give it back by itself.
//
// A successor listens beside the process whose place it takes: at the same ports, and where a file
// stands for a socket, under another name until it is ready.

import CSystem
import Glibc

/// The listening sockets of all cores.
struct Listening {
    /// By core.
    private(set) var listeners: [[Listener]]
    /// Ports filled in.
    private(set) var address: ListenAddress
    private(set) var control: ListenAddress?
    private(set) var streams: [StreamAddress] = []
    private(set) var files: [SocketFile] = []

    private let backlog: Int32
    private let takesOver: Bool
    private let kernelUnsentSize: UInt32
    private let pingInterval: UInt64
    private let pongTime: UInt64

    /// - Throws: ``EngineError/listen(_:errno:)``; nothing is left open or in the file system.
    static func open(
        _ options: EngineOptions, _ limits: Limits
    ) throws(EngineError) -> Listening {
        var listening = Listening(options, limits)
        do throws(EngineError) {
            listening.address = try listening.openOnCores(options.address, .main)
            if let control = options.control {
                let found = try listening.lookForOthers(at: control)
                let (descriptor, port) = try listening.listen(found, shared: true)
                listening.control = ListenAddress(host: control.host, port: port)
                listening.add(descriptor, .control, control.addressSize, to: 0)
            }
            for stream in options.streams {
                let role = ListenerRole.stream(stream.framing)
                switch stream.address {
                case .internet(let address):
                    let found = try listening.openOnCores(address, role)
                    listening.streams.append(.internet(found))
                case .unix(let path):
                    try listening.openUnix(path, role)
                    listening.streams.append(stream.address)
                }
            }
        } catch {
            listening.close()
            throw error
        }
        return listening
    }

    private init(_ options: EngineOptions, _ limits: Limits) {
        listeners = Array(repeating: [], count: options.coreCount)
        address = options.address
        backlog = Int32(clamping: options.listenBacklog)
        takesOver = options.takesOver
        kernelUnsentSize = limits.kernelUnsentSize
        pingInterval = limits.pingInterval
        pongTime = limits.pongTime
    }

    private mutating func add(
        _ descriptor: Int32, _ role: ListenerRole, _ addressSize: Int, to core: Int
    ) {
        listeners[core].append(
            Listener(descriptor: descriptor, role: role, peerAddressSize: addressSize))
    }

    /// One socket for each core.
    ///
    /// - Returns: The address with the port that was found.
    private mutating func openOnCores(
        _ wanted: ListenAddress, _ role: ListenerRole
    ) throws(EngineError) -> ListenAddress {
        var address = try lookForOthers(at: wanted)
        for core in listeners.indices {
            let (descriptor, port) = try listen(address, shared: true)
            address = ListenAddress(host: address.host, port: port)
            if role.isStream { probeSilentPeers(of: descriptor) }
            add(descriptor, role, address.addressSize, to: core)
        }
        return address
    }

    /// SO_REUSEPORT would silently share the port with another process. Only a successor wants
    /// that.
    ///
    /// - Returns: The address with the port that was found.
    private func lookForOthers(at address: ListenAddress) throws(EngineError) -> ListenAddress {
        guard !takesOver else { return address }
        let (probe, port) = try listen(address, shared: false)
        Glibc.close(probe)
        return ListenAddress(host: address.host, port: port)
    }

    /// A stream's clients are not all pinged (``StreamState/knowsPings``): the kernel finds out who
    /// of them is gone, in the time that a ping would take. A refusal costs only that.
    private func probeSilentPeers(of listener: Int32) {
        func seconds(_ time: UInt64) -> Int32 { Int32(min(max(time / Limits.second, 1), 32_767)) }
        _ = carillon_probe_silent_peers(listener, seconds(pingInterval), seconds(pongTime))
    }

    private func listen(
        _ address: ListenAddress, shared: Bool
    ) throws(EngineError) -> (descriptor: Int32, port: UInt16) {
        var port = address.port
        let descriptor = unsafe carillon_listen(
            address.host, &port, backlog, shared, kernelUnsentSize)
        guard descriptor >= 0 else { throw .listen(.internet(address), errno: -descriptor) }
        return (descriptor, port)
    }

    private mutating func openUnix(_ path: String, _ role: ListenerRole) throws(EngineError) {
        var made = carillon_file()
        let place =
            takesOver && SocketFile.exists(at: path)
            ? SocketFile.place(beside: path, number: files.count) : path
        let first = unsafe carillon_listen_unix(place, backlog, &made)
        guard first >= 0 else { throw .listen(.unix(path: path), errno: -first) }
        files.append(SocketFile(path: path, place: place, made: made))
        add(first, role, 0, to: 0)
        for core in listeners.indices.dropFirst() {
            let descriptor = carillon_duplicate(first)
            guard descriptor >= 0 else { throw .listen(.unix(path: path), errno: -descriptor) }
            add(descriptor, role, 0, to: core)
        }
    }

    private func close() {
        for listener in listeners.joined() { Glibc.close(listener.descriptor) }
        for file in files { file.remove() }
    }
}

extension ListenAddress {
    /// Octets of a peer's address (`sockaddr_in`, `sockaddr_in6`).
    fileprivate var addressSize: Int { isIPv6 ? 28 : 16 }
}
