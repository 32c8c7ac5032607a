// AuthenticationError — why a client cannot answer a router, or should not trust it.

package import Crypto

/// What stops a client from joining.
package enum AuthenticationError: Error, Equatable {
    /// The router asks for a method that was not offered.
    case unexpectedMethod(String)
    /// A member of the challenge, of this name, is missing or says nothing that can be used.
    case malformed(String)
    /// The nonce of the challenge does not begin with ours: it answers somebody else.
    case foreignNonce
    /// The router did not show the key, or the knowledge of the password, that was to be expected.
    case untrustedRouter
    /// The password cannot be prepared or its key not derived; a sentence says why.
    case derivation(String)
    /// libcrypto refused, or a number is out of range.
    case crypto(CryptoError)
}
