#include "CHiredis.h"

#include <hiredis/hiredis.h>
#include <hiredis/sds.h>
#include <stdlib.h>
#include <unistd.h>

// Counts of elements: an int until 0.14, a size_t from 1.0 on.
#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

struct carillon_redis {
    redisContext *context;
    redisReply *reply;
    // The library's own ways to make a reply, but for arrays and strings.
    redisReplyObjectFunctions functions;
    void *(*make_array)(const redisReadTask *task, element_count count);
    void *(*make_string)(const redisReadTask *task, char *octets, size_t size);
    // Octets of the strings of the reply under way, and how many may be.
    size_t held, limit;
};

// The library makes room for as many elements as a peer announces. What we ask for has four.
static const element_count element_limit = 16;

static carillon_redis *link_of(const redisReadTask *task) {
    while (task->parent) task = task->parent;
    return task->privdata;
}

// Nothing we ask for has arrays within arrays, which what is read into leaves the buffer uncounted.
// NULL is taken by the library for a lack of memory, and the end of the connection.
static void *make_array(const redisReadTask *task, element_count count) {
    if (task->parent || count > element_limit) return NULL;
    return link_of(task)->make_array(task, count);
}

static void *make_string(const redisReadTask *task, char *octets, size_t size) {
    carillon_redis *link = link_of(task);
    if (size > link->limit - link->held) return NULL;
    link->held += size;
    return link->make_string(task, octets, size);
}

carillon_redis *carillon_redis_create(int descriptor, size_t reply_limit) {
    carillon_redis *link = calloc(1, sizeof *link);
    redisContext *context = link ? redisConnectFd(descriptor) : NULL;
    if (!context || context->err) {
        if (context) redisFree(context);
        else close(descriptor);
        free(link);
        return NULL;
    }
    context->flags &= ~REDIS_BLOCK;
    link->context = context;
    link->functions = *context->reader->fn;
    link->make_array = link->functions.createArray;
    link->make_string = link->functions.createString;
    link->functions.createArray = make_array;
    link->functions.createString = make_string;
    link->limit = reply_limit;
    context->reader->fn = &link->functions;
    context->reader->privdata = link;
    return link;
}

void carillon_redis_destroy(carillon_redis *link) {
    if (link->reply) freeReplyObject(link->reply);
    redisFree(link->context);
    free(link);
}

bool carillon_redis_append(
    carillon_redis *link, const void *octets, const size_t *sizes, int count) {
    const char **words = count > 0 ? malloc((size_t)count * sizeof *words) : NULL;
    if (!words) return false;
    const char *place = octets;
    for (int index = 0; index < count; index++) {
        words[index] = place;
        place += sizes[index];
    }
    bool is_in = redisAppendCommandArgv(link->context, count, words, sizes) == REDIS_OK;
    free(words);
    return is_in;
}

size_t carillon_redis_unsent(const carillon_redis *link) {
    return link->context->obuf ? sdslen(link->context->obuf) : 0;
}

bool carillon_redis_flush(carillon_redis *link) {
    int is_done = 0;
    return redisBufferWrite(link->context, &is_done) == REDIS_OK;
}

bool carillon_redis_receive(carillon_redis *link) {
    return redisBufferRead(link->context) == REDIS_OK;
}

size_t carillon_redis_incomplete(const carillon_redis *link) {
    const redisReader *reader = link->context->reader;
    return reader->len - reader->pos;
}

static carillon_redis_value seen(const redisReply *reply) {
    carillon_redis_value value = {.kind = carillon_redis_null};
    if (!reply) return value;
    value.kind = reply->type;
    switch (reply->type) {
        case REDIS_REPLY_INTEGER: value.number = reply->integer; break;
        case REDIS_REPLY_ARRAY: value.size = reply->elements; break;
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
        case REDIS_REPLY_ERROR:
            value.octets = reply->str;
            value.size = reply->len;
            break;
        default: value.kind = carillon_redis_null;
    }
    return value;
}

int carillon_redis_next(carillon_redis *link, carillon_redis_value *value) {
    if (link->reply) freeReplyObject(link->reply);
    link->reply = NULL;
    void *reply = NULL;
    if (redisGetReplyFromReader(link->context, &reply) != REDIS_OK) return -1;
    if (!reply) return 0;
    link->held = 0;
    link->reply = reply;
    *value = seen(reply);
    return 1;
}

carillon_redis_value carillon_redis_element(const carillon_redis *link, size_t index) {
    const redisReply *reply = link->reply;
    if (!reply || reply->type != REDIS_REPLY_ARRAY || index >= reply->elements) return seen(NULL);
    return seen(reply->element[index]);
}

const char *carillon_redis_problem(const carillon_redis *link) { return link->context->errstr; }
