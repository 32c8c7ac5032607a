import Crypto
import Testing

@Suite("Ed25519")
struct Ed25519Tests {
    /// RFC 8032 §7.1, TEST 1 to 3 and TEST SHA(abc).
    private let vectors: [(seed: String, key: String, message: String, signature: String)] = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            """
            e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
            5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b
            """
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            """
            92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
            085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00
            """
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            """
            6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
            18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a
            """
        ),
        (
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            """
            ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a
            2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f
            """,
            """
            dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589
            09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704
            """
        ),
    ]

    @Test("gives the keys and signatures of RFC 8032 §7.1")
    func signatures() throws {
        for vector in vectors {
            let seed = octets(vector.seed)
            let message = octets(vector.message)
            let signature = octets(vector.signature)
            let key = try unsafe Ed25519.publicKey(seed: seed.span.bytes)
            #expect(hex(key) == vector.key)
            #expect(
                try unsafe Ed25519.sign(message.span.bytes, seed: seed.span.bytes) == signature)
            #expect(
                try unsafe Ed25519.isValid(
                    signature.span.bytes, of: message.span.bytes, key: key.span.bytes))
        }
    }

    @Test("a signature with any bit turned, for another message or key, is not valid")
    func changes() throws {
        let vector = vectors[2]
        let key = octets(vector.key)
        let message = octets(vector.message)
        let signature = octets(vector.signature)
        func isValid(
            _ signature: [UInt8], _ message: [UInt8], _ key: [UInt8]
        ) throws(CryptoError) -> Bool {
            try unsafe Ed25519.isValid(
                signature.span.bytes, of: message.span.bytes, key: key.span.bytes)
        }
        for bit in 0..<512 {
            var changed = signature
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try !isValid(changed, message, key))
        }
        for bit in 0..<256 {
            var changed = key
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try !isValid(signature, message, changed))
        }
        #expect(try !isValid(signature, message + [0], key))
        #expect(try !isValid(signature, [], key))
    }

    @Test("keys and signatures of another size are not valid, and no reason to stop")
    func sizes() throws {
        for size in [0, 1, 31, 33, 63, 65] {
            let octets = [UInt8](repeating: 7, count: size)
            let good = [UInt8](repeating: 7, count: size < 40 ? 64 : 32)
            let span = unsafe octets.span.bytes
            #expect(try unsafe !Ed25519.isValid(span, of: span, key: good.span.bytes))
            #expect(try unsafe !Ed25519.isValid(good.span.bytes, of: span, key: span))
            #expect(throws: CryptoError.wrongSize(size)) {
                try unsafe Ed25519.publicKey(seed: octets.span.bytes)
            }
            #expect(throws: CryptoError.wrongSize(size)) {
                try unsafe Ed25519.sign(octets.span.bytes, seed: octets.span.bytes)
            }
        }
        for fill: UInt8 in [0, 0xFF] {
            let key = [UInt8](repeating: fill, count: 32)
            let signature = [UInt8](repeating: 0xFF, count: 64)
            #expect(
                try unsafe !Ed25519.isValid(
                    signature.span.bytes, of: key.span.bytes, key: key.span.bytes))
        }
    }
}
