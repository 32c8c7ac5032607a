#define _GNU_SOURCE
#include "CCurl.h"

#include <curl/curl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct carillon_transfer {
    CURL *easy;
    struct curl_slist *headers, *known;
    CURLcode refused;  // the first error of an option
    size_t lane;
    uint64_t number;
    uint8_t *body;
    size_t size, room, limit;
    bool is_too_large;
    char problem[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void start_library(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

// The multi is libcurl's own object under a name of ours.
static CURLM *inner(carillon_multi *multi) { return (CURLM *)multi; }

carillon_multi *carillon_multi_make(void) {
    pthread_once(&once, start_library);
    CURLM *multi = curl_multi_init();
    // The server's own limit decides how many streams a connection has, not libcurl's of 100.
    if (multi) curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1000L);
    return (carillon_multi *)multi;
}

void carillon_multi_free(carillon_multi *multi) { curl_multi_cleanup(inner(multi)); }

void carillon_multi_keep(carillon_multi *multi, unsigned connections) {
    long count = connections < INT_MAX ? (long)connections : INT_MAX;
    curl_multi_setopt(inner(multi), CURLMOPT_MAXCONNECTS, count);
}

void carillon_multi_perform(carillon_multi *multi) {
    int running;
    curl_multi_perform(inner(multi), &running);
}

void carillon_multi_wait(carillon_multi *multi, int milliseconds) {
    curl_multi_poll(inner(multi), NULL, 0, milliseconds, NULL);
}

void carillon_multi_wake(carillon_multi *multi) { curl_multi_wakeup(inner(multi)); }

// libcurl's sockets must not leak into programs that our process starts.
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *place) {
    (void)context;
    (void)purpose;
    return socket(place->family, place->socktype | SOCK_CLOEXEC, place->protocol);
}

