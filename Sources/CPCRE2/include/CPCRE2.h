// CPCRE2 — one search with libpcre2-8 under limits, without its header's two hundred names.
#ifndef CARILLON_CPCRE2_H
#define CARILLON_CPCRE2_H
#include <stddef.h>
#include <stdint.h>

// A compiled expression. Never changes after it is made, so all threads may search with it at once.
typedef struct carillon_expression carillon_expression;

// Matching steps, nested backtracking points and KiB of memory that one search may take.
typedef struct {
    uint32_t matches;
    uint32_t depth;
    uint32_t heap;
} carillon_expression_limits;

// Why a text is no expression: libpcre2's number for it, and the octet where it stopped reading.
typedef struct {
    int number;
    size_t position;
} carillon_expression_error;

// Compiles `size` octets of UTF-8; NULL and `error` where that fails.
carillon_expression *carillon_expression_compile(
    const uint8_t *text, size_t size, carillon_expression_limits limits,
    carillon_expression_error *error);
void carillon_expression_free(carillon_expression *expression);
// Writes what an error number means as a text ended by 0.
void carillon_expression_message(int number, char *text, size_t size);

// How many names there are for groups, a name of several groups counted for each of them.
uint32_t carillon_expression_name_count(const carillon_expression *expression);
// A name, lent as long as the expression lives, and the number of its group. Names are in order.
const char *carillon_expression_name(
    const carillon_expression *expression, uint32_t index, uint32_t *group);
// Groups, the whole match (group 0) included.
uint32_t carillon_expression_group_count(const carillon_expression *expression);

enum {
    carillon_search_none = 0,
    carillon_search_found = 1,
    carillon_search_limited = 2,  // a limit was reached, or something else is in the way
};

// Searches for the first match anywhere in `size` octets. Where one is found, writes for every
// group where it begins and where it ends to `places` (room for twice the group count), and twice
// SIZE_MAX for a group that took no part.
int carillon_expression_search(
    const carillon_expression *expression, const uint8_t *text, size_t size, size_t *places);
#endif
