// WebTokenCheck — a JSON Web Token (RFC 7519) in the compact form of RFC 7515 §7.1.
//
// One algorithm and one key, both from configuration: what the token says about its algorithm is
// only compared, so it cannot choose a weaker one (RFC 8725 §3.1), and `none` is none of ours.
// Claims are looked at behind the signature; of those, `exp` and `nbf` decide (RFC 7519 §4.1.4,
// §4.1.5), and the rest goes to whoever asks.

internal import Bytes
internal import Codecs
package import Crypto

package struct WebTokenCheck: Sendable {
    private enum Key: Sendable {
        case secret([UInt8], HMAC.Hash)
        case rsa(RSAPublicKey)
    }

    private let key: Key
    /// How far the clocks of issuer and server may be apart, in seconds.
    private let leeway: Double

    /// HS256, HS384 or HS512 (RFC 7518 §3.2).
    ///
    /// - Parameter secret: At least one octet. The RFC wants as many as the hash has, and shorter
    ///   ones are in use; see ``isShort``.
    package init?(_ hash: HMAC.Hash, secret: [UInt8], leeway: UInt32 = 0) {
        guard !secret.isEmpty else { return nil }
        key = .secret(secret, hash)
        self.leeway = Double(leeway)
    }

    /// RS256 (RFC 7518 §3.3).
    ///
    /// - Parameter publicKeyPEM: A key of 2048 to 8192 bits, `-----BEGIN PUBLIC KEY-----`.
    package init?(publicKeyPEM: RawSpan, leeway: UInt32 = 0) {
        guard let key = RSAPublicKey(pem: publicKeyPEM) else { return nil }
        self.key = .rsa(key)
        self.leeway = Double(leeway)
    }

    /// Whether the secret is shorter than RFC 7518 §3.2 allows; for a warning at the start.
    package var isShort: Bool {
        if case .secret(let secret, let hash) = key { secret.count < hash.size } else { false }
    }

    /// What tokens must call their algorithm.
    package var algorithm: StaticString {
        switch key {
        case .secret(_, .sha256): "HS256"
        case .secret(_, .sha384): "HS384"
        case .secret(_, .sha512): "HS512"
        case .rsa: "RS256"
        }
    }

    /// Checks a token and returns its claims as they were signed, a JSON object.
    ///
    /// - Parameter wallClock: Nanoseconds since 1970.
    internal func claims(
        of token: RawSpan, at wallClock: UInt64
    ) throws(TokenProblem) -> [UInt8] {
        guard let headerEnd = token.firstIndex(of: 0x2E),
            let claimsEnd = token.firstIndex(of: 0x2E, from: headerEnd + 1),
            token.firstIndex(of: 0x2E, from: claimsEnd + 1) == nil,
            let header = Base64URL.decode(token.extracting(0..<headerEnd)),
            let signature = Base64URL.decode(
                token.extracting(claimsEnd + 1..<token.byteCount))
        else { throw .malformed }
        try check(header: unsafe header.span.bytes)
        guard
            try isValid(
                unsafe signature.span.bytes, of: token.extracting(0..<claimsEnd))
        else { throw .wrongSignature }
        guard let claims = Base64URL.decode(token.extracting(headerEnd + 1..<claimsEnd)) else {
            throw .malformed
        }
        try check(claims: unsafe claims.span.bytes, at: Double(wallClock) / 1e9)
        return claims
    }

    private func isValid(
        _ signature: RawSpan, of message: RawSpan
    ) throws(TokenProblem) -> Bool {
        do throws(CryptoError) {
            switch key {
            case .rsa(let key): return try key.isValid(signature, of: message)
            case .secret(let secret, let hash):
                let code = try HMAC.code(hash, of: message, key: unsafe secret.span.bytes)
                return code.octets.equalsInConstantTime(signature)
            }
        } catch {
            throw .notCheckable
        }
    }

    private func check(header: RawSpan) throws(TokenProblem) {
        var isAgreed = false
        var hasExtensions = false
        try forEachMember(of: header) { reader, key, value in
            if reader.string(key, equals: "alg") {
                isAgreed = reader.string(value, equals: algorithm)
            } else if reader.string(key, equals: "crit") {
                hasExtensions = true
            }
        }
        guard isAgreed else { throw .wrongAlgorithm }
        guard !hasExtensions else { throw .unknownExtension }
    }

    private func check(claims: RawSpan, at now: Double) throws(TokenProblem) {
        var isExpired = false
        var isEarly = false
        var isSound = true
        try forEachMember(of: claims) { reader, key, value in
            if reader.string(key, equals: "exp") {
                guard let end = reader.double(value) else {
                    isSound = false
                    return
                }
                isExpired = now >= end + leeway
            } else if reader.string(key, equals: "nbf") {
                guard let start = reader.double(value) else {
                    isSound = false
                    return
                }
                isEarly = now + leeway < start
            }
        }
        guard isSound else { throw .malformed }
        guard !isExpired else { throw .expired }
        guard !isEarly else { throw .notYetValid }
    }

    /// Walks through an object. Of members that occur twice the last one counts (RFC 7515 §4).
    private func forEachMember(
        of text: RawSpan, _ body: (borrowing JSONReader, Item, Item) -> Void
    ) throws(TokenProblem) {
        guard text.isUTF8 else { throw .malformed }
        do throws(CodecError) {
            var reader = JSONReader(text)
            guard reader.isAtMap() else { throw .unexpectedKind(at: 0) }
            var members = try reader.beginMap()
            while let key = try reader.nextKey(&members) {
                let value = try reader.item()
                body(reader, key, value)
            }
            try reader.end()
        } catch {
            throw .malformed
        }
    }
}

extension RawSpan {
    fileprivate var isUTF8: Bool {
        var checker = UTF8Checker()
        let bad = unsafe withUnsafeBytes { unsafe checker.firstBad(in: $0) }
        return bad == nil && checker.isComplete
    }
}
