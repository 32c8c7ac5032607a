// CArgon2 — one derivation of libargon2 (RFC 9106), without its header's hundred names.
#ifndef CARILLON_CARGON2_H
#define CARILLON_CARGON2_H
#include <stddef.h>
#include <stdint.h>

// Argon2id, version 1.3, one lane and one thread. 0, or an error code of libargon2: the numbers are
// out of range (memory at least 8 KiB, salt at least 8 octets) or there is not so much memory.
// libargon2 wipes what it worked in.
int carillon_argon2id(
    const void *password, size_t password_size, const void *salt, size_t salt_size,
    uint32_t iterations, uint32_t memory /* KiB */, uint8_t *key, size_t key_size);
// What an error code means; a constant text.
const char *carillon_argon2_message(int error);
#endif
