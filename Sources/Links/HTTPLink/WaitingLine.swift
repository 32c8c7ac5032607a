// WaitingLine — numbers, first in, first out, of which some are gone before it is their turn.
//
// Who leaves tells the line nothing: it asks whether a number is still there when it comes to it,
// and closes its ranks when most of them are gone.

struct WaitingLine {
    private var list: [UInt64] = []
    private var head = 0

    /// Those that wait, and some that have left.
    var numbers: ArraySlice<UInt64> { list[head...] }

    mutating func append(_ number: UInt64) { list.append(number) }

    /// The first that is still there; it stays.
    mutating func first(_ isThere: (UInt64) -> Bool) -> UInt64? {
        while head < list.count {
            if isThere(list[head]) { return list[head] }
            head += 1
        }
        list.removeAll(keepingCapacity: true)
        head = 0
        return nil
    }

    /// Takes the first that is still there.
    mutating func next(_ isThere: (UInt64) -> Bool) -> UInt64? {
        guard let number = first(isThere) else { return nil }
        head += 1
        return number
    }

    /// Keeps the line as short as those who still wait in it ask for.
    mutating func tidy(liveCount: Int, _ isThere: (UInt64) -> Bool) {
        guard list.count > 2 * liveCount + 64 else { return }
        list = list[head...].filter(isThere)
        head = 0
    }
}
