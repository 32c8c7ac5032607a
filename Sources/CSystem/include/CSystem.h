// CSystem — what Glibc's Swift module hides for want of _GNU_SOURCE: affinity, eventfd, sockets
// with flags, and the memory advice that forks need.
#ifndef CARILLON_CSYSTEM_H
#define CARILLON_CSYSTEM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// CPUs of the process's affinity mask, in order; returns how many there are (at most `room`).
int carillon_allowed_cpus(int *cpus, int room);
// Pins the calling thread. 0 or -errno.
int carillon_pin_thread(int cpu);
// Names the calling thread (15 octets at most) and blocks all its signals.
void carillon_prepare_thread(const char *name, bool block_signals);
// Lets the calling thread's timers fire on time (slack of 1 ns in place of 50 us).
void carillon_sharpen_timers(void);
// CPU time of the calling thread, ns.
uint64_t carillon_thread_cpu_now(void);
// A file of memory that processes can share by its descriptor, all zero. Descriptor (not closed on
// exec) or -errno.
int carillon_shared_create(size_t size);
// Maps such a file; NULL when it cannot be.
void *carillon_shared_map(int descriptor, size_t size);
// A non-blocking, close-on-exec eventfd. Descriptor or -errno.
int carillon_eventfd(void);
int carillon_eventfd_signal(int descriptor);
// Monotonic nanoseconds.
uint64_t carillon_monotonic_now(void);
// Anonymous, populated, page-aligned memory that a fork does not copy; NULL when there is none.
void *carillon_pages(size_t size, bool populate);
void carillon_pages_release(void *pages, size_t size);
// Opens a listening TCP socket with SO_REUSEADDR, optional SO_REUSEPORT, TCP_NODELAY and
// TCP_NOTSENT_LOWAT (0: untouched) that accepted sockets inherit. `host` is a numeric address;
// *port is read, and set to the port bound. Descriptor or -errno.
int carillon_listen(const char *host, uint16_t *port, int backlog, bool reuse_port, uint32_t notsent_lowat);
// Whether a read, or an accept, would yield something at once.
bool carillon_is_readable(int descriptor);
// Lets the kernel probe accepted sockets that are silent for so many seconds, and end those that do
// not answer for so many more. 0 or -errno.
int carillon_probe_silent_peers(int listener, int idle, int patience);
// One file among all. Its number alone is given to the next one when it is gone.
struct carillon_file {
    uint64_t device, number, time;
};
// Opens a listening Unix socket whose file has the mode that the umask leaves. A socket file that
// nobody answers at is replaced; anything else there is EADDRINUSE. Which file it made goes to *made.
// Descriptor or -errno.
int carillon_listen_unix(const char *path, int backlog, struct carillon_file *made);
// Removes the file of a Unix socket, if it is still that one.
void carillon_remove_socket(const char *path, struct carillon_file made);
// Another descriptor, close-on-exec, to the same open file. Descriptor or -errno.
int carillon_duplicate(int descriptor);
// Opens a non-blocking TCP socket and starts connecting to a numeric address. Descriptor or -errno.
int carillon_connect(const char *host, uint16_t port, const char *source);
// Where `part` first stands in `text`, or NULL (memmem).
const void *carillon_find(const void *text, size_t size, const void *part, size_t part_size);
// Makes a later close of the socket a reset, which leaves no port behind in TIME_WAIT. 0 or -errno.
int carillon_reset_on_close(int descriptor);
// Sets the kernel's receive buffer of a socket, in octets. 0 or -errno.
int carillon_set_receive_buffer(int descriptor, int size);
// What the C library says about an errno, in English; for any thread, and never freed.
const char *carillon_error_text(int error);
// Looks up the first address of a host name; writes it in numbers. 0, or a getaddrinfo error.
int carillon_look_up(const char *host, char *text, size_t room);
const char *carillon_look_up_error(int error);
// Writes the numeric peer address of a connected socket, "host:port". Length or -errno.
int carillon_peer_name(int descriptor, char *text, size_t room);
// The same for the octets of a sockaddr.
int carillon_format_address(const void *address, size_t size, char *text, size_t room);
// RLIMIT_NOFILE: soft and hard. Raising sets soft to hard.
void carillon_descriptor_limit(uint64_t *soft, uint64_t *hard, bool raise);
#endif
