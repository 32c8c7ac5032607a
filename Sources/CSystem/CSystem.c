#define _GNU_SOURCE
#include "CSystem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int carillon_allowed_cpus(int *cpus, int room) {
    cpu_set_t mask;
    int count = 0;
    if (sched_getaffinity(0, sizeof mask, &mask) != 0) return 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && count < room; cpu++)
        if (CPU_ISSET(cpu, &mask)) cpus[count++] = cpu;
    return count;
}

int carillon_pin_thread(int cpu) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(cpu, &mask);
    return -pthread_setaffinity_np(pthread_self(), sizeof mask, &mask);
}

void carillon_prepare_thread(const char *name, bool block_signals) {
    pthread_setname_np(pthread_self(), name);
    if (!block_signals) return;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

void carillon_sharpen_timers(void) { prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }

uint64_t carillon_thread_cpu_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int carillon_shared_create(size_t size) {
    int descriptor = memfd_create("carillon-load", 0);
    if (descriptor < 0) return -errno;
    if (ftruncate(descriptor, (off_t)size) == 0) return descriptor;
    int error = errno;
    close(descriptor);
    return -error;
}

void *carillon_shared_map(int descriptor, size_t size) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

int carillon_eventfd(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int carillon_eventfd_signal(int descriptor) {
    uint64_t one = 1;
    return write(descriptor, &one, sizeof one) == sizeof one ? 0 : -errno;
}

uint64_t carillon_monotonic_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void *carillon_pages(size_t size, bool populate) {
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | (populate ? MAP_POPULATE : 0), -1, 0);
    if (pages == MAP_FAILED) return NULL;
    madvise(pages, size, MADV_DONTFORK);
    return pages;
}

void carillon_pages_release(void *pages, size_t size) { munmap(pages, size); }

static socklen_t parse(const char *host, uint16_t port, struct sockaddr_storage *address) {
    memset(address, 0, sizeof *address);
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        return sizeof *v6;
    }
    return 0;
}

int carillon_listen(const char *host, uint16_t *port, int backlog, bool reuse_port, uint32_t notsent_lowat) {
    struct sockaddr_storage address;
    socklen_t size = parse(host, *port, &address);
    if (size == 0) return -EINVAL;
    int one = 1, listener = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return -errno;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (notsent_lowat > 0) setsockopt(listener, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &notsent_lowat, sizeof notsent_lowat);
    if (reuse_port && setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) goto failed;
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, backlog) != 0) goto failed;
    if (getsockname(listener, (struct sockaddr *)&address, &size) != 0) goto failed;
    *port = ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                               : ((struct sockaddr_in6 *)&address)->sin6_port);
    return listener;
failed:;
    int error = errno;
    close(listener);
    return -error;
}

bool carillon_is_readable(int descriptor) {
    struct pollfd look = {.fd = descriptor, .events = POLLIN};
    return poll(&look, 1, 0) == 1 && (look.revents & POLLIN) != 0;
}

int carillon_probe_silent_peers(int listener, int idle, int patience) {
    // Three probes within the patience; the kernel takes 1 to 32767 s for each of these.
    int one = 1, count = 3, interval = patience / count < 1 ? 1 : patience / count;
    if (setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one) != 0) return -errno;
    if (setsockopt(listener, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle) != 0) return -errno;
    if (setsockopt(listener, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval) != 0) return -errno;
    return setsockopt(listener, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count) == 0 ? 0 : -errno;
}

