// NameTemplate — a group's name with places for what tells groups apart (specification §4.2, §5.3).
//
// `{type}-{id}` for what clients subscribe to, `{class}-{pk}` for what models are announced to.
// Taken apart once, at the start; what is put in is never looked at for places again.

internal import Bytes

package struct NameTemplate: Sendable, Equatable {
    private enum Piece: Sendable, Equatable {
        case text([UInt8])
        case place(Int)
    }

    private let pieces: [Piece]
    /// As it was written.
    package let text: String

    /// `{type}-{id}`, which the JavaScript client counts on.
    package static let group = NameTemplate(subscription: "{type}-{id}")
    /// `{class}-{pk}`, the class in lower case.
    package static let model = NameTemplate(model: "{class}-{pk}")

    /// A template with the places `{type}` and `{id}`.
    package init(subscription text: String) { self.init(text, places: ["{type}", "{id}"]) }

    /// A template with the places `{class}` and `{pk}`.
    package init(model text: String) { self.init(text, places: ["{class}", "{pk}"]) }

    /// Everything that is no place is text, other braces as well.
    private init(_ text: String, places: [String]) {
        var pieces: [Piece] = []
        var plain: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let octet = rest.first {
            if let place = places.firstIndex(where: { rest.starts(with: $0.utf8) }) {
                if !plain.isEmpty { pieces.append(.text(plain)) }
                plain = []
                pieces.append(.place(place))
                rest = rest.dropFirst(places[place].utf8.count)
            } else {
                plain.append(octet)
                rest = rest.dropFirst()
            }
        }
        if !plain.isEmpty { pieces.append(.text(plain)) }
        self.pieces = pieces
        self.text = text
    }

    /// The name with `first` and `second` in the places.
    ///
    /// - Returns: `nil` for a name longer than `sizeLimit` octets.
    internal func name(_ first: [UInt8], _ second: [UInt8], sizeLimit: Int) -> [UInt8]? {
        var name: [UInt8] = []
        for piece in pieces {
            switch piece {
            case .text(let text): name += text
            case .place(0): name += first
            case .place: name += second
            }
            guard name.count <= sizeLimit else { return nil }
        }
        return name
    }
}
