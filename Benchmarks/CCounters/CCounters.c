// Counters; see include/counters.h.

#include "counters.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#define HAS_VALGRIND 1
#else
#define HAS_VALGRIND 0
#endif

// glibc's names for the allocator it would have used.
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *place, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *place);

// Plain while nobody counts: one more shared line written per allocation would be measured too.
static _Atomic int is_counting;
static _Atomic uint64_t count;
static _Atomic int is_weighing;
static _Atomic int64_t octets;

// A block's own octets stand in front of it.
static void weigh(void *place, int sign) {
    if (place)
        atomic_fetch_add_explicit(&octets, sign * (int64_t)(malloc_usable_size(place) + 8),
                                  memory_order_relaxed);
}

static inline int weighs(void) {
    return __builtin_expect(atomic_load_explicit(&is_weighing, memory_order_relaxed), 0);
}

static inline void *note(void *place) {
    if (__builtin_expect(atomic_load_explicit(&is_counting, memory_order_relaxed), 0))
        atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    if (weighs()) weigh(place, 1);
    return place;
}

void *malloc(size_t size) { return note(__libc_malloc(size)); }

void *calloc(size_t items, size_t size) { return note(__libc_calloc(items, size)); }

void *realloc(void *place, size_t size) {
    if (weighs()) weigh(place, -1);
    return note(__libc_realloc(place, size));
}

void free(void *place) {
    if (weighs()) weigh(place, -1);
    __libc_free(place);
}

void *memalign(size_t alignment, size_t size) { return note(__libc_memalign(alignment, size)); }

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **place, size_t alignment, size_t size) {
    void *found = memalign(alignment, size);
    if (!found) return ENOMEM;
    *place = found;
    return 0;
}

void counters_begin_allocations(void) {
    atomic_store(&count, 0);
    atomic_store(&is_counting, 1);
}

uint64_t counters_end_allocations(void) {
    atomic_store(&is_counting, 0);
    return atomic_load(&count);
}

void counters_begin_octets(void) {
    atomic_store(&octets, 0);
    atomic_store(&is_weighing, 1);
}

int64_t counters_end_octets(void) {
    atomic_store(&is_weighing, 0);
    return atomic_load(&octets);
}

#if HAS_VALGRIND
int counters_has_instructions(void) { return RUNNING_ON_VALGRIND != 0; }

void counters_begin_instructions(void) {
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_ZERO_STATS;
}

void counters_end_instructions(const char *name) {
    CALLGRIND_DUMP_STATS_AT(name);
    CALLGRIND_STOP_INSTRUMENTATION;
}
#else
int counters_has_instructions(void) { return 0; }
void counters_begin_instructions(void) {}
void counters_end_instructions(const char *name) { (void)name; }
#endif
