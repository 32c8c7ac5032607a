// ItemWriter — writes values straight into a buffer, the same way in every serialization.
//
//     var event = Writer()
//     let message = event.beginArray(count: 6, into: &frame)
//     event.append(integer: 36, into: &frame)
//     event.append(unsigned: subscription, into: &frame)
//     event.append(unsigned: publication, into: &frame)
//     let details = event.beginMap(into: &frame)       // counts its members itself
//     event.append(key: "topic", into: &frame)
//     event.append(string: topic, into: &frame)
//     event.end(details, into: &frame)
//     event.append(encoded: arguments, into: &frame)   // as a publisher wrote them
//     event.append(encoded: keywords, into: &frame)
//     event.end(message, into: &frame)
//
// JSON needs commas and closing brackets, the binary ones need counts in front. A count that is not
// told is put in afterwards: one octet is left for it, and only more than 15 items (CBOR 23) make
// it necessary to move what was written behind it. Integers, sizes and counts take the shortest
// form. Wrong nesting and counts are ours, so they stop the process.

public import Bytes

/// Appends items to a buffer: one message, or the values inside a container that is open.
///
/// A writer is a few words and belongs to one message. The buffer must not be shortened or get
/// anything else while a message is written.
@usableFromInline
package protocol ItemWriter {
    static var serialization: Serialization { get }

    init()

    mutating func appendNull(into buffer: inout OctetBuffer)
    mutating func append(bool value: Bool, into buffer: inout OctetBuffer)
    mutating func append(unsigned value: UInt64, into buffer: inout OctetBuffer)
    mutating func append(integer value: Int64, into buffer: inout OctetBuffer)

    /// Appends an integer; MessagePack takes those below -2^63 as the nearest float64.
    mutating func append(whole value: WholeNumber, into buffer: inout OctetBuffer)

    /// Appends an integer; MessagePack takes what does not fit 64 bits as the nearest float64.
    mutating func append(wide value: WideInteger, into buffer: inout OctetBuffer)

    /// Appends a float64; JSON takes NaN and the infinities as `null`.
    mutating func append(float value: Double, into buffer: inout OctetBuffer)

    /// Appends a string, which is UTF-8.
    mutating func append(string text: RawSpan, into buffer: inout OctetBuffer)

    /// Appends a string, which is ASCII without quotes, backslashes and control characters.
    mutating func append(string text: StaticString, into buffer: inout OctetBuffer)

    /// Appends an octet string; in JSON U+0000 and base 64.
    mutating func append(octets: RawSpan, into buffer: inout OctetBuffer)

    /// Appends the octet string that `text`, which is base 64, stands for.
    mutating func append(base64 text: RawSpan, into buffer: inout OctetBuffer)

    /// Appends what is written in this serialization already.
    ///
    /// - Parameter count: How many items that is; in JSON their commas must be between them.
    mutating func append(encoded items: RawSpan, count: Int, into buffer: inout OctetBuffer)

    /// Begins an array of `count` items, or as many as come.
    mutating func beginArray(count: Int?, into buffer: inout OctetBuffer) -> Opening

    /// Begins a map of `count` members, or as many as come.
    mutating func beginMap(count: Int?, into buffer: inout OctetBuffer) -> Opening

    /// Appends the key of a member, which is UTF-8; its value comes next.
    mutating func append(key: RawSpan, into buffer: inout OctetBuffer)

    /// Appends the key of a member, which is ASCII without quotes, backslashes and control
    /// characters; its value comes next.
    mutating func append(key: StaticString, into buffer: inout OctetBuffer)

    /// Ends the innermost container.
    mutating func end(_ opening: Opening, into buffer: inout OctetBuffer)

    /// Notes that one item comes next that somebody else appends, and places the comma for it.
    mutating func prepareItem(into buffer: inout OctetBuffer)
}

extension ItemWriter {
    @inlinable
    package mutating func append(string text: String, into buffer: inout OctetBuffer) {
        var text = text
        text.withUTF8 { unsafe append(string: $0.span.bytes, into: &buffer) }
    }

    @inlinable
    package mutating func append(encoded item: RawSpan, into buffer: inout OctetBuffer) {
        append(encoded: item, count: 1, into: &buffer)
    }

    @inlinable
    package mutating func beginArray(into buffer: inout OctetBuffer) -> Opening {
        beginArray(count: nil, into: &buffer)
    }

    @inlinable
    package mutating func beginMap(into buffer: inout OctetBuffer) -> Opening {
        beginMap(count: nil, into: &buffer)
    }

    /// Appends a map without members.
    @inlinable
    package mutating func appendEmptyMap(into buffer: inout OctetBuffer) {
        let map = beginMap(count: 0, into: &buffer)
        end(map, into: &buffer)
    }
}

/// A container that is being written.
@frozen
@usableFromInline
package struct Opening {
    /// Where its first octet is in the buffer.
    @usableFromInline internal let place: Int
    @usableFromInline internal let isMap: Bool
    @usableFromInline internal let announcedCount: Int?
    /// Items written so far in the container around it, this one included.
    @usableFromInline internal let outerCount: Int

    @inlinable
    internal init(place: Int, isMap: Bool, announcedCount: Int?, outerCount: Int) {
        self.place = place
        self.isMap = isMap
        self.announcedCount = announcedCount
        self.outerCount = outerCount
    }
}

/// How many items the innermost open container has so far; what the three writers keep.
@frozen
@usableFromInline
internal struct ItemCount {
    /// Items of an array, members of a map.
    @usableFromInline internal var count = 0
    /// Whether the next item is the value of the key that was just written.
    @usableFromInline internal var isAfterKey = false

    @inlinable
    internal init() {}

    /// Notes items.
    ///
    /// - Returns: Whether JSON wants a comma in front of them.
    @inlinable
    @inline(__always)
    internal mutating func add(_ itemCount: Int = 1) -> Bool {
        if isAfterKey {
            assert(itemCount == 1)
            isAfterKey = false
            return false
        }
        defer { count &+= itemCount }
        return count > 0
    }

    /// Notes a key.
    ///
    /// - Returns: Whether JSON wants a comma in front of it.
    @inlinable
    @inline(__always)
    internal mutating func addKey() -> Bool {
        precondition(!isAfterKey, "a key without a value")
        isAfterKey = true
        defer { count &+= 1 }
        return count > 0
    }

    /// Enters a container that is noted already and begins at the end of `buffer`.
    @inlinable
    @inline(__always)
    internal mutating func begin(
        isMap: Bool, count announced: Int?, at buffer: borrowing OctetBuffer
    ) -> Opening {
        defer { count = 0 }
        return Opening(
            place: buffer.count, isMap: isMap, announcedCount: announced, outerCount: count)
    }

    /// Leaves a container.
    ///
    /// - Returns: How many items it has.
    @inlinable
    @inline(__always)
    internal mutating func end(_ opening: Opening, in buffer: borrowing OctetBuffer) -> Int {
        precondition(!isAfterKey, "a key without a value")
        precondition(opening.place < buffer.count)
        if let announced = opening.announcedCount {
            precondition(announced == count, "not as many items as announced")
        }
        defer { count = opening.outerCount }
        return count
    }
}
