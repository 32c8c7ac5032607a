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

    /// What is wrong, for whoever brought the secret along.
    package var sentence: String {
        switch self {
        case .unavailable: "libcrypto has no memory, or does not offer the algorithm"
        case .wrongSize(let size): "\(size) octets are not what a key or seed has"
        case .wrongIterations(let count):
            "\(count) iterations; there are \(PBKDF2.iterations.lowerBound) to "
                + "\(PBKDF2.iterations.upperBound)"
        }
    }
}
