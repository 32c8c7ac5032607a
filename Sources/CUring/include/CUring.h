// CUring — liburing behind an opaque face, so that Swift never sees liburing.h.
//
// Beside Glibc that header does not compile (fd_set is defined twice), so the entries of both
// queues are mirrored here and CUring.c asserts that they are the kernel's. Constants newer than
// liburing 2.3 are written out with the kernel that brought them.
#ifndef CARILLON_CURING_H
#define CARILLON_CURING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct carillon_ring carillon_ring;

// A submission entry (struct io_uring_sqe), 64 octets.
typedef struct {
    uint8_t opcode;
    uint8_t flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t offset;  // also addr2, and cmd_op in its lower half
    uint64_t address; // also level and optname of a socket command
    uint32_t length;
    uint32_t operation_flags;
    uint64_t user_data;
    uint16_t buffer_group;
    uint16_t personality;
    uint32_t file_index; // also optlen
    uint64_t address3;   // also optval
    uint64_t padding;
} carillon_sqe;

// A completion entry (struct io_uring_cqe), 16 octets.
typedef struct {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
} carillon_cqe;

// Opcodes used.
enum {
    CARILLON_OP_NOP = 0,
    CARILLON_OP_POLL_ADD = 6,
    CARILLON_OP_SENDMSG = 9,
    CARILLON_OP_ACCEPT = 13,
    CARILLON_OP_ASYNC_CANCEL = 14,
    CARILLON_OP_CONNECT = 16,
    CARILLON_OP_CLOSE = 19,
    CARILLON_OP_READ = 22,
    CARILLON_OP_SEND = 26,
    CARILLON_OP_RECV = 27,
    CARILLON_OP_PROVIDE_BUFFERS = 31,
    CARILLON_OP_SHUTDOWN = 34,
    CARILLON_OP_SOCKET = 45,
    CARILLON_OP_MSG_RING = 40,
    CARILLON_OP_URING_CMD = 46,
};

enum {
    CARILLON_SETUP_CQSIZE = 1 << 3,
    CARILLON_SETUP_SUBMIT_ALL = 1 << 7,
    CARILLON_SETUP_COOP_TASKRUN = 1 << 8,
    CARILLON_SETUP_SINGLE_ISSUER = 1 << 12,
    CARILLON_SETUP_DEFER_TASKRUN = 1 << 13,
};
enum { CARILLON_SQE_FIXED_FILE = 1, CARILLON_SQE_BUFFER_SELECT = 32, CARILLON_SQE_SKIP_SUCCESS = 64 };
enum { CARILLON_ACCEPT_MULTISHOT = 1, CARILLON_RECV_MULTISHOT = 2 };
enum { CARILLON_CQE_BUFFER = 1, CARILLON_CQE_MORE = 2 };
enum { CARILLON_SQ_CQ_OVERFLOW = 2 };
#define CARILLON_FILE_INDEX_ALLOC 0xFFFFFFFFu
// URING_CMD on sockets: 6.7.
enum { CARILLON_SOCKET_GETSOCKOPT = 2, CARILLON_SOCKET_SETSOCKOPT = 3 };

// Makes a ring; on success *ring is set and 0 returned, else -errno. `flags` as CARILLON_SETUP_*.
int carillon_ring_create(uint32_t entries, uint32_t completions, uint32_t flags, carillon_ring **ring);
void carillon_ring_destroy(carillon_ring *ring);
int carillon_ring_descriptor(const carillon_ring *ring);
uint32_t carillon_ring_features(const carillon_ring *ring);
bool carillon_ring_supports(carillon_ring *ring, int opcode);
int carillon_ring_register_self(carillon_ring *ring);
int carillon_ring_register_files(carillon_ring *ring, uint32_t count);
// Puts a descriptor of the process into place `index` of the ring's table. 1 or -errno.
int carillon_ring_place_file(carillon_ring *ring, uint32_t index, int descriptor);

// An address of no family: connecting to it ends a connection at once (connect(2)).
const void *carillon_no_address(void);

// Copies an entry into the queue; false while the queue is full.
bool carillon_ring_push(carillon_ring *ring, const carillon_sqe *entry);
// Entries prepared that the kernel has not consumed yet.
uint32_t carillon_ring_unsubmitted(const carillon_ring *ring);
// Submits, runs deferred work and waits for `wait_count` completions, at most `timeout` ns
// (negative: without end). Returns how many entries were consumed, or -errno (-ETIME: time is up).
int carillon_ring_enter(carillon_ring *ring, uint32_t wait_count, int64_t timeout);
// Copies up to `room` completions out and gives their places back to the kernel.
uint32_t carillon_ring_reap(carillon_ring *ring, carillon_cqe *into, uint32_t room);
// The kernel holds completions that found no place; the next enter brings them.
bool carillon_ring_overflowed(const carillon_ring *ring);
// Completions lost for good (never, with NODROP).
uint32_t carillon_ring_dropped(const carillon_ring *ring);

// A ring of `count` (a power of two) provided buffers as group `group`.
typedef struct carillon_buffers carillon_buffers;
int carillon_buffers_create(carillon_ring *ring, uint16_t group, uint32_t count, carillon_buffers **buffers);
void carillon_buffers_destroy(carillon_ring *ring, carillon_buffers *buffers);
void carillon_buffers_add(carillon_buffers *buffers, void *address, uint32_t size, uint16_t id);
void carillon_buffers_publish(carillon_buffers *buffers);

#endif
