// WAMPSession, sending — messages to its client, and the ways in which it refuses and ends
// (reference §4).

internal import Bytes
internal import DialectKit
internal import WAMP

extension WAMPSession {
    /// Queues a message.
    ///
    /// - Returns: `false` when the client does not take one so large, or it cannot be said.
    @discardableResult
    func send(_ message: RouterMessage, _ commands: inout Commands) -> Bool {
        let start = commands.octets.count
        guard form.append(message, into: &commands.octets) != nil else { return false }
        guard commands.octets.count - start <= messageSizeLimit else {
            commands.octets.truncate(to: start)
            return false
        }
        commands.appendReply(form.messageKind, from: start)
        return true
    }

    func refuse(
        _ code: MessageCode, _ request: UInt64, _ uri: URI, _ text: String? = nil,
        _ commands: inout Commands
    ) {
        send(.refusal(code, request: request, uri, text: text), &commands)
    }

    /// Answers a broken or refused message as the reference says (§4).
    func fail(_ error: MessageError, _ commands: inout Commands) {
        switch error {
        case .ignored: return
        case .refusal:
            commands.noteError()
            send(.answer(error), &commands)
        case .violation:
            send(.answer(error), &commands)
            leave(&commands)
            finish(1002, &commands)
        case .invalidRealm:
            send(.answer(error), &commands)
            finish(1000, &commands)
        }
    }

    /// Ends everything with an ABORT.
    func abort(
        _ reason: String, _ text: String?, code: UInt16 = 1000, _ commands: inout Commands
    ) {
        send(.abort(reason: reason, message: text), &commands)
        leave(&commands)
        finish(code, &commands)
    }

    /// Closes the connection; nothing that still comes is read.
    func finish(_ code: UInt16, _ commands: inout Commands) {
        isOver = true
        pending = nil
        commands.append(.close(code: code, reason: ""))
    }
}
