// CHiredis — one connection to Redis that never waits, over hiredis (RESP 2).
//
// The caller owns the waiting: it polls the socket, and calls `receive` when there is something to
// read and `flush` when there is room to write. One connection belongs to one thread, whose signals
// are blocked: hiredis writes with write(2), and a vanished server is to be an error, not SIGPIPE.
#ifndef CARILLON_CHIREDIS_H
#define CARILLON_CHIREDIS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct carillon_redis carillon_redis;

enum {
    carillon_redis_string = 1,
    carillon_redis_array = 2,
    carillon_redis_integer = 3,
    carillon_redis_null = 4,
    carillon_redis_status = 5,
    carillon_redis_error = 6,
};

// A reply, or a part of one. The octets are valid until the next call of `next`.
typedef struct {
    int kind;
    long long number;    // an integer's
    const void *octets;  // a string's, status's or error's
    size_t size;         // octets, or elements of an array
} carillon_redis_value;

// Takes a connected, non-blocking socket, which it closes in every case. No reply may have more
// than 16 elements in an array, arrays within it, or strings of more than `reply_limit` octets
// together. NULL: no memory.
carillon_redis *carillon_redis_create(int descriptor, size_t reply_limit);
void carillon_redis_destroy(carillon_redis *link);

// Puts a command behind those that wait to be sent: `count` words of these sizes, which stand one
// behind the other in `octets`. `false`: no memory.
bool carillon_redis_append(
    carillon_redis *link, const void *octets, const size_t *sizes, int count);
// Octets that wait to be sent.
size_t carillon_redis_unsent(const carillon_redis *link);
// Sends as much as the socket takes. `false`: it is over, see problem.
bool carillon_redis_flush(carillon_redis *link);
// Reads once. `false`: it is over, see problem.
bool carillon_redis_receive(carillon_redis *link);
// Octets that were received and are not a whole reply yet.
size_t carillon_redis_incomplete(const carillon_redis *link);
// 1: *value holds the next reply, 0: none is complete, -1: it is over, see problem.
int carillon_redis_next(carillon_redis *link, carillon_redis_value *value);
// Element `index` of the array that `next` gave; null where there is none.
carillon_redis_value carillon_redis_element(const carillon_redis *link, size_t index);
// Why it is over; NUL-terminated.
const char *carillon_redis_problem(const carillon_redis *link);
#endif
