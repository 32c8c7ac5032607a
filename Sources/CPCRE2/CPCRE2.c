#define PCRE2_CODE_UNIT_WIDTH 8
#include "CPCRE2.h"

#include <pcre2.h>
#include <stdlib.h>

struct carillon_expression {
    pcre2_code *code;
    pcre2_match_context *context;
    uint32_t name_count;
    uint32_t name_size;
    const uint8_t *names;
    uint32_t group_count;
};

void carillon_expression_free(carillon_expression *expression) {
    pcre2_match_context_free(expression->context);
    pcre2_code_free(expression->code);
    free(expression);
}

carillon_expression *carillon_expression_compile(
    const uint8_t *text, size_t size, carillon_expression_limits limits,
    carillon_expression_error *error) {
    // Octets that are no UTF-8 match nothing, so that a group is always text. Without \C nothing
    // can stop inside a character.
    uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
    pcre2_code *code =
        pcre2_compile(text, size, options, &error->number, &error->position, NULL);
    if (!code) return NULL;
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    carillon_expression *expression = calloc(1, sizeof *expression);
    if (!context || !expression) {
        pcre2_match_context_free(context);
        pcre2_code_free(code);
        free(expression);
        error->number = PCRE2_ERROR_NOMEMORY;
        error->position = 0;
        return NULL;
    }
    pcre2_set_match_limit(context, limits.matches);
    pcre2_set_depth_limit(context, limits.depth);
    pcre2_set_heap_limit(context, limits.heap);
    // Machine code where this processor and this kernel have it; without it the search interprets.
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    expression->code = code;
    expression->context = context;
    PCRE2_SPTR names = NULL;
    uint32_t highest = 0;
    pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &expression->name_count);
    pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &expression->name_size);
    pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, &names);
    pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &highest);
    expression->names = names;
    expression->group_count = highest + 1;
    return expression;
}

void carillon_expression_message(int number, char *text, size_t size) {
    // Cuts what is too long and ends it; without a text for the number there is nothing to say.
    if (size > 0) text[0] = 0;
    (void)pcre2_get_error_message(number, (PCRE2_UCHAR *)text, size);
}

uint32_t carillon_expression_name_count(const carillon_expression *expression) {
    return expression->name_count;
}

const char *carillon_expression_name(
    const carillon_expression *expression, uint32_t index, uint32_t *group) {
    // An entry is the number of the group in two octets, then the name and a 0 (pcre2api(3)).
    const uint8_t *entry = expression->names + (size_t)index * expression->name_size;
    *group = (uint32_t)entry[0] << 8 | entry[1];
    return (const char *)entry + 2;
}

uint32_t carillon_expression_group_count(const carillon_expression *expression) {
    return expression->group_count;
}

int carillon_expression_search(
    const carillon_expression *expression, const uint8_t *text, size_t size, size_t *places) {
    // Matching writes to it, so each search has its own: a few hundred octets, once per opening.
    pcre2_match_data *data = pcre2_match_data_create(expression->group_count, NULL);
    if (!data) return carillon_search_limited;
    int count = pcre2_match(expression->code, text, size, 0, 0, data, expression->context);
    // Machine code has 32 KiB of the thread's stack and no more. The interpreter takes the heap,
    // up to its limit.
    if (count == PCRE2_ERROR_JIT_STACKLIMIT) {
        count = pcre2_match(
            expression->code, text, size, 0, PCRE2_NO_JIT, data, expression->context);
    }
    int result = count == PCRE2_ERROR_NOMATCH ? carillon_search_none : carillon_search_limited;
    if (count > 0) {
        const PCRE2_SIZE *found = pcre2_get_ovector_pointer(data);
        // Of the groups behind the last that took part, nothing else is promised than that they
        // are unset, which they are in a block of our size.
        for (uint32_t place = 0; place < 2 * expression->group_count; place++)
            places[place] = found[place];
        result = carillon_search_found;
    }
    pcre2_match_data_free(data);
    return result;
}
