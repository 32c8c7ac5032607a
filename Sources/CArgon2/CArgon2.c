#include "CArgon2.h"

#include <argon2.h>

int carillon_argon2id(
    const void *password, size_t password_size, const void *salt, size_t salt_size,
    uint32_t iterations, uint32_t memory, uint8_t *key, size_t key_size) {
    return argon2id_hash_raw(
        iterations, memory, 1, password, password_size, salt, salt_size, key, key_size);
}

const char *carillon_argon2_message(int error) { return argon2_error_message(error); }
