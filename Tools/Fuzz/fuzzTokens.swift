// fuzzTokens — no token passes that was not signed, and none that was signed is called unsigned.
//
// The first octet chooses the check; the rest is a token, and once more the claims of a token that
// is signed here, and the header of another.

import Bytes
import Crypto
import Tokens

func fuzzTokens(_ bytes: UnsafeRawBufferPointer) {
    let input = unsafe bytes.bytes
    guard input.byteCount > 0 else { return }
    let choice = input[octet: 0]
    let octets = input.extracting(1..<input.byteCount)
    let now = UInt64(choice) * 10_000_000_000_000_000
    if choice & 1 == 0 {
        let isTaken = (try? TokenCheck.fixed(secret).claims(of: octets, at: now)) != nil
        precondition(isTaken == octets.equals(unsafe secret.span.bytes))
    }
    guard let check = WebTokenCheck(.sha256, secret: secret) else {
        preconditionFailure("the secret has octets")
    }
    tryAsToken(octets, .signed(check), now)
    tryAsClaims(octets, .signed(check), now)
    tryAsHeader(octets, .signed(check), now)
}

private let secret = Array("a secret of at least thirty-two octets".utf8)
private let header = Array(#"{"alg":"HS256"}"#.utf8)

/// Whoever passes has the code of the text before the last dot.
private func tryAsToken(_ token: RawSpan, _ check: TokenCheck, _ now: UInt64) {
    guard (try? check.claims(of: token, at: now)) != nil else { return }
    var end = token.byteCount - 1
    while token[octet: end] != 0x2E { end -= 1 }
    let message = token.extracting(0..<end)
    precondition(token.equals(unsafe signed(message).span.bytes))
}

private func tryAsClaims(_ claims: RawSpan, _ check: TokenCheck, _ now: UInt64) {
    let message = letters(unsafe header.span.bytes) + [0x2E] + letters(claims)
    let token = unsafe signed(message.span.bytes)
    do throws(TokenProblem) {
        let found = try check.claims(of: unsafe token.span.bytes, at: now)
        precondition(claims.equals(unsafe found.span.bytes))
    } catch {
        switch error {
        case .malformed, .expired, .notYetValid, .tooLong: break
        default: preconditionFailure("a token of ours is \(error)")
        }
    }
}

private func tryAsHeader(_ header: RawSpan, _ check: TokenCheck, _ now: UInt64) {
    let message = letters(header) + [0x2E] + letters(unsafe Array("{}".utf8).span.bytes)
    let token = unsafe signed(message.span.bytes)
    do throws(TokenProblem) {
        _ = try check.claims(of: unsafe token.span.bytes, at: now)
    } catch {
        precondition(error != .wrongSignature)
    }
}

/// A message with a dot and its code.
private func signed(_ message: RawSpan) -> [UInt8] {
    guard let code = try? HMAC.code(.sha256, of: message, key: unsafe secret.span.bytes) else {
        preconditionFailure("libcrypto computes")
    }
    return message.array + [0x2E] + letters(code.octets)
}

private func letters(_ octets: RawSpan) -> [UInt8] {
    var text = OctetBuffer(capacity: 64)
    Base64.encode(octets, into: &text)
    return text.octets.array.filter { $0 != 0x3D }.map { octet in
        octet == 0x2B ? 0x2D : octet == 0x2F ? 0x5F : octet
    }
}
