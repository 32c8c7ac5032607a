// PayloadTable — one JSON value and args + kwargs, each read as the other (One-Hub.md).
//
// | from | to | rule |
// |---|---|---|
// | value `D` | arguments | `args = [D]` |
// | nothing | value | `null` |
// | one argument, no keywords | value | that argument |
// | keywords only | value | the map |
// | arguments only | value | the list |
// | both | value | `{"args":[…],"kwargs":{…}}` |

internal import Bytes
internal import Codecs

extension Arguments {
    /// A JSON value as the only argument.
    package convenience init(value: [UInt8]) {
        var octets: [UInt8] = []
        octets.reserveCapacity(value.count + 2)
        octets.append(0x5B)
        octets.append(contentsOf: value)
        octets.append(0x5D)
        let list = Extent(0..<octets.count)
        self.init(octets: octets, serialization: .json, arguments: list)
    }

    /// No arguments at all.
    package convenience init() {
        self.init(octets: [], serialization: .json, arguments: .absent)
    }

    /// Everything as one JSON value.
    ///
    /// - Complexity: O(octets); one copy where they are JSON already.
    package func value() -> [UInt8] {
        let list = json(arguments)
        let map = json(keywords)
        guard Self.holdsSomething(map) else {
            return list.isEmpty ? Self.null : Self.soleItem(of: list) ?? list
        }
        guard Self.holdsSomething(list) else { return map }
        var both = OctetBuffer(capacity: list.count + map.count + 20)
        both.append(#"{"args":"#)
        both.append(list)
        both.append(#","kwargs":"#)
        both.append(map)
        both.append(0x7D)
        return both.octets.array
    }

    /// The arguments as JSON; nothing when there are none.
    package var listText: [UInt8] { json(arguments) }

    /// The keywords as JSON; nothing when there are none.
    package var keywordText: [UInt8] { json(keywords) }

    private static let null = Array("null".utf8)

    /// The value at a place as JSON; nothing when it is absent. Octets that pass through unseen
    /// (the older payload passthru) become a string, as all octet strings do.
    private func json(_ place: Extent) -> [UInt8] {
        guard !place.isAbsent else { return [] }
        let octets = octets
        let encoded = unsafe octets.span.bytes.extracting(place.range)
        if serialization == .json { return encoded.array }
        var text = OctetBuffer(capacity: encoded.byteCount * 2)
        var writer = JSONWriter()
        // What was decoded once is valid; its depth is limited alike in all serializations.
        guard
            (try? writer.append(transcoding: encoded, from: serialization, into: &text)) != nil
        else { return Self.null }
        return text.octets.array
    }

    /// Whether there is anything but white space between the brackets of a list or map.
    private static func holdsSomething(_ text: [UInt8]) -> Bool {
        text.dropFirst().dropLast().contains { $0 > 0x20 }
    }

    /// The item of a list that has one; `null` for an empty list, `nil` for longer ones and what
    /// is no list.
    private static func soleItem(of list: [UInt8]) -> [UInt8]? {
        let span = list.span
        var reader = unsafe JSONReader(span.bytes)
        guard reader.isAtArray(), var items = try? reader.beginArray() else { return nil }
        guard (try? reader.next(&items)) == true else { return null }
        guard let item = try? reader.item(), (try? reader.next(&items)) == false else {
            return nil
        }
        return Array(list[item.range])
    }
}
