// Lock — a mutex for the few places that need one, none of them on the way of a publication.
//
// It is a pthread mutex and not `Synchronization.Mutex`, which on Linux locks inside a library
// that the thread sanitizer does not see into: everything guarded by it is reported as a race, and
// real reports drown. This one the sanitizer knows.

internal import Glibc

/// A mutex; it guards whatever its owner says it guards.
///
/// Safety: the mutex has an allocation of its own, since it must not move, made in `init`, freed
/// in `deinit` and reached nowhere else.
@safe
@frozen
@usableFromInline
package struct Lock: ~Copyable, @unchecked Sendable {
    @usableFromInline internal let storage: UnsafeMutableRawPointer

    package init() {
        let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
        unsafe mutex.initialize(to: pthread_mutex_t())
        let status = unsafe pthread_mutex_init(mutex, nil)
        precondition(status == 0, "a mutex could not be made")
        unsafe storage = UnsafeMutableRawPointer(mutex)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Runs `body` while no other thread runs one under this lock. Not recursive.
    @inlinable
    package func withLock<R, E>(_ body: () throws(E) -> R) throws(E) -> R {
        acquire()
        defer { release() }
        return try body()
    }

    @usableFromInline
    internal func acquire() {
        let status = unsafe pthread_mutex_lock(mutex)
        precondition(status == 0, "a mutex could not be locked")
    }

    @usableFromInline
    internal func release() {
        let status = unsafe pthread_mutex_unlock(mutex)
        precondition(status == 0, "a mutex was unlocked by a stranger")
    }

    private var mutex: UnsafeMutablePointer<pthread_mutex_t> {
        unsafe storage.assumingMemoryBound(to: pthread_mutex_t.self)
    }
}
