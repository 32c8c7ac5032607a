// FeatureProbe — does each thing once on a fresh ring and looks at the answer.

import CSystem
import CUring
import Glibc

/// Lives only while a ring is made. `ring` is borrowed from its maker.
@safe
struct FeatureProbe {
    let ring: OpaquePointer
    let absent: Features

    init(ring: OpaquePointer, absent: Features) {
        unsafe self.ring = ring
        self.absent = absent
    }

    /// A real no-op makes the round trip (a profile can allow set-up and forbid the rest).
    func answersNop() -> Bool {
        var entry = carillon_sqe()
        entry.opcode = UInt8(CARILLON_OP_NOP)
        entry.user_data = 1
        return result(of: entry, waits: true) == 0
    }

    /// What needs no socket.
    func basics() -> Features {
        var found: Features = []
        if unsafe wants(.registeredRing) && carillon_ring_register_self(ring) == 1 {
            found.insert(.registeredRing)
        }
        let cqeSkip: UInt32 = 1 << 11  // IORING_FEAT_CQE_SKIP
        if unsafe wants(.skippedSuccess) && carillon_ring_features(ring) & cqeSkip != 0 {
            found.insert(.skippedSuccess)
        }
        if unsafe wants(.ringMessages)
            && carillon_ring_supports(ring, Int32(CARILLON_OP_MSG_RING))
        {
            found.insert(.ringMessages)
        }
        return found
    }

    /// What shows only on a socket: an unsupported multishot is refused at once with EINVAL.
    func multishots(direct: Bool) -> Features {
        var found: Features = []
        var port: UInt16 = 0
        let listener = unsafe carillon_listen("127.0.0.1", &port, 1, false, 0)
        if listener >= 0 {
            if wants(.multishotAccept) {
                var entry = carillon_sqe()
                entry.opcode = UInt8(CARILLON_OP_ACCEPT)
                entry.fd = listener
                entry.ioprio = UInt16(CARILLON_ACCEPT_MULTISHOT)
                entry.user_data = 2
                if direct { entry.file_index = CARILLON_FILE_INDEX_ALLOC }
                if staysArmed(entry) { found.insert(.multishotAccept) }
            }
            Glibc.close(listener)
        }
        var pair: [Int32] = [-1, -1]
        let stream = Int32(SOCK_STREAM.rawValue)
        guard unsafe socketpair(AF_UNIX, stream, 0, &pair) == 0 else { return found }
        if wants(.multishotReceive) {
            var entry = carillon_sqe()
            entry.opcode = UInt8(CARILLON_OP_RECV)
            entry.fd = pair[0]
            entry.flags = UInt8(CARILLON_SQE_BUFFER_SELECT)
            entry.ioprio = UInt16(CARILLON_RECV_MULTISHOT)
            entry.buffer_group = Ring.bufferGroup
            entry.user_data = 3
            // Without buffers the group is empty, so ENOBUFS says yes as well as silence does.
            if staysArmed(entry, orAnswers: -ENOBUFS) { found.insert(.multishotReceive) }
        }
        if wants(.peerNames) {
            let room = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 8)
            defer { unsafe room.deallocate() }
            let socket = SocketHandle(index: pair[0], isDirect: false)
            let entry = unsafe Ring.peerNameEntry(socket, into: room, size: 2, token: 4)
            if result(of: entry, waits: true) >= 0 { found.insert(.peerNames) }
        }
        Glibc.close(pair[0])
        Glibc.close(pair[1])
        return found
    }

    private func wants(_ feature: Features) -> Bool { !absent.contains(feature) }

    /// Submits one entry and returns its first result.
    private func result(of entry: carillon_sqe, waits: Bool) -> Int32 {
        var entry = entry
        guard unsafe carillon_ring_push(ring, &entry) else { return -EBUSY }
        let status = unsafe carillon_ring_enter(ring, waits ? 1 : 0, 1_000_000_000)
        guard status >= 0 else { return status }
        var completion = carillon_cqe()
        guard unsafe carillon_ring_reap(ring, &completion, 1) == 1 else { return -ETIME }
        return completion.result
    }

    /// Whether the kernel keeps a multishot armed; if so it is cancelled and reaped.
    private func staysArmed(_ entry: carillon_sqe, orAnswers accepted: Int32? = nil) -> Bool {
        let first = result(of: entry, waits: false)
        if first != -ETIME { return first == accepted }
        var cancel = carillon_sqe()
        cancel.opcode = UInt8(CARILLON_OP_ASYNC_CANCEL)
        cancel.fd = -1
        cancel.address = entry.user_data
        cancel.user_data = 5
        guard unsafe carillon_ring_push(ring, &cancel) else { return false }
        var reaped: UInt32 = 0
        while reaped < 2 {
            guard unsafe carillon_ring_enter(ring, 1, 1_000_000_000) >= 0 else { break }
            var completion = carillon_cqe()
            while unsafe carillon_ring_reap(ring, &completion, 1) == 1 { reaped += 1 }
        }
        return true
    }
}
