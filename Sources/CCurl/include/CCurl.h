// CCurl — requests through libcurl's multi interface, with a type on every option.
//
// libcurl's own functions for options are variadic and partly macros, which Swift cannot call and
// no compiler checks. Here a transfer is one request and its answer: an easy handle with the
// headers, the body received so far and the first thing that went wrong. Nothing in this header is
// thread safe for one handle, except carillon_multi_wake. Texts are copied.
#ifndef CARILLON_CCURL_H
#define CARILLON_CCURL_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What drives all transfers of a thread, with their connections. NULL: no memory, no descriptors.
typedef struct carillon_multi carillon_multi;
carillon_multi *carillon_multi_make(void);
// No transfer may be in it any more. Closes its connections.
void carillon_multi_free(carillon_multi *multi);
// How many idle connections are kept.
void carillon_multi_keep(carillon_multi *multi, unsigned connections);
// Does what can be done without waiting.
void carillon_multi_perform(carillon_multi *multi);
// Waits until there is something to do, carillon_multi_wake is called, or so much time has passed.
void carillon_multi_wait(carillon_multi *multi, int milliseconds);
// From any thread: ends the present or the next wait.
void carillon_multi_wake(carillon_multi *multi);

typedef struct carillon_transfer carillon_transfer;
// A transfer that takes answers of at most so many octets; the numbers are the caller's to know it
// by. NULL: no memory.
carillon_transfer *carillon_transfer_make(size_t answer_limit, size_t lane, uint64_t number);
// It must not be in a multi any more.
void carillon_transfer_free(carillon_transfer *transfer);
size_t carillon_transfer_lane(const carillon_transfer *transfer);
uint64_t carillon_transfer_number(const carillon_transfer *transfer);

// Options. What libcurl refuses is remembered, and carillon_transfer_begin says so.

// Method, URL (http and https only; the path is sent as it stands) and body. An empty body is
// announced where the method usually has one.
void carillon_transfer_ask(
    carillon_transfer *transfer, const char *method, const char *url, const void *body,
    size_t body_size);
// A line as libcurl takes it: "Name: value", "Name;" for an empty value, "Name:" for none at all.
void carillon_transfer_add_header(carillon_transfer *transfer, const char *line);
// Redirects to http and https are followed, so many of them; 0: none.
void carillon_transfer_follow(carillon_transfer *transfer, unsigned redirects);
void carillon_transfer_limit_connect_time(carillon_transfer *transfer, uint64_t milliseconds);
void carillon_transfer_use_socket(carillon_transfer *transfer, const char *path);
// Without one nothing goes through a proxy, whatever the environment says.
void carillon_transfer_use_proxy(carillon_transfer *transfer, const char *url);
// HTTP/2 where the server agrees in the TLS handshake, one connection for many requests.
void carillon_transfer_allow_http2(carillon_transfer *transfer);
// Certificates are checked against this file in place of the system's.
void carillon_transfer_trust(carillon_transfer *transfer, const char *ca_file);
// Certificates are not checked.
void carillon_transfer_trust_anyone(carillon_transfer *transfer);
// The host of a URL, until libcurl forgets, without looking it up: "host:port:address".
void carillon_transfer_know_address(carillon_transfer *transfer, const char *entry);
// Connects (TLS included), asks nothing, and closes.
void carillon_transfer_only_connect(carillon_transfer *transfer);

// 0, or an error of libcurl.
int carillon_transfer_begin(carillon_transfer *transfer, carillon_multi *multi);
// Takes it out, finished or not. A connection with half an answer is closed.
void carillon_transfer_end(carillon_transfer *transfer, carillon_multi *multi);
// A transfer that has finished, with 0 or an error of libcurl; NULL when there is no other. It is
// still to be ended.
carillon_transfer *carillon_multi_next_finished(carillon_multi *multi, int *error);

// The answer. Pointers live as long as the transfer.
long carillon_transfer_status(const carillon_transfer *transfer);
const char *carillon_transfer_content_type(const carillon_transfer *transfer);
const void *carillon_transfer_body(const carillon_transfer *transfer, size_t *size);
// The numeric address that answered; empty if it was another host's, by way of a redirect.
const char *carillon_transfer_address(const carillon_transfer *transfer);

// What went wrong.
bool carillon_transfer_is_too_large(const carillon_transfer *transfer);
// Whether the other side was there and answered, and we could not go on with what it said.
bool carillon_transfer_was_answered(int error);
// Whether the host's address could not be found out.
bool carillon_transfer_is_unresolved(const carillon_transfer *transfer, int error);
// A sentence about the error of this transfer.
const char *carillon_transfer_problem(const carillon_transfer *transfer, int error);
#endif
