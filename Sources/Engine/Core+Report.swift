// Reporting — a limit was reached: counted always, told at most once per second.

import CSystem
import Telemetry
import Uring

/// What a peer's address was asked for.
struct PeerQuestion {
    enum Purpose {
        case report(LimitReport)
        case admission(ConnectionID)
    }
    let purpose: Purpose
    let address: PeerAddress
}

/// Room for one socket address, lent to the kernel until the answer comes.
///
/// Safety: allocated in `init`, freed in `deinit`; the core keeps the object while it is lent.
@safe
final class PeerAddress {
    let octets: UnsafeMutableRawPointer
    let size: Int

    init(size: Int) {
        self.size = size
        unsafe octets = .allocate(byteCount: size, alignment: 8)
    }

    deinit { unsafe octets.deallocate() }

    var text: String? {
        var text = [CChar](repeating: 0, count: 80)
        let length = unsafe carillon_format_address(octets, size, &text, text.count)
        return length > 0 ? String(text, size: Int(length)) : nil
    }
}

extension String {
    /// The first `size` characters that a C function wrote.
    fileprivate init(_ text: [CChar], size: Int) {
        self = String(decoding: text.prefix(size).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Core where Kernel: ~Copyable {
    /// Counts a limit that `connection` has reached.
    mutating func hit(_ limit: LimitName, _ connection: Connection) {
        metrics.count(limit)
        guard state.settings.report != nil else { return }
        let place = limit.rawValue
        reportCounts[place] += 1
        guard now >= reportTimes[place] else { return }
        reportTimes[place] = now + 1_000_000_000
        let count = reportCounts[place]
        reportCounts[place] = 0
        let path = connection.route >= 0 ? state.settings.routes[connection.route].path : nil
        let report = LimitReport(
            limit: limit, core: index, peer: nil, path: path,
            queuedOctets: limit == .processReceiveQueueShare
                ? Int(unsafe table.hot[connection.slot].inputSize) : queuedSize(of: connection),
            count: count)
        askPeer(of: connection, for: .report(report))
    }

    /// Finds out who the peer is: at once for a descriptor of the process, by the ring for a
    /// direct one, which has no getpeername.
    mutating func askPeer(of connection: Connection, for purpose: PeerQuestion.Purpose) {
        guard connection.peerAddressSize > 0 else {
            peerNamed(nil, for: purpose)
            return
        }
        guard connection.socket.isDirect else {
            peerNamed(Self.peer(of: connection.socket.index), for: purpose)
            return
        }
        guard kernel.features.contains(.peerNames) else {
            peerNamed(nil, for: purpose)
            return
        }
        // The kernel wants the exact size of the address.
        let address = PeerAddress(size: Int(connection.peerAddressSize))
        lastQuestion &+= 1
        peerQuestions[lastQuestion] = PeerQuestion(purpose: purpose, address: address)
        unsafe kernel.peerName(
            of: connection.socket, into: address.octets, size: address.size,
            token: Token(.peerName, generation: lastQuestion))
    }

    mutating func peerNamed(_ token: Token, _ result: Int32) {
        guard let question = peerQuestions.removeValue(forKey: token.generation) else { return }
        peerNamed(result > 0 ? question.address.text : nil, for: question.purpose)
    }

    private mutating func peerNamed(_ peer: String?, for purpose: PeerQuestion.Purpose) {
        switch purpose {
        case .report(let report): state.settings.report?(report.naming(peer))
        case .admission(let id):
            guard let connection = table.connection(id), let peer else { return }
            admit(
                connection,
                host: String(peer.prefix(upTo: peer.lastIndex(of: ":") ?? peer.endIndex)))
        }
    }

    private static func peer(of descriptor: Int32) -> String? {
        var text = [CChar](repeating: 0, count: 80)
        let length = unsafe carillon_peer_name(descriptor, &text, text.count)
        return length > 0 ? String(text, size: Int(length)) : nil
    }
}

extension LimitReport {
    fileprivate func naming(_ peer: String?) -> LimitReport {
        LimitReport(
            limit: limit, core: core, peer: peer, path: path, queuedOctets: queuedOctets,
            count: count)
    }
}
