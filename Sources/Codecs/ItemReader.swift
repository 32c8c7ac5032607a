// ItemReader — steps through a value without parsing it, the same way in every serialization.
//
// The caller goes as deep as it wants to know: `beginArray` and `next` step through items,
// `beginMap` and `nextKey` through members, `item` validates and skips a whole value.
//
//     var reader = Reader(message)
//     var elements = try reader.beginArray()
//     guard try reader.next(&elements), let code = reader.unsigned(try reader.item()) …
//     var options = try reader.beginMap()
//     while let key = try reader.nextKey(&options) {
//         if reader.string(key, equals: "acknowledge") { … = try reader.item() } …
//     }
//
// Nothing is allocated and nothing recurses. Every read is compared with the size first: no octets
// lead to a trap. Generic callers are specialized, there is no existential.

public import Bytes

/// A place in the octets of a value, moving forwards.
///
/// A reader that threw is at an undefined place and to be given up.
@usableFromInline
package protocol ItemReader: ~Escapable {
    static var serialization: Serialization { get }

    /// The octets being read. JSON's must be known to be UTF-8 (framing checks text messages, and
    /// `UTF8Checker.accepts` does for other transports); the binary readers check every string.
    var octets: RawSpan { @_lifetime(copy self) get }

    /// Where the next octet is read.
    var position: Int { get }

    /// Begins at the first octet.
    @_lifetime(copy octets)
    init(_ octets: RawSpan)

    /// Whether an array begins here; decides nothing else about it.
    mutating func isAtArray() -> Bool

    /// Whether a map begins here; decides nothing else about it.
    mutating func isAtMap() -> Bool

    /// Enters the array that begins here. Its items follow by ``next(_:)``.
    ///
    /// - Throws: `unexpectedKind` if something else begins here.
    mutating func beginArray() throws(CodecError) -> Container

    /// Moves to the next item of an array that was entered, or behind its end.
    ///
    /// - Returns: Whether there is an item; it must be read or entered next.
    mutating func next(_ array: inout Container) throws(CodecError) -> Bool

    /// Enters the map that begins here. Its members follow by ``nextKey(_:)``.
    ///
    /// - Throws: `unexpectedKind` if something else begins here.
    mutating func beginMap() throws(CodecError) -> Container

    /// Moves past the next key of a map that was entered, or behind the map's end.
    ///
    /// Keys that occur twice are passed on twice; that the last one counts is up to the caller.
    /// - Returns: The key, a string, or `nil` at the end; its value must be read or entered next.
    mutating func nextKey(_ map: inout Container) throws(CodecError) -> Item?

    /// Validates and skips one value with everything in it. O(octets).
    mutating func item() throws(CodecError) -> Item

    /// Makes sure that nothing follows (in JSON nothing but white space).
    mutating func end() throws(CodecError)

    /// The value of an integer from 0 to 2^64 - 1; `nil` for everything else.
    func unsigned(_ item: Item) -> UInt64?

    /// The value of an integer from -2^63 to 2^63 - 1; `nil` for everything else.
    func integer(_ item: Item) -> Int64?

    /// The float64 nearest to a number, integer or not; `nil` for everything else.
    func double(_ item: Item) -> Double?

    /// Whether a string says `text`, which is ASCII, however it is written.
    func string(_ item: Item, equals text: StaticString) -> Bool

    /// Whether the value is an octet string, by WAMP's convention for JSON as well: a string that
    /// is U+0000 and base 64.
    func isOctetString(_ item: Item) -> Bool

    /// Appends what a string says, as UTF-8.
    ///
    /// - Returns: `false` when it holds half of a surrogate pair, which JSON can write and UTF-8
    ///   cannot: U+FFFD stands in its place. Names are to be refused then, not repaired.
    func append(textOf item: Item, to text: inout OctetBuffer) -> Bool
}

extension ItemReader where Self: ~Escapable {
    /// Validates octets that are one value and nothing else.
    package static func document(_ octets: RawSpan) throws(CodecError) -> Item {
        var reader = Self(octets)
        let item = try reader.item()
        try reader.end()
        return item
    }
}
