// SASLprep — one form for texts that look alike, so that a password typed elsewhere is the same
// octets (RFC 4013, a profile of RFC 3454).
//
// libidn knows Unicode 3.2, as the RFC demands. A password to be stored must not have younger
// characters, one to be checked may (RFC 3454 §7): what cannot be stored will not match.

internal import CIDN
package import WAMPAuthentication

/// Preparation of passwords.
package enum SASLprep {
    /// What the prepared text is for.
    package enum Purpose: Sendable {
        /// To make an entry; characters unknown to Unicode 3.2 are refused.
        case stored
        /// To be compared with an entry.
        case query
    }

    /// Prepares `text`.
    ///
    /// - Throws: ``AuthenticationError/derivation(_:)`` when a character is forbidden (controls,
    ///   private use, mixed directions), or nothing is left.
    package static func prepare(
        _ text: String, for purpose: Purpose
    ) throws(AuthenticationError) -> String {
        guard !text.utf8.contains(0) else {
            throw .derivation("the password contains a NUL character")
        }
        var prepared: UnsafeMutablePointer<CChar>? = nil
        let status = unsafe carillon_saslprep(text, purpose == .stored, &prepared)
        defer { unsafe carillon_prepared_free(prepared) }
        guard status == 0, let found = unsafe prepared else {
            let reason = unsafe String(cString: carillon_saslprep_message(status))
            throw .derivation("the password cannot be prepared: \(reason)")
        }
        let result = unsafe String(cString: found)
        guard !result.isEmpty else { throw .derivation("the password is empty") }
        return result
    }
}
