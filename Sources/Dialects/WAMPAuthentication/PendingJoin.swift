// PendingJoin — a challenge that is out, and what its answer must be.
//
// It holds no state that changes, so it may be asked on another thread than the one that made it.
// The session sees to it that it is asked once (reference §10.1: one attempt per connection).

internal import Bytes
internal import Crypto

/// A challenge that waits for its AUTHENTICATE.
package final class PendingJoin: Sendable {
    /// Whether the check takes more than some microseconds and must not run on a core.
    package let isHeavy: Bool
    private let expectation: Expectation
    private let joined: Joined

    /// What is known about the right answer.
    internal enum Expectation: Sendable {
        case ticket([UInt8])
        case wampCRA(challenge: String, key: [UInt8])
        case scram(SCRAMExchange, SCRAMVerifier)
        case cryptosign(message: [UInt8], key: [UInt8])

        internal var method: AuthMethod {
            switch self {
            case .ticket: .ticket
            case .wampCRA: .wampCRA
            case .scram(let exchange, _): exchange.dialect.method
            case .cryptosign: .cryptosign
            }
        }
    }

    /// - Parameter role: What the principal may be called when the answer is right.
    internal init(_ expectation: Expectation, authID: String, role: String) {
        self.expectation = expectation
        joined = Joined(
            authID: authID, authRole: role, authMethod: expectation.method.rawValue)
        isHeavy = expectation.method == .cryptosign
    }

    /// Decides by what AUTHENTICATE says: a welcome or a refusal.
    ///
    /// - Parameter extra: The members of Extra that are strings. No method needs any: what SCRAM
    ///   repeats there is part of the text that was signed.
    package func check(signature: String, extra: [String: String]) -> JoinDecision {
        do throws(CryptoError) {
            var joined = joined
            let isRight: Bool
            switch expectation {
            case .ticket(let ticket):
                isRight = unsafe Array(signature.utf8).span.bytes.equalsInConstantTime(
                    ticket.span.bytes)
            case .wampCRA(let challenge, let key):
                isRight = try unsafe WAMPCRA.isValid(
                    signature, of: challenge, key: key.span.bytes)
            case .scram(let exchange, let verifier):
                isRight = try exchange.isValid(proof: signature, verifier: verifier)
                if isRight { joined.extra = try Self.proof(of: exchange, by: verifier) }
            case .cryptosign(let message, let key):
                isRight = try Cryptosign.isValid(signature, of: message, key: key)
            }
            return isRight ? .welcome(joined) : .wrongProof(expectation.method)
        } catch {
            return .unavailable
        }
    }

    /// What shows a SCRAM client that the router knows the password too, by both its names.
    private static func proof(
        of exchange: SCRAMExchange, by verifier: SCRAMVerifier
    ) throws(CryptoError) -> AuthExtra {
        let signature = try unsafe exchange.serverSignature(
            serverKey: verifier.serverKey.span.bytes)
        let text = TextForm.base64(signature.octets)
        return [("verifier", .text(text)), ("scram_server_signature", .text(text))]
    }
}
