// Counters — how often the allocator was called, and how many instructions were executed.
//
// Allocations: this library stands in front of malloc in the program it is linked into (ELF symbol
// interposition, so the Swift runtime and zlib are counted too) and passes on to glibc's own names.
// While nobody counts, it costs one load and one branch per call.
//
// Instructions: only under `valgrind --tool=callgrind --instr-atstart=no`; nothing happens
// elsewhere, or when this file was compiled without valgrind's headers.

#ifndef CARILLON_COUNTERS_H
#define CARILLON_COUNTERS_H

#include <stdint.h>

/// Begins to count allocations of all threads.
void counters_begin_allocations(void);

/// Ends counting and returns how often memory was asked for (malloc, calloc, realloc, memalign).
uint64_t counters_end_allocations(void);

/// Begins to add up the heap of all threads.
void counters_begin_octets(void);

/// Ends it and returns by how many octets the heap's blocks in use have grown, the allocator's own
/// octets of each included (8 in glibc), its free blocks not.
int64_t counters_end_octets(void);

/// Whether the instructions between the next two calls will be counted.
int counters_has_instructions(void);

void counters_begin_instructions(void);

/// Writes what was counted to a file of callgrind's, which carries `name`.
void counters_end_instructions(const char *name);

#endif
