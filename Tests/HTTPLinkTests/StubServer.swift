// StubServer — an application of a few lines: HTTP/1.1 with keep-alive on a thread with poll(2).

import CSystem
import Glibc
import Lockfree

struct StubRequest: Sendable {
    /// Of all connections the server accepted, which one; from 1.
    let connection: Int
    let method: String
    let target: String
    /// Names in lower case, in the order of the lines.
    let fields: [(name: String, value: String)]
    let body: String

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

enum StubReply: Sendable {
    /// So many nanoseconds later.
    case answer(
        _ body: String = "", status: Int = 200, fields: [String] = [], after: UInt64 = 0)
    /// When the test lets it go.
    case held(_ body: String)
    /// Octets as they are.
    case octets(_ text: String)
    /// Nothing, ever.
    case silence
    /// The end of the connection.
    case hangUp
}

/// A running server; stopped when it is let go of.
final class StubServer: Sendable {
    struct Figures: Sendable {
        var connections = 0
        var requests = 0
        /// Requests received and not answered.
        var underWay = 0
        var mostUnderWay = 0
        /// Connections that the other side closed.
        var closed = 0
    }

    let port: UInt16
    private let wakeUp: Int32
    fileprivate let board = Board()
    private let thread = Guarded<pthread_t?>(nil)

    /// What the server's thread and everybody else look at.
    fileprivate final class Board: Sendable {
        let figures = Guarded(Figures())
        let isOver = Guarded(false)
        /// Whether held answers may go, now and from here on.
        let isReleased = Guarded(false)
    }

    var url: String { "http://127.0.0.1:\(port)" }
    var figures: Figures { board.figures.withLock { $0 } }

    /// Listens on loopback, at a free port or a given one, or at a path.
    init(
        port: UInt16 = 0, path: String? = nil,
        _ reply: @escaping @Sendable (StubRequest) -> StubReply
    ) {
        var port = port
        var file = carillon_file()
        let listener =
            if let path {
                unsafe carillon_listen_unix(path, 1024, &file)
            } else {
                unsafe carillon_listen("127.0.0.1", &port, 1024, false, 0)
            }
        precondition(listener >= 0, "cannot listen: \(-listener)")
        self.port = port
        wakeUp = carillon_eventfd()
        let loop = StubLoop(listener, wakeUp, board, reply)
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(loop).toOpaque()
        let status = unsafe pthread_create(&thread, nil, runStub, context)
        precondition(status == 0)
        self.thread.withLock { [thread] in $0 = thread }
    }

    deinit { stop() }

    /// Lets all held answers go.
    func release() {
        board.isReleased.withLock { $0 = true }
        _ = carillon_eventfd_signal(wakeUp)
    }

    /// Closes everything. The port is free when this returns.
    func stop() {
        let thread = self.thread.withLock { thread in
            let ended = thread
            thread = nil
            return ended
        }
        guard let thread else { return }
        board.isOver.withLock { $0 = true }
        _ = carillon_eventfd_signal(wakeUp)
        pthread_join(thread, nil)
        close(wakeUp)
    }
}

private func runStub(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let context = unsafe context {
        unsafe Unmanaged<StubLoop>.fromOpaque(context).takeRetainedValue().run()
    }
    return nil
}

/// Owned by the server's thread.
private final class StubLoop {
    private struct Connection {
        let number: Int
        var received: [UInt8] = []
        var isBusy = false
    }

    private let listener: Int32
    private let wakeUp: Int32
    private let board: StubServer.Board
    private let reply: (StubRequest) -> StubReply
    private var connections: [Int32: Connection] = [:]
    private var accepted = 0
    /// Answers that wait for their time. The number says whether the descriptor is still the same.
    private var later: [(due: UInt64, descriptor: Int32, number: Int, text: String)] = []

    init(
        _ listener: Int32, _ wakeUp: Int32, _ board: StubServer.Board,
        _ reply: @escaping (StubRequest) -> StubReply
    ) {
        self.listener = listener
        self.wakeUp = wakeUp
        self.board = board
        self.reply = reply
    }

    private func count(_ change: (inout StubServer.Figures) -> Void) {
        board.figures.withLock { change(&$0) }
    }

