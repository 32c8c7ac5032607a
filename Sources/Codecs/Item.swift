// Item — a value as a place in its octets, whatever the serialization.
//
// A router forwards payload and looks at a few integers and strings, so an item is a kind and two
// ranges on the stack. What it says is read from its octets when somebody asks: ``ItemReader``.

/// What kind of value an item is.
///
/// `float` is a number that was not written as an integer: `1.0` in JSON, too. CBOR's undefined
/// and unassigned simple values are `null`, MessagePack's extensions are `octets`.
@frozen
@usableFromInline
package enum ItemKind: UInt8, Sendable {
    case null, `false`, `true`, integer, float, string, octets, array, map
}

/// One value, delimited and validated.
@frozen
@usableFromInline
package struct Item: Equatable, Sendable {
    @usableFromInline package let kind: ItemKind
    /// Whether ``contents`` are what a string or octet string says; otherwise JSON's escapes or
    /// CBOR's chunks have to be resolved first. `true` for every other kind.
    @usableFromInline package let isPlain: Bool
    /// The octets of the whole value: quotes, heads and CBOR's tags included.
    @usableFromInline package let range: Range<Int>
    /// The octets inside: without quotes, head and tags for strings and octet strings, without
    /// tags for everything else.
    @usableFromInline package let contents: Range<Int>

    @inlinable
    package init(kind: ItemKind, isPlain: Bool = true, range: Range<Int>, contents: Range<Int>) {
        self.kind = kind
        self.isPlain = isPlain
        self.range = range
        self.contents = contents
    }
}

/// How far one array or map has been walked through.
@frozen
@usableFromInline
package struct Container {
    @usableFromInline package let isMap: Bool
    /// Items of an array or members of a map, if that stood in front of them.
    @usableFromInline package let announcedCount: Int?
    /// Items or members still to come when announced; those met so far otherwise.
    @usableFromInline internal var count: Int

    @inlinable
    internal init(isMap: Bool, announcedCount: Int?) {
        self.isMap = isMap
        self.announcedCount = announcedCount
        count = announcedCount ?? 0
    }
}
