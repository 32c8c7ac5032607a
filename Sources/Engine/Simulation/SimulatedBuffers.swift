// SimulatedBuffers — the provided receive buffers of a simulated ring, with an account of them.
//
// A buffer is available, lent to the core, or given back and not published yet. What was given
// back is poisoned at once, so whoever still reads it reads nonsense.

/// Safety: `storage` is allocated in `init`, freed in `deinit`, and every access is bounded by
/// `count` and `size`.
@safe
final class SimulatedBuffers {
    enum State: UInt8 { case available, lent, returned }

    let count: Int
    let size: Int
    private let storage: UnsafeMutableRawPointer
    private var states: [State]
    private var available: [UInt16]
    private var returned: [UInt16] = []

    init(count: Int, size: Int) {
        self.count = count
        self.size = size
        unsafe storage = .allocate(byteCount: count * size, alignment: 16)
        states = Array(repeating: .available, count: count)
        available = (0..<count).map { UInt16($0) }
    }

    deinit { unsafe storage.deallocate() }

    var isExhausted: Bool { available.isEmpty }

    /// Buffers the core has and has not given back.
    var lentCount: Int { count - available.count - returned.count }

    /// Lends a buffer, the one longest unused.
    func lend() -> UInt16? {
        guard !available.isEmpty else { return nil }
        let id = available.removeFirst()
        states[Int(id)] = .lent
        return id
    }

    /// - Returns: Whether the buffer was lent, as it has to be.
    func recycle(_ id: UInt16) -> Bool {
        guard Int(id) < count, states[Int(id)] == .lent else { return false }
        states[Int(id)] = .returned
        unsafe (storage + Int(id) * size).initializeMemory(
            as: UInt8.self, repeating: 0xDD, count: size)
        returned.append(id)
        return true
    }

    /// Makes everything given back available; kernels without buffer rings do it one by one.
    func publish() {
        for id in returned { states[Int(id)] = .available }
        available.append(contentsOf: returned)
        returned.removeAll(keepingCapacity: true)
    }

    func provide(_ id: UInt16) {
        guard let place = returned.firstIndex(of: id) else { return }
        returned.remove(at: place)
        states[Int(id)] = .available
        available.append(id)
    }

    func isLent(_ id: UInt16) -> Bool { Int(id) < count && states[Int(id)] == .lent }

    @unsafe
    func octets(of id: UInt16, size: Int) -> UnsafeMutableRawBufferPointer {
        precondition(isLent(id) && size >= 0 && size <= self.size)
        return unsafe UnsafeMutableRawBufferPointer(
            start: storage + Int(id) * self.size, count: size)
    }
}
