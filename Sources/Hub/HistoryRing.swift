// HistoryRing — a first-in, first-out run of elements that grows up to what its owner lets in.

/// Elements in order of arrival. Its storage doubles when it is full and never shrinks.
struct HistoryRing<Element: Sendable>: Sendable {
    /// The oldest element is at `head`; places that hold none are `nil`.
    private var slots: [Element?] = []
    private var head = 0
    private(set) var count = 0

    mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[place(count)] = element
        count += 1
    }

    /// Removes the oldest element; there must be one.
    mutating func removeFirst() -> Element {
        let element = self[0]
        slots[head] = nil
        head = place(1)
        count -= 1
        return element
    }

    /// The element at `index`, counted from the oldest.
    subscript(index: Int) -> Element {
        precondition(index >= 0 && index < count)
        return slots[place(index)]!
    }

    /// The slots are a power of two.
    private func place(_ index: Int) -> Int { (head + index) & (slots.count - 1) }

    private mutating func grow() {
        var larger = [Element?](repeating: nil, count: max(16, slots.count * 2))
        for index in 0..<count { larger[index] = self[index] }
        slots = larger
        head = 0
    }
}
