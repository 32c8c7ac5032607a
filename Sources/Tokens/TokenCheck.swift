// TokenCheck — whether a client may, by a text it brings along in its messages.
//
// What counts as a good token is configuration: any, one that is known, or one that somebody we
// trust has signed. The check is pure: octets and the time come in, claims come out. A token is
// never stored, logged or forwarded.

internal import Bytes
internal import Crypto

/// Why a token is not taken. Clients are told less: that they are denied.
package enum TokenProblem: Error, Hashable, Sendable, CaseIterable {
    /// There is none, or it is no text.
    case absent
    /// It has more octets than ``TokenCheck/sizeLimit``.
    case tooLong
    /// It is not the one that is known.
    case wrong
    /// It is no web token: three parts, a header and claims that are JSON objects.
    case malformed
    /// It is signed in another way than the one that was agreed on, or not at all.
    case wrongAlgorithm
    /// Its header demands what we do not know (RFC 7515 §4.1.11).
    case unknownExtension
    case wrongSignature
    case expired
    case notYetValid
    /// libcrypto refused to compute.
    case notCheckable
}

/// How tokens are checked.
package enum TokenCheck: Sendable {
    /// Octets of the longest token.
    package static let sizeLimit = 16_384

    /// Every token is good, and so is none.
    case none
    /// This one, compared in constant time.
    case fixed([UInt8])
    case signed(WebTokenCheck)

    /// Whether a token has to be there at all.
    package var isNone: Bool { if case .none = self { true } else { false } }

    /// Takes a token or says why not.
    ///
    /// - Parameters:
    ///   - token: `nil` when the client sent none.
    ///   - wallClock: Nanoseconds since 1970.
    /// - Returns: What a web token claims, a JSON object; nothing from the other checks.
    package func claims(
        of token: RawSpan?, at wallClock: UInt64
    ) throws(TokenProblem) -> [UInt8] {
        if isNone { return [] }
        guard let token else { throw .absent }
        guard token.byteCount <= Self.sizeLimit else { throw .tooLong }
        switch self {
        case .none: return []
        case .fixed(let known):
            guard unsafe token.equalsInConstantTime(known.span.bytes) else { throw .wrong }
            return []
        case .signed(let check): return try check.claims(of: token, at: wallClock)
        }
    }
}
