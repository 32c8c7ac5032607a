#include "CRabbitMQ.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

struct carillon_rabbitmq {
    amqp_connection_state_t state;
    // The other side can still be spoken to: it did not vanish, and did not say goodbye.
    bool is_talking;
    int code;
    char text[256];
};

static struct timeval milliseconds(int count) {
    return (struct timeval){count / 1000, count % 1000 * 1000};
}

carillon_rabbitmq *carillon_rabbitmq_create(int descriptor) {
    carillon_rabbitmq *link = calloc(1, sizeof *link);
    amqp_socket_t *socket = NULL;
    if (link && (link->state = amqp_new_connection())) socket = amqp_tcp_socket_new(link->state);
    if (!socket) {
        if (link && link->state) amqp_destroy_connection(link->state);
        free(link);
        close(descriptor);
        return NULL;
    }
    amqp_tcp_socket_set_sockfd(socket, descriptor);
    return link;
}

void carillon_rabbitmq_destroy(carillon_rabbitmq *link, int goodbye_limit) {
    if (link->is_talking && goodbye_limit > 0) {
        struct timeval limit = milliseconds(goodbye_limit);
        amqp_set_rpc_timeout(link->state, &limit);
        amqp_connection_close(link->state, AMQP_REPLY_SUCCESS);
    }
    amqp_destroy_connection(link->state);
    free(link);
}

static bool refused(carillon_rabbitmq *link, const char *text) {
    link->code = 0;
    snprintf(link->text, sizeof link->text, "%s", text);
    return false;
}

static bool broken(carillon_rabbitmq *link, int status) {
    link->is_talking = false;
    return refused(link, amqp_error_string2(status));
}

static bool closed(carillon_rabbitmq *link, int code, amqp_bytes_t text) {
    size_t size = text.len < sizeof link->text ? text.len : sizeof link->text - 1;
    if (size > 0) memcpy(link->text, text.bytes, size);
    link->text[size] = 0;
    link->code = code;
    return false;
}

// What a close method of the broker's says; it is answered, so that nobody has to wait.
static bool closed_by(carillon_rabbitmq *link, amqp_method_t method) {
    if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
        amqp_connection_close_t *close = method.decoded;
        amqp_connection_close_ok_t answer = {0};
        closed(link, close->reply_code, close->reply_text);
        amqp_send_method(link->state, 0, AMQP_CONNECTION_CLOSE_OK_METHOD, &answer);
        link->is_talking = false;
        return false;
    }
    if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        amqp_channel_close_t *close = method.decoded;
        return closed(link, close->reply_code, close->reply_text);
    }
    return refused(link, "the broker answered out of turn");
}

static bool accepted(carillon_rabbitmq *link, amqp_rpc_reply_t reply) {
    switch (reply.reply_type) {
        case AMQP_RESPONSE_NORMAL: return true;
        case AMQP_RESPONSE_SERVER_EXCEPTION: return closed_by(link, reply.reply);
        case AMQP_RESPONSE_LIBRARY_EXCEPTION: return broken(link, reply.library_error);
        default: return broken(link, AMQP_STATUS_SOCKET_ERROR);
    }
}

static bool last_accepted(carillon_rabbitmq *link) {
    return accepted(link, amqp_get_rpc_reply(link->state));
}

static bool fits(carillon_rabbitmq *link, const char *name) {
    return strlen(name) <= 255 || refused(link, "a name is longer than 255 octets");
}

static amqp_table_entry_t entry(const char *key, uint8_t kind) {
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(key)};
    entry.value.kind = kind;
    return entry;
}

bool carillon_rabbitmq_log_in(
    carillon_rabbitmq *link, const char *virtual_host, const char *username, const char *password,
    const char *connection_name, int heartbeat, int limit) {
    struct timeval time = milliseconds(limit);
    if (!fits(link, virtual_host)) return false;
    if (amqp_set_handshake_timeout(link->state, &time) != AMQP_STATUS_OK ||
        amqp_set_rpc_timeout(link->state, &time) != AMQP_STATUS_OK)
        return refused(link, "the library takes no such time limit");
    // Without the capability the broker would not say when it ends a consumer.
    amqp_table_entry_t notify = entry("consumer_cancel_notify", AMQP_FIELD_KIND_BOOLEAN);
    notify.value.value.boolean = 1;
    amqp_table_entry_t properties[] = {
        entry("product", AMQP_FIELD_KIND_UTF8),
        entry("connection_name", AMQP_FIELD_KIND_UTF8),
        entry("capabilities", AMQP_FIELD_KIND_TABLE),
    };
    properties[0].value.value.bytes = amqp_cstring_bytes("carillon");
    properties[1].value.value.bytes = amqp_cstring_bytes(connection_name);
    properties[2].value.value.table = (amqp_table_t){1, &notify};
    amqp_table_t table = {sizeof properties / sizeof *properties, properties};
    // 128 KiB per frame is what RabbitMQ offers; the broker's own limit wins when it is lower.
    amqp_rpc_reply_t reply = amqp_login_with_properties(
        link->state, virtual_host, 0, 131072, heartbeat, &table, AMQP_SASL_METHOD_PLAIN, username,
        password);
    link->is_talking = reply.reply_type == AMQP_RESPONSE_NORMAL;
    return accepted(link, reply);
}

