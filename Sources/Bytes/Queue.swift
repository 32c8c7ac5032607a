// Queue — first in, first out, on an array.

/// Elements in order of arrival.
@frozen
@usableFromInline
package struct Queue<Element> {
    /// `nil` where an element has been taken out: what it held is let go at once.
    @usableFromInline internal var elements: [Element?] = []
    @usableFromInline internal var head = 0

    @inlinable
    package init() {}

    @inlinable package var count: Int { elements.count - head }
    @inlinable package var isEmpty: Bool { head == elements.count }
    @inlinable package var first: Element? { isEmpty ? nil : elements[head] }

    @inlinable
    package mutating func append(_ element: Element) { elements.append(element) }

    /// Puts an element in front of all others, as if it had come first.
    ///
    /// - Complexity: O(1) where the place of one that was taken is left, O(count) otherwise.
    @inlinable
    package mutating func prepend(_ element: Element) {
        if head > 0 {
            head -= 1
            elements[head] = element
        } else {
            elements.insert(element, at: 0)
        }
    }

    /// Takes out the oldest element.
    ///
    /// - Complexity: O(1) amortized: the places of those taken are dropped when they are more than
    ///   half of all.
    @inlinable
    package mutating func popFirst() -> Element? {
        guard !isEmpty else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}

extension Queue: Sendable where Element: Sendable {}
