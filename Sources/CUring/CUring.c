// The only file that includes liburing.h. Set-up and registration are liburing's; submission and
// reaping follow its documented queue layout, so that one enter submits, runs deferred task work
// and waits, whatever is already in the completion queue.
#define _GNU_SOURCE
#include "CUring.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const void *carillon_no_address(void) {
    static const uint64_t address[2];  // AF_UNSPEC is 0
    return address;
}

#define SAME(ours, theirs)                                                                         \
    _Static_assert(offsetof(carillon_sqe, ours) == offsetof(struct io_uring_sqe, theirs), #ours)
_Static_assert(sizeof(carillon_sqe) == sizeof(struct io_uring_sqe), "submission entry");
_Static_assert(sizeof(carillon_cqe) == sizeof(struct io_uring_cqe), "completion entry");
SAME(ioprio, ioprio);
SAME(fd, fd);
SAME(offset, off);
SAME(address, addr);
SAME(length, len);
SAME(operation_flags, msg_flags);
SAME(user_data, user_data);
SAME(buffer_group, buf_group);
SAME(file_index, file_index);
SAME(address3, addr3);
_Static_assert(offsetof(carillon_cqe, result) == offsetof(struct io_uring_cqe, res), "result");
_Static_assert(offsetof(carillon_cqe, flags) == offsetof(struct io_uring_cqe, flags), "flags");
_Static_assert(CARILLON_OP_SENDMSG == IORING_OP_SENDMSG && CARILLON_OP_ACCEPT == IORING_OP_ACCEPT, "");
_Static_assert(CARILLON_OP_ASYNC_CANCEL == IORING_OP_ASYNC_CANCEL && CARILLON_OP_CONNECT == IORING_OP_CONNECT, "");
_Static_assert(CARILLON_OP_CLOSE == IORING_OP_CLOSE && CARILLON_OP_READ == IORING_OP_READ, "");
_Static_assert(CARILLON_OP_SEND == IORING_OP_SEND && CARILLON_OP_RECV == IORING_OP_RECV, "");
_Static_assert(CARILLON_OP_SHUTDOWN == IORING_OP_SHUTDOWN && CARILLON_OP_SOCKET == IORING_OP_SOCKET, "");
_Static_assert(CARILLON_OP_MSG_RING == IORING_OP_MSG_RING && CARILLON_OP_URING_CMD == IORING_OP_URING_CMD, "");
_Static_assert(CARILLON_OP_PROVIDE_BUFFERS == IORING_OP_PROVIDE_BUFFERS, "");
_Static_assert(CARILLON_OP_POLL_ADD == IORING_OP_POLL_ADD && CARILLON_OP_NOP == IORING_OP_NOP, "");
_Static_assert(CARILLON_SETUP_SINGLE_ISSUER == IORING_SETUP_SINGLE_ISSUER, "");
_Static_assert(CARILLON_SETUP_DEFER_TASKRUN == IORING_SETUP_DEFER_TASKRUN, "");
_Static_assert(CARILLON_SQE_FIXED_FILE == IOSQE_FIXED_FILE && CARILLON_SQE_BUFFER_SELECT == IOSQE_BUFFER_SELECT, "");
_Static_assert(CARILLON_SQE_SKIP_SUCCESS == IOSQE_CQE_SKIP_SUCCESS, "");
_Static_assert(CARILLON_ACCEPT_MULTISHOT == IORING_ACCEPT_MULTISHOT && CARILLON_RECV_MULTISHOT == IORING_RECV_MULTISHOT, "");
_Static_assert(CARILLON_CQE_BUFFER == IORING_CQE_F_BUFFER && CARILLON_CQE_MORE == IORING_CQE_F_MORE, "");
_Static_assert(CARILLON_SQ_CQ_OVERFLOW == IORING_SQ_CQ_OVERFLOW, "");

struct carillon_ring {
    struct io_uring ring;
    bool registered;
};

int carillon_ring_create(uint32_t entries, uint32_t completions, uint32_t flags, carillon_ring **result) {
    carillon_ring *made = calloc(1, sizeof *made);
    if (!made) return -ENOMEM;
    struct io_uring_params parameters = {.flags = flags, .cq_entries = completions};
    int status = io_uring_queue_init_params(entries, &made->ring, &parameters);
    if (status < 0) {
        free(made);
        return status;
    }
    // A fork must not share the queues (the library may live in any process).
    io_uring_ring_dontfork(&made->ring);
    // Entry i always stands at place i, so submitting is one store of the tail.
    for (uint32_t i = 0; i < made->ring.sq.ring_entries; i++) made->ring.sq.array[i] = i;
    *result = made;
    return 0;
}

void carillon_ring_destroy(carillon_ring *ring) {
    io_uring_queue_exit(&ring->ring);
    free(ring);
}

int carillon_ring_descriptor(const carillon_ring *ring) { return ring->ring.ring_fd; }
uint32_t carillon_ring_features(const carillon_ring *ring) { return ring->ring.features; }

bool carillon_ring_supports(carillon_ring *ring, int opcode) {
    struct io_uring_probe *probe = io_uring_get_probe_ring(&ring->ring);
    if (!probe) return false;
    bool supported = io_uring_opcode_supported(probe, opcode);
    io_uring_free_probe(probe);
    return supported;
}

int carillon_ring_register_self(carillon_ring *ring) {
    int status = io_uring_register_ring_fd(&ring->ring);
    ring->registered = status == 1;
    return status;
}

int carillon_ring_register_files(carillon_ring *ring, uint32_t count) {
    return io_uring_register_files_sparse(&ring->ring, count);
}

int carillon_ring_place_file(carillon_ring *ring, uint32_t index, int descriptor) {
    return io_uring_register_files_update(&ring->ring, index, &descriptor, 1);
}

bool carillon_ring_push(carillon_ring *ring, const carillon_sqe *entry) {
    struct io_uring_sq *queue = &ring->ring.sq;
    uint32_t head = __atomic_load_n(queue->khead, __ATOMIC_ACQUIRE);
    if (queue->sqe_tail - head >= queue->ring_entries) return false;
    memcpy(&queue->sqes[queue->sqe_tail & queue->ring_mask], entry, sizeof *entry);
    queue->sqe_tail++;
    return true;
}

uint32_t carillon_ring_unsubmitted(const carillon_ring *ring) {
    return ring->ring.sq.sqe_tail - __atomic_load_n(ring->ring.sq.khead, __ATOMIC_ACQUIRE);
}

int carillon_ring_enter(carillon_ring *ring, uint32_t wait_count, int64_t timeout) {
    struct io_uring_sq *queue = &ring->ring.sq;
    __atomic_store_n(queue->ktail, queue->sqe_tail, __ATOMIC_RELEASE);
    struct __kernel_timespec time = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
    struct io_uring_getevents_arg argument = {.ts = (uint64_t)(uintptr_t)&time};
    unsigned flags = IORING_ENTER_GETEVENTS | (ring->registered ? IORING_ENTER_REGISTERED_RING : 0);
    bool timed = wait_count > 0 && timeout >= 0;
    if (timed) flags |= IORING_ENTER_EXT_ARG;
    return io_uring_enter2((unsigned)ring->ring.enter_ring_fd, carillon_ring_unsubmitted(ring), wait_count,
                           flags, timed ? (sigset_t *)&argument : NULL, timed ? sizeof argument : _NSIG / 8);
}

uint32_t carillon_ring_reap(carillon_ring *ring, carillon_cqe *into, uint32_t room) {
    struct io_uring_cq *queue = &ring->ring.cq;
    uint32_t head = *queue->khead, tail = __atomic_load_n(queue->ktail, __ATOMIC_ACQUIRE);
    uint32_t count = tail - head < room ? tail - head : room;
    for (uint32_t i = 0; i < count; i++)
        memcpy(&into[i], &queue->cqes[(head + i) & queue->ring_mask], sizeof *into);
    __atomic_store_n(queue->khead, head + count, __ATOMIC_RELEASE);
    return count;
}

bool carillon_ring_overflowed(const carillon_ring *ring) {
    return __atomic_load_n(ring->ring.sq.kflags, __ATOMIC_RELAXED) & IORING_SQ_CQ_OVERFLOW;
}

uint32_t carillon_ring_dropped(const carillon_ring *ring) {
    return __atomic_load_n(ring->ring.cq.koverflow, __ATOMIC_RELAXED);
}

struct carillon_buffers {
    struct io_uring_buf_ring *ring;
    size_t size;
    uint16_t mask, group, tail;
};

int carillon_buffers_create(carillon_ring *ring, uint16_t group, uint32_t count, carillon_buffers **result) {
    carillon_buffers *made = calloc(1, sizeof *made);
    if (!made) return -ENOMEM;
    made->size = count * sizeof(struct io_uring_buf);
    made->mask = (uint16_t)(count - 1);
    made->group = group;
    made->ring = mmap(NULL, made->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (made->ring == MAP_FAILED) {
        free(made);
        return -ENOMEM;
    }
    madvise(made->ring, made->size, MADV_DONTFORK);
    struct io_uring_buf_reg registration = {
        .ring_addr = (uint64_t)(uintptr_t)made->ring, .ring_entries = count, .bgid = group};
    int status = io_uring_register_buf_ring(&ring->ring, &registration, 0);
    if (status < 0) {
        munmap(made->ring, made->size);
        free(made);
        return status;
    }
    *result = made;
    return 0;
}

void carillon_buffers_destroy(carillon_ring *ring, carillon_buffers *buffers) {
    io_uring_unregister_buf_ring(&ring->ring, buffers->group);
    munmap(buffers->ring, buffers->size);
    free(buffers);
}

void carillon_buffers_add(carillon_buffers *buffers, void *address, uint32_t size, uint16_t id) {
    struct io_uring_buf *buffer = &buffers->ring->bufs[buffers->tail & buffers->mask];
    buffer->addr = (uint64_t)(uintptr_t)address;
    buffer->len = size;
    buffer->bid = id;
    buffers->tail++;
}

void carillon_buffers_publish(carillon_buffers *buffers) {
    __atomic_store_n(&buffers->ring->tail, buffers->tail, __ATOMIC_RELEASE);
}