// Whether `address` is the file of a socket that refuses connections: its owner has gone.
static bool is_stale(const struct sockaddr_un *address) {
    struct stat file;
    if (lstat(address->sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0) return false;
    // With a full backlog this is EAGAIN: somebody is there.
    bool refused = connect(probe, (const struct sockaddr *)address, sizeof *address) != 0 && errno == ECONNREFUSED;
    close(probe);
    return refused;
}

// When a file was last written, ns: for the file of a socket, when it was made.
static uint64_t written(const struct stat *file) {
    return (uint64_t)file->st_mtim.tv_sec * 1000000000u + (uint64_t)file->st_mtim.tv_nsec;
}

int carillon_listen_unix(const char *path, int backlog, struct carillon_file *made) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat file;
    size_t size = strlen(path);
    if (size == 0 || size >= sizeof address.sun_path) return -ENAMETOOLONG;
    memcpy(address.sun_path, path, size);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return -errno;
    bool bound = bind(listener, (struct sockaddr *)&address, sizeof address) == 0;
    if (!bound && errno == EADDRINUSE) {
        if (is_stale(&address) && unlink(path) == 0)
            bound = bind(listener, (struct sockaddr *)&address, sizeof address) == 0;
        else
            errno = EADDRINUSE;
    }
    if (!bound) goto failed;
    if (listen(listener, backlog) != 0 || lstat(path, &file) != 0) {
        int error = errno;
        unlink(path);
        errno = error;
        goto failed;
    }
    *made = (struct carillon_file){(uint64_t)file.st_dev, (uint64_t)file.st_ino, written(&file)};
    return listener;
failed:;
    int error = errno;
    close(listener);
    return -error;
}

void carillon_remove_socket(const char *path, struct carillon_file made) {
    struct stat file;
    if (lstat(path, &file) == 0 && S_ISSOCK(file.st_mode) && (uint64_t)file.st_dev == made.device &&
        (uint64_t)file.st_ino == made.number && written(&file) == made.time)
        unlink(path);
}

int carillon_duplicate(int descriptor) {
    int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? -errno : copy;
}

int carillon_connect(const char *host, uint16_t port, const char *source) {
    struct sockaddr_storage address, from;
    socklen_t size = parse(host, port, &address);
    if (size == 0) return -EINVAL;
    int one = 1, descriptor = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -errno;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    socklen_t from_size = source ? parse(source, 0, &from) : 0;
    if (from_size > 0) {
        setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind(descriptor, (struct sockaddr *)&from, from_size) != 0) goto failed;
    }
    if (connect(descriptor, (struct sockaddr *)&address, size) == 0 || errno == EINPROGRESS) return descriptor;
failed:;
    int error = errno;
    close(descriptor);
    return -error;
}

const void *carillon_find(const void *text, size_t size, const void *part, size_t part_size) {
    return memmem(text, size, part, part_size);
}

int carillon_reset_on_close(int descriptor) {
    struct linger reset = {1, 0};
    return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0 ? 0 : -errno;
}

int carillon_set_receive_buffer(int descriptor, int size) {
    return setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) == 0 ? 0 : -errno;
}

int carillon_look_up(const char *host, char *text, size_t room) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    int error = getaddrinfo(host, NULL, &hints, &found);
    if (error != 0) return error;
    error = getnameinfo(found->ai_addr, found->ai_addrlen, text, (socklen_t)room, NULL, 0, NI_NUMERICHOST);
    freeaddrinfo(found);
    return error;
}

const char *carillon_error_text(int error) {
    // strerror may use one buffer for all threads.
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}

const char *carillon_look_up_error(int error) { return gai_strerror(error); }

int carillon_format_address(const void *octets, size_t size, char *text, size_t room) {
    char host[INET6_ADDRSTRLEN];
    struct sockaddr_storage address;
    if (size < sizeof(sa_family_t) || size > sizeof address) return -EINVAL;
    memcpy(&address, octets, size);
    if (address.ss_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        return snprintf(text, room, "%s:%u", host, ntohs(v4->sin_port));
    }
    if (address.ss_family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        return snprintf(text, room, "[%s]:%u", host, ntohs(v6->sin6_port));
    }
    return -EAFNOSUPPORT;
}

int carillon_peer_name(int descriptor, char *text, size_t room) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getpeername(descriptor, (struct sockaddr *)&address, &size) != 0) return -errno;
    return carillon_format_address(&address, size, text, room);
}

void carillon_descriptor_limit(uint64_t *soft, uint64_t *hard, bool raise) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = limit.rlim_max = 1024;
    if (raise && limit.rlim_cur < limit.rlim_max) {
        struct rlimit wanted = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &wanted) == 0) limit = wanted;
    }
    *soft = limit.rlim_cur;
    *hard = limit.rlim_max;
}
