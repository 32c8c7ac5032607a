// Guarded — a value that only its lock's holder can reach.

/// A value with a lock of its own (see ``Lock`` for why not `Synchronization.Mutex`).
///
/// A function, or an optional one, is guarded as the property of a struct: by itself it is wrapped
/// at every `withLock`, on the way in and on the way out, and after some ten thousand of them one
/// call overflows the stack (Swift 6.3.1, reabstraction of a value of generic type that is lent
/// `inout`).
///
/// Safety: `storage` is allocated in `init`, freed in `deinit`, and reached only under `lock`.
@safe
package struct Guarded<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let lock = Lock()
    private let storage: UnsafeMutablePointer<Value>

    package init(_ value: consuming sending Value) {
        unsafe storage = .allocate(capacity: 1)
        unsafe storage.initialize(to: value)
    }

    deinit {
        unsafe storage.deinitialize(count: 1)
        unsafe storage.deallocate()
    }

    /// Lends the value to `body`; no other thread has it meanwhile. Not recursive.
    package func withLock<R, E>(_ body: (inout Value) throws(E) -> R) throws(E) -> R {
        try lock.withLock { () throws(E) -> R in try unsafe body(&storage.pointee) }
    }
}