static size_t receive(char *octets, size_t one, size_t size, void *context) {
    carillon_transfer *transfer = context;
    (void)one;  // always 1
    if (size > transfer->limit - transfer->size) {
        transfer->is_too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    if (size > transfer->room - transfer->size) {
        size_t room = transfer->room ? transfer->room : 1024;
        while (room - transfer->size < size && room < transfer->limit)
            room = room < transfer->limit / 2 ? room * 2 : transfer->limit;
        if (room < transfer->size + size) room = transfer->size + size;
        uint8_t *body = realloc(transfer->body, room);
        if (!body) return CURL_WRITEFUNC_ERROR;
        transfer->body = body;
        transfer->room = room;
    }
    memcpy(transfer->body + transfer->size, octets, size);
    transfer->size += size;
    return size;
}

// Sets an option and remembers the first refusal.
#define SET(transfer, option, value)                                                  \
    do {                                                                              \
        CURLcode code_ = curl_easy_setopt((transfer)->easy, (option), (value));       \
        if (code_ != CURLE_OK && (transfer)->refused == CURLE_OK)                     \
            (transfer)->refused = code_;                                              \
    } while (0)

carillon_transfer *carillon_transfer_make(size_t answer_limit, size_t lane, uint64_t number) {
    carillon_transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer) return NULL;
    transfer->easy = curl_easy_init();
    if (!transfer->easy) {
        free(transfer);
        return NULL;
    }
    transfer->limit = answer_limit;
    transfer->lane = lane;
    transfer->number = number;
    SET(transfer, CURLOPT_PRIVATE, (void *)transfer);
    SET(transfer, CURLOPT_ERRORBUFFER, transfer->problem);
    SET(transfer, CURLOPT_WRITEFUNCTION, receive);
    SET(transfer, CURLOPT_WRITEDATA, (void *)transfer);
    SET(transfer, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    SET(transfer, CURLOPT_NOSIGNAL, 1L);
    // A name server that is silent keeps a thread of libcurl waiting, but not ours.
    SET(transfer, CURLOPT_QUICK_EXIT, 1L);
    SET(transfer, CURLOPT_TCP_KEEPALIVE, 1L);
    SET(transfer, CURLOPT_PATH_AS_IS, 1L);
    SET(transfer, CURLOPT_PROXY, "");
    SET(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(transfer, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(transfer, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    return transfer;
}

void carillon_transfer_free(carillon_transfer *transfer) {
    curl_easy_cleanup(transfer->easy);
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->known);
    free(transfer->body);
    free(transfer);
}

size_t carillon_transfer_lane(const carillon_transfer *transfer) { return transfer->lane; }
uint64_t carillon_transfer_number(const carillon_transfer *transfer) { return transfer->number; }

static bool is(const char *left, const char *right) { return strcmp(left, right) == 0; }

void carillon_transfer_ask(
    carillon_transfer *transfer, const char *method, const char *url, const void *body,
    size_t body_size) {
    SET(transfer, CURLOPT_URL, url);
    if (is(method, "HEAD")) {
        SET(transfer, CURLOPT_NOBODY, 1L);
        return;
    }
    bool has_body = body_size > 0 || is(method, "POST") || is(method, "PUT") || is(method, "PATCH");
    if (has_body) {
        SET(transfer, CURLOPT_POST, 1L);
        SET(transfer, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_size);
        SET(transfer, CURLOPT_COPYPOSTFIELDS, body_size > 0 ? body : "");
    }
    if (!is(method, has_body ? "POST" : "GET")) SET(transfer, CURLOPT_CUSTOMREQUEST, method);
}

static void append(carillon_transfer *transfer, struct curl_slist **list, const char *text) {
    struct curl_slist *longer = curl_slist_append(*list, text);
    if (longer)
        *list = longer;
    else if (transfer->refused == CURLE_OK)
        transfer->refused = CURLE_OUT_OF_MEMORY;
}

void carillon_transfer_add_header(carillon_transfer *transfer, const char *line) {
    append(transfer, &transfer->headers, line);
}

void carillon_transfer_follow(carillon_transfer *transfer, unsigned redirects) {
    SET(transfer, CURLOPT_FOLLOWLOCATION, redirects > 0 ? 1L : 0L);
    SET(transfer, CURLOPT_MAXREDIRS, redirects < SHRT_MAX ? (long)redirects : SHRT_MAX);
}

void carillon_transfer_limit_connect_time(carillon_transfer *transfer, uint64_t milliseconds) {
    long time = milliseconds < INT_MAX ? (long)milliseconds : INT_MAX;
    SET(transfer, CURLOPT_CONNECTTIMEOUT_MS, time > 0 ? time : 1L);  // 0 would mean five minutes
}

void carillon_transfer_use_socket(carillon_transfer *transfer, const char *path) {
    SET(transfer, CURLOPT_UNIX_SOCKET_PATH, path);
}

void carillon_transfer_use_proxy(carillon_transfer *transfer, const char *url) {
    SET(transfer, CURLOPT_PROXY, url);
}

void carillon_transfer_allow_http2(carillon_transfer *transfer) {
    SET(transfer, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    // While the first connection shakes hands the others wait to learn whether it will do for all.
    SET(transfer, CURLOPT_PIPEWAIT, 1L);
}

void carillon_transfer_trust(carillon_transfer *transfer, const char *ca_file) {
    SET(transfer, CURLOPT_CAINFO, ca_file);
    SET(transfer, CURLOPT_CAPATH, NULL);
}

void carillon_transfer_trust_anyone(carillon_transfer *transfer) {
    SET(transfer, CURLOPT_SSL_VERIFYPEER, 0L);
    SET(transfer, CURLOPT_SSL_VERIFYHOST, 0L);
}

void carillon_transfer_know_address(carillon_transfer *transfer, const char *entry) {
    append(transfer, &transfer->known, entry);
    SET(transfer, CURLOPT_RESOLVE, transfer->known);
}

void carillon_transfer_only_connect(carillon_transfer *transfer) {
    SET(transfer, CURLOPT_CONNECT_ONLY, 1L);
    SET(transfer, CURLOPT_FRESH_CONNECT, 1L);
}

int carillon_transfer_begin(carillon_transfer *transfer, carillon_multi *multi) {
    SET(transfer, CURLOPT_HTTPHEADER, transfer->headers);
    if (transfer->refused != CURLE_OK) return (int)transfer->refused;
    CURLMcode code = curl_multi_add_handle(inner(multi), transfer->easy);
    return code == CURLM_OK ? 0 : CURLE_FAILED_INIT;
}

void carillon_transfer_end(carillon_transfer *transfer, carillon_multi *multi) {
    curl_multi_remove_handle(inner(multi), transfer->easy);
}

carillon_transfer *carillon_multi_next_finished(carillon_multi *multi, int *error) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(inner(multi), &left))) {
        char *transfer = NULL;
        if (message->msg != CURLMSG_DONE) continue;
        *error = (int)message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        return (carillon_transfer *)(void *)transfer;
    }
    return NULL;
}

long carillon_transfer_status(const carillon_transfer *transfer) {
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

const char *carillon_transfer_content_type(const carillon_transfer *transfer) {
    char *type = NULL;
    curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &type);
    return type ? type : "";
}

const void *carillon_transfer_body(const carillon_transfer *transfer, size_t *size) {
    *size = transfer->size;
    return transfer->body;
}

const char *carillon_transfer_address(const carillon_transfer *transfer) {
    char *address = NULL;
    long redirects = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_REDIRECT_COUNT, &redirects);
    curl_easy_getinfo(transfer->easy, CURLINFO_PRIMARY_IP, &address);
    return address && redirects == 0 ? address : "";
}

bool carillon_transfer_is_too_large(const carillon_transfer *transfer) {
    return transfer->is_too_large;
}

bool carillon_transfer_was_answered(int error) {
    return error == CURLE_TOO_MANY_REDIRECTS || error == CURLE_UNSUPPORTED_PROTOCOL ||
           error == CURLE_WRITE_ERROR;
}

bool carillon_transfer_is_unresolved(const carillon_transfer *transfer, int error) {
    curl_off_t lookup = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup);
    // A connection that takes too long may have been waiting for its address all the time.
    return error == CURLE_COULDNT_RESOLVE_HOST || (error == CURLE_OPERATION_TIMEDOUT && lookup == 0);
}

const char *carillon_transfer_problem(const carillon_transfer *transfer, int error) {
    return transfer->problem[0] ? transfer->problem : curl_easy_strerror((CURLcode)error);
}
