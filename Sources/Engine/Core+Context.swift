// Contexts — the windows of clients whose compressed messages refer to earlier ones: a limit of the
// process.
//
// Such a stream stays from a client's first compressed message to its end, whether anything comes
// or not (RFC 7692 §7.1.1.2): nobody can be asked to give it up, and closing who is idle would not
// be right. So it is decided when a connection opens, for the most that it may take. Where there is
// no room, the answer to the handshake says `client_no_context_takeover`, which a server may say to
// any offer, and the client goes on compressing each message by itself.

import Synchronization
import WebSocket

extension Core where Kernel: ~Copyable {
    /// Counts the context that a client is about to be granted, or takes it out of the agreement.
    mutating func grantContext(_ request: inout UpgradeRequest, _ connection: Connection) {
        guard let deflate = request.deflate, !deflate.clientNoContextTakeover else { return }
        let size = deflate.clientContextSize
        // Relaxed: only the number itself is shared, and it is added to in one step.
        let before = state.contextOctets.add(size, ordering: .relaxed).oldValue
        guard before + size > limits.processContextSize else {
            unsafe (table.hot + connection.slot).pointee.contextSize = UInt32(clamping: size)
            return
        }
        state.contextOctets.wrappingSubtract(size, ordering: .relaxed)
        request.deflate?.clientNoContextTakeover = true
    }

    /// The connection is no more, nor is what it kept.
    mutating func returnContext(of connection: Connection) {
        let line = unsafe table.hot + connection.slot
        guard unsafe line.pointee.contextSize > 0 else { return }
        state.contextOctets.wrappingSubtract(
            Int(unsafe line.pointee.contextSize), ordering: .relaxed)
        unsafe line.pointee.contextSize = 0
    }
}
