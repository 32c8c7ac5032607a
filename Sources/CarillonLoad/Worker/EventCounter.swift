// EventCounter — memory that the kernel writes a wake-up into.

/// Where the kernel writes what it read from an eventfd.
///
/// Safety: allocated in `init`, freed in `deinit`; whoever owns it keeps it longer than the ring.
@safe
struct EventCounter: ~Copyable {
    let pointer: UnsafeMutablePointer<UInt64>

    init() {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: 0)
    }

    deinit { unsafe pointer.deallocate() }
}
