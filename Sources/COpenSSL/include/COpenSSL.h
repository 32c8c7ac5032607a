// COpenSSL — the few things we ask of libcrypto (OpenSSL 3), one call each.
//
// Swift never sees OpenSSL's headers: no object of the library outlives a call, so there is nothing
// to free and nothing to share between threads. A pointer may be null where its size is 0. What a
// function computed from secrets and did not hand out is wiped before it returns.
#ifndef CARILLON_COPENSSL_H
#define CARILLON_COPENSSL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// `false` everywhere: libcrypto refused. It has no memory, a size is beyond INT_MAX, or a provider
// (FIPS) does not offer what was asked for. The output is not to be used then.

bool carillon_sha256(const void *octets, size_t size, uint8_t *digest /* 32 */);
bool carillon_hmac_sha256(
    const void *key, size_t key_size, const void *message, size_t message_size,
    uint8_t *code /* 32 */);
// `digest_size` is 32, 48 or 64 and says which hash of FIPS 180-4 it is; others are refused.
bool carillon_hmac(
    size_t digest_size, const void *key, size_t key_size, const void *message,
    size_t message_size, uint8_t *code /* digest_size */);
bool carillon_pbkdf2_sha256(
    const void *password, size_t password_size, const void *salt, size_t salt_size,
    uint32_t iterations, uint8_t *key, size_t key_size);

// Ed25519 (RFC 8032 §5.1), without context or prehash. A seed is the private key of the RFC.
bool carillon_ed25519_public_key(const uint8_t *seed /* 32 */, uint8_t *key /* 32 */);
bool carillon_ed25519_sign(
    const uint8_t *seed /* 32 */, const void *message, size_t size, uint8_t *signature /* 64 */);
// 1: the signature is valid, 0: it is not, -1: libcrypto refused.
int carillon_ed25519_verify(
    const uint8_t *key /* 32 */, const void *message, size_t size,
    const uint8_t *signature /* 64 */);

// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §8.2). A key is a SubjectPublicKeyInfo in DER, made of its
// PEM (RFC 7468 §13) once: reading PEM takes several times as long as verifying.
// `false`: it is no RSA key of 2048 to 8192 bits, or does not fit `*key_size`, which is set.
bool carillon_rsa_public_key(const void *pem, size_t pem_size, uint8_t *key, size_t *key_size);
// 1: the signature is valid, 0: it is not, -1: libcrypto refused, or the key is none.
int carillon_rsa_sha256_verify(
    const uint8_t *key, size_t key_size, const void *message, size_t size,
    const uint8_t *signature, size_t signature_size);

bool carillon_random(void *octets, size_t size);

// Whether `size` octets are the same, in a time that depends on `size` alone.
bool carillon_equal(const void *left, const void *right, size_t size);
// Overwrites what no one will read again, in a way that compilers leave alone.
void carillon_wipe(void *octets, size_t size);
#endif