int carillon_rabbitmq_heartbeat(carillon_rabbitmq *link) {
    return amqp_get_heartbeat(link->state);
}

bool carillon_rabbitmq_open_channel(carillon_rabbitmq *link, uint16_t channel, uint16_t prefetch) {
    amqp_channel_open(link->state, channel);
    if (!last_accepted(link)) return false;
    amqp_basic_qos(link->state, channel, 0, prefetch, 0);
    return last_accepted(link);
}

bool carillon_rabbitmq_declare_exchange(
    carillon_rabbitmq *link, uint16_t channel, const char *name, const char *kind,
    bool is_durable) {
    if (!fits(link, name) || !fits(link, kind)) return false;
    amqp_exchange_declare(
        link->state, channel, amqp_cstring_bytes(name), amqp_cstring_bytes(kind), 0, is_durable, 0,
        0, amqp_empty_table);
    return last_accepted(link);
}

bool carillon_rabbitmq_declare_queue(
    carillon_rabbitmq *link, uint16_t channel, const char *name, bool is_passive, bool is_durable,
    bool is_exclusive) {
    if (!fits(link, name)) return false;
    amqp_queue_declare(
        link->state, channel, amqp_cstring_bytes(name), is_passive, is_durable, is_exclusive, 0,
        amqp_empty_table);
    return last_accepted(link);
}

bool carillon_rabbitmq_bind(
    carillon_rabbitmq *link, uint16_t channel, const char *queue, const char *exchange,
    const char *key) {
    if (!fits(link, queue) || !fits(link, exchange) || !fits(link, key)) return false;
    amqp_queue_bind(
        link->state, channel, amqp_cstring_bytes(queue), amqp_cstring_bytes(exchange),
        amqp_cstring_bytes(key), amqp_empty_table);
    return last_accepted(link);
}

bool carillon_rabbitmq_consume(carillon_rabbitmq *link, uint16_t channel, const char *queue) {
    if (!fits(link, queue)) return false;
    amqp_basic_consume(
        link->state, channel, amqp_cstring_bytes(queue), amqp_empty_bytes, 0, 0, 0,
        amqp_empty_table);
    return last_accepted(link);
}

bool carillon_rabbitmq_acknowledge(carillon_rabbitmq *link, uint16_t channel, uint64_t tag) {
    int status = amqp_basic_ack(link->state, channel, tag, 1);
    return status == AMQP_STATUS_OK || broken(link, status);
}

static void carry(carillon_rabbitmq_frame *frame, amqp_bytes_t octets) {
    frame->octets = octets.bytes;
    frame->size = octets.len;
}

static int take_method(
    carillon_rabbitmq *link, amqp_method_t method, carillon_rabbitmq_frame *frame) {
    switch (method.id) {
        case AMQP_BASIC_DELIVER_METHOD: {
            amqp_basic_deliver_t *delivery = method.decoded;
            frame->kind = carillon_rabbitmq_delivery;
            frame->tag = delivery->delivery_tag;
            frame->is_redelivered = delivery->redelivered;
            carry(frame, delivery->routing_key);
            return 1;
        }
        case AMQP_BASIC_CANCEL_METHOD:
            frame->kind = carillon_rabbitmq_cancelled;
            return 1;
        case AMQP_CHANNEL_CLOSE_METHOD:
        case AMQP_CONNECTION_CLOSE_METHOD:
            closed_by(link, method);
            return -1;
        default: return 1;
    }
}

int carillon_rabbitmq_next(carillon_rabbitmq *link, carillon_rabbitmq_frame *frame) {
    struct timeval none = {0, 0};
    amqp_frame_t next;
    // What the last frame pointed to has been used by now.
    amqp_maybe_release_buffers(link->state);
    int status = amqp_simple_wait_frame_noblock(link->state, &next, &none);
    if (status == AMQP_STATUS_TIMEOUT) return 0;
    if (status != AMQP_STATUS_OK) {
        broken(link, status);
        return -1;
    }
    *frame = (carillon_rabbitmq_frame){.kind = carillon_rabbitmq_other, .channel = next.channel};
    switch (next.frame_type) {
        case AMQP_FRAME_METHOD: return take_method(link, next.payload.method, frame);
        case AMQP_FRAME_HEADER: {
            frame->kind = carillon_rabbitmq_header;
            frame->body_size = next.payload.properties.body_size;
            if (next.payload.properties.class_id != AMQP_BASIC_CLASS) return 1;
            const amqp_basic_properties_t *properties = next.payload.properties.decoded;
            frame->has_message_id = properties->_flags & AMQP_BASIC_MESSAGE_ID_FLAG;
            if (frame->has_message_id) carry(frame, properties->message_id);
            return 1;
        }
        case AMQP_FRAME_BODY:
            frame->kind = carillon_rabbitmq_body;
            carry(frame, next.payload.body_fragment);
            return 1;
        default: return 1;
    }
}

int carillon_rabbitmq_problem_code(const carillon_rabbitmq *link) { return link->code; }

const char *carillon_rabbitmq_problem_text(const carillon_rabbitmq *link) { return link->text; }
