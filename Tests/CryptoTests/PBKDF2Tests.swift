import Crypto
import Testing

private func key(
    _ password: String, _ salt: String, _ iterations: Int, _ size: Int
) throws(CryptoError) -> String {
    let key = try unsafe PBKDF2.key(
        password: Array(password.utf8).span.bytes, salt: Array(salt.utf8).span.bytes,
        iterations: iterations, size: size)
    return hex(key.octets)
}

@Suite("PBKDF2")
struct PBKDF2Tests {
    @Test("gives the keys of RFC 7914 §11")
    func vectors() throws {
        #expect(
            try key("passwd", "salt", 1, 64)
                == "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                + "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783")
        #expect(
            try key("Password", "NaCl", 80_000, 64)
                == "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
                + "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d")
    }

    @Test("a shorter key is the beginning of a longer one, and nothing may be empty but texts")
    func sizes() throws {
        let long = try key("", "", 2, 1024)
        #expect(try key("", "", 2, 1) == String(long.prefix(2)))
        for size in [Int.min, -1, 0, 1025, Int.max] {
            #expect(throws: CryptoError.wrongSize(size)) { try key("a", "b", 1, size) }
        }
    }

    @Test("numbers of iterations that take for ever, or are none, are refused at once")
    func iterations() {
        for count in [Int.min, -1, 0, 10_000_001, Int.max] {
            #expect(throws: CryptoError.wrongIterations(count)) { try key("a", "b", count, 32) }
        }
    }
}
