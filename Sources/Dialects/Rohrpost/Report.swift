// Report — what a back end tells the server about groups: one JSON object, read member by member.
//
// Whoever reports is a program that somebody is writing just now. So every mistake has a sentence
// of its own, and a member nobody knows is one: a misspelt name that was ignored would be a
// notification to the wrong group.

internal import Bytes
internal import Codecs
package import Rooms

/// Why a report is not taken.
package enum ReportProblem: Error, Equatable, Sendable {
    case notUTF8
    case notJSON(at: Int)
    /// Beyond a limit of the scanner.
    case tooLarge
    case notAnObject
    case unknownMember(String)
    case missing(String)
    /// A member is not what it has to be.
    case wrongKind(String, expected: String)
    case unknownChange(String)
    /// The group cannot be a room.
    case unnamable(RoomError)

    /// What a 400 says.
    package var sentence: String {
        switch self {
        case .notUTF8: "the body is not UTF-8"
        case .notJSON(let place): "the body is not JSON at octet \(place)"
        case .tooLarge: "the body has too many members or levels"
        case .notAnObject: "the body must be a JSON object"
        case .unknownMember(let name): "unknown member '\(name)'"
        case .missing(let name): "'\(name)' is missing"
        case .wrongKind(let name, let expected): "'\(name)' must be \(expected)"
        case .unknownChange(let word):
            "'change' must be create, update or delete, not '\(word)'"
        case .unnamable(.tooLong(let limit)): "the group is longer than \(limit) octets"
        case .unnamable(.tooManySegments(let limit)):
            "the group has more than \(limit) dotted parts"
        case .unnamable(.invalidEscape): "the group is no name"
        }
    }
}

/// The members of a report. Null is the same as absent.
internal struct Report: ~Escapable {
    /// Members of one report; more than there are names for.
    private static let keyLimit = 64

    private let text: RawSpan
    private var items: [String: JSONItem] = [:]
    private var unknownKey: JSONItem? = nil

    /// - Parameter names: The members there may be. Of one that occurs twice the last counts.
    @_lifetime(copy text)
    init(parsing text: RawSpan, names: [StaticString]) throws(ReportProblem) {
        self.text = text
        var checker = UTF8Checker()
        let bad = unsafe text.withUnsafeBytes { unsafe checker.firstBad(in: $0) }
        guard bad == nil, checker.isComplete else { throw .notUTF8 }
        let isObject: Bool
        do throws(JSONError) {
            isObject = try JSONScanner.document(text).kind == .object
            if isObject { try scan(names) }
        } catch {
            switch error {
            case .malformed(let place): throw .notJSON(at: place)
            case .tooDeep, .numberTooLong, .tooManyKeys: throw .tooLarge
            }
        }
        guard isObject else { throw .notAnObject }
        if let unknownKey { throw .unknownMember(name(unknownKey)) }
    }

    private mutating func scan(_ names: [StaticString]) throws(JSONError) {
        var scanner = JSONScanner(text)
        var object = try scanner.beginObject(keyLimit: Self.keyLimit)
        while let key = try scanner.nextKey(&object) {
            let item = try scanner.value()
            if let name = names.first(where: { scanner.string(key, equals: $0) }) {
                items[name.description] = item
            } else {
                unknownKey = unknownKey ?? key
            }
        }
    }

    /// The member of that name, unless it is null.
    subscript(name: String) -> JSONItem? {
        guard let item = items[name], item.kind != .null else { return nil }
        return item
    }

    /// A value as its octets.
    @_lifetime(copy self)
    func raw(_ item: JSONItem) -> RawSpan { text.extracting(item.range) }

    /// The text of a string member that must say something; `nil` when it is absent.
    func string(_ name: String) throws(ReportProblem) -> [UInt8]? {
        guard let item = self[name] else { return nil }
        guard let octets = string(item), !octets.isEmpty else {
            throw .wrongKind(name, expected: "a string that is not empty")
        }
        return octets
    }

    /// The text of a string; `nil` for what is none, and for one that is no Unicode text.
    func string(_ item: JSONItem) -> [UInt8]? { item.text(in: text) }

    /// A key, repaired for people, and not longer than they like to read.
    private func name(_ key: JSONItem) -> String {
        String(String(decoding: key.repairedText(in: text), as: UTF8.self).prefix(64))
    }
}
