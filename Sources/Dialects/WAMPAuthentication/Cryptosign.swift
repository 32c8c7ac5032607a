// Cryptosign — challenge and response by Ed25519 (reference §10.6).
//
// The side that is challenged signs 32 octets, mixed with the id of the channel when one is bound
// to, and shows the signature followed by what it signed, all in hexadecimal digits.

internal import Bytes
package import Crypto

/// The arithmetic of cryptosign.
package enum Cryptosign {
    /// Octets of a challenge and of a channel's id.
    package static let challengeSize = 32

    /// What is signed for a challenge; `nil` unless the sizes are right.
    package static func message(challenge: [UInt8], channel: Channel?) -> [UInt8]? {
        guard challenge.count == challengeSize else { return nil }
        guard let channel else { return challenge }
        guard channel.id.count == challengeSize else { return nil }
        return zip(challenge, channel.id).map { $0 ^ $1 }
    }

    /// The text that answers a challenge whose message is `message`: 192 digits.
    package static func signature(
        of message: [UInt8], seed: RawSpan
    ) throws(CryptoError) -> String {
        let signature = try unsafe Ed25519.sign(message.span.bytes, seed: seed)
        return unsafe TextForm.hex((signature + message).span.bytes)
    }

    /// Whether such a text was made for `message` with the seed of `key`.
    package static func isValid(
        _ text: String, of message: [UInt8], key: [UInt8]
    ) throws(CryptoError) -> Bool {
        let size = Ed25519.signatureSize
        guard let octets = TextForm.octets(hex: text, count: size + challengeSize),
            octets[size...].elementsEqual(message)
        else { return false }
        let signature = unsafe octets.span.bytes.extracting(first: size)
        return try unsafe Ed25519.isValid(
            signature, of: message.span.bytes, key: key.span.bytes)
    }
}

/// The key by which a router shows clients who it is.
package struct RouterKey: Sendable {
    private let seed: [UInt8]
    package let publicKey: [UInt8]

    /// - Throws: ``CryptoError/wrongSize(_:)`` unless the seed has 32 octets.
    package init(seed: [UInt8]) throws(CryptoError) {
        publicKey = try unsafe Ed25519.publicKey(seed: seed.span.bytes)
        self.seed = seed
    }

    /// The answer to a client's challenge.
    internal func signature(
        of challenge: [UInt8], channel: Channel?
    ) throws(CryptoError) -> String? {
        guard let message = Cryptosign.message(challenge: challenge, channel: channel)
        else { return nil }
        return try unsafe Cryptosign.signature(of: message, seed: seed.span.bytes)
    }
}
