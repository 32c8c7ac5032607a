// zlib as Swift can see it: initializers are macros, so each has a wrapper here.
#ifndef CARILLON_CZLIB_H
#define CARILLON_CZLIB_H
#include <zlib.h>

static inline int carillon_deflate_init(z_stream *stream, int level, int window_bits, int memory_level) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory_level, Z_DEFAULT_STRATEGY);
}
static inline int carillon_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}
#endif
