// CRabbitMQ — the few things we ask of librabbitmq, one call each (AMQP 0-9-1).
//
// One connection belongs to one thread. Calls that wait for the broker have a limit set at the
// login; `next` never waits, and must be called at least once per quarter of the heartbeat, because
// the library sends and checks heartbeats inside it. Messages are not put together here: frames
// come as they are, so that a size can be refused before it is stored.
#ifndef CARILLON_CRABBITMQ_H
#define CARILLON_CRABBITMQ_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct carillon_rabbitmq carillon_rabbitmq;

enum {
    carillon_rabbitmq_delivery = 1,  // a message begins: channel, tag, is_redelivered, key
    carillon_rabbitmq_header = 2,    // its properties: channel, body_size, message_id
    carillon_rabbitmq_body = 3,      // a part of its body: channel, octets
    carillon_rabbitmq_cancelled = 4, // the broker ended a consumer: its queue is gone
    carillon_rabbitmq_other = 5,     // nothing to act on
};

// What has come. Pointers are valid until the next call with the same connection.
typedef struct {
    int kind;
    uint16_t channel;
    bool is_redelivered;
    bool has_message_id;
    uint64_t tag;
    uint64_t body_size;
    const void *octets;  // a body's part, or the routing key of a delivery, or the message id
    size_t size;
} carillon_rabbitmq_frame;

// Takes a connected, non-blocking socket, which it closes in every case. NULL: no memory.
carillon_rabbitmq *carillon_rabbitmq_create(int descriptor);
// Says goodbye, waiting for the answer at most so long (ms, 0: not at all), and frees everything.
void carillon_rabbitmq_destroy(carillon_rabbitmq *link, int goodbye_limit);

// `false` from any of these: see problem_code and problem_text; the connection is of no more use.
// Texts are UTF-8; names longer than 255 octets are refused here (AMQP's short string).

// Opens the session. `limit` (ms) bounds it, and later each wait for an answer.
bool carillon_rabbitmq_log_in(
    carillon_rabbitmq *link, const char *virtual_host, const char *username, const char *password,
    const char *connection_name, int heartbeat /* s, 0: none */, int limit);
// The heartbeat agreed on, in seconds, 0: none.
int carillon_rabbitmq_heartbeat(carillon_rabbitmq *link);
bool carillon_rabbitmq_open_channel(carillon_rabbitmq *link, uint16_t channel, uint16_t prefetch);
bool carillon_rabbitmq_declare_exchange(
    carillon_rabbitmq *link, uint16_t channel, const char *name, const char *kind, bool is_durable);
// A passive declaration only checks that the queue is there.
bool carillon_rabbitmq_declare_queue(
    carillon_rabbitmq *link, uint16_t channel, const char *name, bool is_passive, bool is_durable,
    bool is_exclusive);
bool carillon_rabbitmq_bind(
    carillon_rabbitmq *link, uint16_t channel, const char *queue, const char *exchange,
    const char *key);
// Deliveries come by `next` from now on, to be acknowledged.
bool carillon_rabbitmq_consume(carillon_rabbitmq *link, uint16_t channel, const char *queue);
// Acknowledges `tag` and everything before it on the channel.
bool carillon_rabbitmq_acknowledge(carillon_rabbitmq *link, uint16_t channel, uint64_t tag);

// 1: *frame holds what came next, 0: nothing is there, -1: it is over.
int carillon_rabbitmq_next(carillon_rabbitmq *link, carillon_rabbitmq_frame *frame);

// The broker's reply code (403, 404, 406, 530, ...), or 0 when it was no answer of the broker.
int carillon_rabbitmq_problem_code(const carillon_rabbitmq *link);
// UTF-8 as far as the broker's is; NUL-terminated.
const char *carillon_rabbitmq_problem_text(const carillon_rabbitmq *link);
#endif
