// CryptoError — what can go wrong while computing with secrets.
//
// A wrong signature is none of these: verification answers with `false`.

/// Why something could not be computed.
package enum CryptoError: Error, Equatable {
    /// libcrypto refused: no memory, or its provider does not offer the algorithm.
    case unavailable
    /// A key, seed or output of this many octets is none; nothing was computed.
    case wrongSize(Int)
    /// More iterations, or fewer, than ``PBKDF2/iterations`` allows.
    case wrongIterations(Int)
}