    func run() {
        while !board.isOver.withLock({ $0 }) {
            let descriptors = [listener, wakeUp] + connections.keys
            var polled = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            _ = unsafe poll(&polled, nfds_t(polled.count), timeout)
            let now = carillon_monotonic_now()
            if board.isReleased.withLock({ $0 }) {
                for index in later.indices where later[index].due == .max { later[index].due = now }
            }
            for answer in later where answer.due <= now {
                if connections[answer.descriptor]?.number == answer.number {
                    finish(answer.descriptor, answer.text)
                }
            }
            later.removeAll { $0.due <= now }
            for entry in polled where entry.revents != 0 {
                switch entry.fd {
                case listener: accept()
                case wakeUp:
                    var count: UInt64 = 0
                    _ = unsafe Glibc.read(wakeUp, &count, 8)
                default: read(entry.fd)
                }
            }
        }
        for descriptor in connections.keys { Glibc.close(descriptor) }
        Glibc.close(listener)
    }

    /// Until the first answer that waits, in milliseconds.
    private var timeout: Int32 {
        guard let due = later.map(\.due).min(), due < .max else { return -1 }
        let now = carillon_monotonic_now()
        return due > now ? Int32((due - now) / 1_000_000 + 1) : 0
    }

    private func accept() {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return }
        accepted += 1
        connections[descriptor] = Connection(number: accepted)
        count { $0.connections += 1 }
    }

    private func read(_ descriptor: Int32) {
        guard connections[descriptor] != nil else { return }
        var piece = [UInt8](repeating: 0, count: 65_536)
        let size = unsafe recv(descriptor, &piece, piece.count, Int32(MSG_DONTWAIT))
        if size < 0, errno == EAGAIN { return }
        guard size > 0 else { return hangUp(descriptor, byPeer: true) }
        connections[descriptor]?.received += piece[..<size]
        serve(descriptor)
    }

    private func serve(_ descriptor: Int32) {
        while let connection = connections[descriptor], !connection.isBusy,
            let (request, size) = parse(connection)
        {
            connections[descriptor]?.received.removeFirst(size)
            connections[descriptor]?.isBusy = true
            count { figures in
                figures.requests += 1
                figures.underWay += 1
                figures.mostUnderWay = max(figures.mostUnderWay, figures.underWay)
            }
            switch reply(request) {
            case .answer(let body, let status, let fields, let time):
                let text = message(body, status, fields, isHead: request.method == "HEAD")
                if time == 0 {
                    finish(descriptor, text)
                } else {
                    let due = carillon_monotonic_now() + time
                    later.append((due, descriptor, connection.number, text))
                }
            case .held(let body):
                let due = board.isReleased.withLock { $0 } ? 0 : UInt64.max
                let text = message(body, 200, [], isHead: false)
                later.append((due, descriptor, connection.number, text))
            case .octets(let text): finish(descriptor, text)
            case .silence: break
            case .hangUp: hangUp(descriptor, byPeer: false)
            }
        }
    }

    private func message(
        _ body: String, _ status: Int, _ fields: [String], isHead: Bool
    ) -> String {
        let lines =
            ["HTTP/1.1 \(status) Said"] + fields + ["Content-Length: \(body.utf8.count)"]
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + (isHead ? "" : body)
    }

    private func finish(_ descriptor: Int32, _ text: String) {
        count { $0.underWay -= 1 }
        connections[descriptor]?.isBusy = false
        let octets = Array(text.utf8)
        var sent = 0
        while sent < octets.count {
            let size = unsafe octets[sent...].withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard size > 0 else { return }
            sent += size
        }
        serve(descriptor)
    }

    private func hangUp(_ descriptor: Int32, byPeer: Bool) {
        if connections.removeValue(forKey: descriptor)?.isBusy == true {
            count { $0.underWay -= 1 }
        }
        Glibc.close(descriptor)
        if byPeer { count { $0.closed += 1 } }
    }

    private func parse(_ connection: Connection) -> (StubRequest, size: Int)? {
        let octets = connection.received
        // No head of our tests is longer.
        let text = String(decoding: octets.prefix(8192), as: UTF8.self)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        guard let end = lines.firstIndex(of: ""), end < lines.count - 1 else { return nil }
        let headSize = lines[..<end].reduce(2) { $0 + $1.utf8.count + 2 }
        var fields: [(name: String, value: String)] = []
        for line in lines[1..<end] {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
            fields.append((parts[0].lowercased(), value))
        }
        let size = fields.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
        guard octets.count >= headSize + size else { return nil }
        let words = lines[0].split(separator: " ")
        let request = StubRequest(
            connection: connection.number, method: String(words[0]), target: String(words[1]),
            fields: fields,
            body: String(decoding: octets[headSize..<headSize + size], as: UTF8.self))
        return (request, headSize + size)
    }
}
