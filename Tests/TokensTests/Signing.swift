// Signing — tokens for tests: the vectors of Tests/Vectors/tokens.txt, and ones made here.

import Bytes
import Crypto
import Foundation
import Tokens

/// What other implementations made: see Tests/Vectors/tokens.py.
enum Vectors {
    static let words: [String: String] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Vectors/tokens.txt")
        let text = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
        var words: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t").map(String.init)
            if fields.count == 2 { words[fields[0]] = fields[1].replacing("\\n", with: "\n") }
        }
        return words
    }()

    static func octets(_ name: String) -> [UInt8] { Array(words[name, default: ""].utf8) }
    static let claims = #"{"sub":"Jörg","exp":2000000000,"nbf":1000000000,"groups":["a","b"]}"#
}

func letters(_ octets: [UInt8]) -> String {
    var text = OctetBuffer()
    unsafe Base64.encode(octets.span.bytes, into: &text)
    return text.octets.text.replacing("+", with: "-").replacing("/", with: "_")
        .replacing("=", with: "")
}

/// A token whose header and claims are these octets, with a code by HMAC-SHA-256.
func token(
    header: String = #"{"alg":"HS256"}"#, claims: [UInt8],
    secret: [UInt8] = Vectors.octets("secret")
) throws -> String {
    let message = letters(Array(header.utf8)) + "." + letters(claims)
    let octets = Array(message.utf8)
    let code = try HMAC.code(.sha256, of: unsafe octets.span.bytes, key: unsafe secret.span.bytes)
    return message + "." + letters(code.octets.array)
}

func token(header: String = #"{"alg":"HS256"}"#, claims: String) throws -> String {
    try token(header: header, claims: Array(claims.utf8))
}

/// What a check says of a token at this second.
func outcome(
    _ check: TokenCheck, _ token: String?, at seconds: UInt64 = 1_500_000_000
) -> Result<String, TokenProblem> {
    let octets = Array((token ?? "").utf8)
    let span = unsafe octets.span.bytes
    do throws(TokenProblem) {
        let claims = try check.claims(of: token == nil ? nil : span, at: seconds * 1_000_000_000)
        return .success(String(decoding: claims, as: UTF8.self))
    } catch {
        return .failure(error)
    }
}
