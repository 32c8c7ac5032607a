#include "COpenSSL.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

// Sizes are int in many places of libcrypto.
static bool fits(size_t size) { return size <= INT_MAX; }

// libcrypto takes a null pointer for "not given" in some places; an empty one never means that.
static const void *given(const void *octets) { return octets ? octets : ""; }

// Errors queue up per thread until somebody reads them; we only say that there was one.
static bool done(bool good) {
    if (!good) ERR_clear_error();
    return good;
}

bool carillon_sha256(const void *octets, size_t size, uint8_t *digest) {
    return done(EVP_Digest(given(octets), size, digest, NULL, EVP_sha256(), NULL) == 1);
}

bool carillon_hmac_sha256(
    const void *key, size_t key_size, const void *message, size_t message_size, uint8_t *code) {
    if (!fits(key_size)) return false;
    return done(
        HMAC(EVP_sha256(), given(key), (int)key_size, given(message), message_size, code, NULL) !=
        NULL);
}

bool carillon_hmac(
    size_t digest_size, const void *key, size_t key_size, const void *message,
    size_t message_size, uint8_t *code) {
    const EVP_MD *digest = digest_size == 32   ? EVP_sha256()
                           : digest_size == 48 ? EVP_sha384()
                           : digest_size == 64 ? EVP_sha512()
                                               : NULL;
    if (!digest || !fits(key_size)) return false;
    return done(
        HMAC(digest, given(key), (int)key_size, given(message), message_size, code, NULL) != NULL);
}

bool carillon_pbkdf2_sha256(
    const void *password, size_t password_size, const void *salt, size_t salt_size,
    uint32_t iterations, uint8_t *key, size_t key_size) {
    if (!fits(password_size) || !fits(salt_size) || !fits(iterations) || !fits(key_size))
        return false;
    return done(
        PKCS5_PBKDF2_HMAC(
            given(password), (int)password_size, given(salt), (int)salt_size, (int)iterations,
            EVP_sha256(), (int)key_size, key) == 1);
}

static EVP_PKEY *private_key(const uint8_t *seed) {
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, 32);
}

bool carillon_ed25519_public_key(const uint8_t *seed, uint8_t *key) {
    size_t size = 32;
    EVP_PKEY *pair = private_key(seed);
    bool good = pair && EVP_PKEY_get_raw_public_key(pair, key, &size) == 1 && size == 32;
    EVP_PKEY_free(pair);
    return done(good);
}

bool carillon_ed25519_sign(
    const uint8_t *seed, const void *message, size_t size, uint8_t *signature) {
    size_t signature_size = 64;
    EVP_PKEY *pair = private_key(seed);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good =
        pair && context && EVP_DigestSignInit(context, NULL, NULL, NULL, pair) == 1 &&
        EVP_DigestSign(context, signature, &signature_size, given(message), size) == 1 &&
        signature_size == 64;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(pair);
    return done(good);
}

int carillon_ed25519_verify(
    const uint8_t *key, const void *message, size_t size, const uint8_t *signature) {
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int result = -1;
    if (public && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1)
        // A key that is no point of the curve, a signature out of range: all of it is "not valid".
        result = EVP_DigestVerify(context, signature, 64, given(message), size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    done(result == 1);
    return result;
}

// A key in PEM may be encrypted; there is nobody here to ask for a password.
static int no_password(char *buffer, int size, int is_writing, void *nothing) {
    (void)buffer, (void)size, (void)is_writing, (void)nothing;
    return -1;
}

bool carillon_rsa_public_key(const void *pem, size_t pem_size, uint8_t *key, size_t *key_size) {
    if (!fits(pem_size) || pem_size == 0) return false;
    BIO *input = BIO_new_mem_buf(pem, (int)pem_size);
    EVP_PKEY *public = input ? PEM_read_bio_PUBKEY(input, NULL, no_password, NULL) : NULL;
    bool good =
        public && EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA &&
        EVP_PKEY_get_bits(public) >= 2048 && EVP_PKEY_get_bits(public) <= 8192;
    int size = good ? i2d_PUBKEY(public, NULL) : -1;
    good = size > 0 && (size_t)size <= *key_size;
    if (good) {
        uint8_t *place = key;
        good = i2d_PUBKEY(public, &place) == size;
        *key_size = (size_t)size;
    }
    EVP_PKEY_free(public);
    BIO_free(input);
    return done(good);
}

int carillon_rsa_sha256_verify(
    const uint8_t *key, size_t key_size, const void *message, size_t size,
    const uint8_t *signature, size_t signature_size) {
    if (!fits(key_size)) return -1;
    EVP_PKEY *public = d2i_PUBKEY(NULL, &key, (long)key_size);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int result = -1;
    if (public && context && EVP_PKEY_get_base_id(public) == EVP_PKEY_RSA &&
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, public) == 1)
        result =
            EVP_DigestVerify(context, given(signature), signature_size, given(message), size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    done(result == 1);
    return result;
}

bool carillon_random(void *octets, size_t size) {
    if (!fits(size)) return false;
    return done(size == 0 || RAND_bytes(octets, (int)size) == 1);
}

bool carillon_equal(const void *left, const void *right, size_t size) {
    return size == 0 || CRYPTO_memcmp(left, right, size) == 0;
}

void carillon_wipe(void *octets, size_t size) {
    if (size > 0) OPENSSL_cleanse(octets, size);
}
