// RoomTemplate — `number.{number}`: the room that a path's named groups make.
//
// A template is the text form of a room with names in braces. The dots that separate
// are those of the template: whatever a group's text is, it stays inside its segment, so two paths
// whose groups differ never make the same room by dots of their own.

import Bytes
import PathExpressions
import Rooms

/// What can be wrong with a template; reads on after "the room '…'".
package enum RoomTemplateError: Error, Equatable, CustomStringConvertible {
    case empty
    case unclosedBrace
    case unknownGroup(String)
    case invalidEscape
    case tooLong
    case tooManySegments

    package var description: String {
        switch self {
        case .empty: "is empty"
        case .unclosedBrace: "has a brace that is not closed"
        case .unknownGroup(let name): "names '{\(name)}', which is no group of the path"
        case .invalidEscape: "has a '%' without two hexadecimal digits"
        case .tooLong: "has more than \(Room.sizeLimit) octets"
        case .tooManySegments: "has more than \(Room.segmentLimit) segments"
        }
    }
}

/// A compiled template.
internal struct RoomTemplate: Sendable {
    private enum Part: Sendable {
        case octets([UInt8])
        case group(String)
    }

    /// For each segment what it is made of.
    private let segments: [[Part]]

    /// - Parameter names: The groups there are.
    init(_ text: String, names: [String]) throws(RoomTemplateError) {
        guard !text.isEmpty else { throw .empty }
        var segments: [[Part]] = [[]]
        var literal: [UInt8] = []
        var size = 0
        var rest = Array(text.utf8)[...]
        func close() {
            if !literal.isEmpty { segments[segments.count - 1].append(.octets(literal)) }
            literal = []
        }
        while let octet = rest.popFirst() {
            switch octet {
            case 0x2E:  // .
                close()
                segments.append([])
            case 0x7B:  // {
                guard let end = rest.firstIndex(of: 0x7D) else { throw .unclosedBrace }
                let name = String(decoding: rest[..<end], as: UTF8.self)
                guard names.contains(name) else { throw .unknownGroup(name) }
                rest = rest[(end + 1)...]
                close()
                segments[segments.count - 1].append(.group(name))
            case 0x25:  // %
                guard let high = rest.popFirst().flatMap(Hex.value(of:)),
                    let low = rest.popFirst().flatMap(Hex.value(of:))
                else { throw .invalidEscape }
                literal.append(high << 4 | low)
                size += 1
            default:
                literal.append(octet)
                size += 1
            }
        }
        close()
        guard segments.count <= Room.segmentLimit else { throw .tooManySegments }
        guard size + segments.count - 1 <= Room.sizeLimit else { throw .tooLong }
        self.segments = segments
    }

    /// The room of a match.
    ///
    /// - Returns: `nil` when a group that is named took no part.
    /// - Throws: ``RoomError`` when the groups are longer than a room can be.
    func room(of match: PathMatch) throws(RoomError) -> Room? {
        var room = Room()
        var segment = OctetBuffer(capacity: 64)
        for parts in segments {
            segment.removeAll()
            for part in parts {
                switch part {
                case .octets(let octets): segment.append(octets)
                case .group(let name):
                    guard let text = match[name] else { return nil }
                    segment.append(text)
                }
            }
            try room.append(segment.octets)
        }
        return room
    }
}
