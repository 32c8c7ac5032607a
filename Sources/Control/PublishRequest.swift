// PublishRequest — the body of a publish or broadcast, and what comes of it.
//
//     POST /api/publish    {"room": "orders.filled", "data": …, "realm": "realm1"}
//     POST /api/broadcast  {"rooms": ["orders", "news"], "data": …}
//
// A room stands in its text form (`Room+Text.swift`); `data` is any JSON value and goes on as its
// octets. `realm` may be left out. A member nobody knows is refused: a misspelt one that was
// ignored would be a publication to the wrong place.

import Bytes
import Codecs
import DialectKit
import Engine
import Rooms
import Synchronization

/// Why a request cannot be carried out: a sentence for its sender.
struct RequestProblem: Error, Equatable {
    let sentence: String
    let status: Int

    init(_ sentence: String, status: Int = 400) {
        self.sentence = sentence
        self.status = status
    }
}

/// A valid request.
struct PublishRequest {
    /// Rooms of one broadcast.
    static let roomLimit = 1000
    /// Members of the object; more than there are names for.
    private static let keyLimit = 8

    private(set) var rooms: [Room] = []
    /// One JSON value, as its sender wrote it.
    private(set) var data: [UInt8] = []
    private(set) var realm: String?

    /// - Parameter takesManyRooms: `rooms`, a list, instead of `room`.
    init(scanning body: RawSpan, takesManyRooms: Bool) throws(RequestProblem) {
        // The scanner leaves this to its caller, and what is published must be text.
        guard UTF8Checker.accepts(body) else { throw RequestProblem("the body is not UTF-8") }
        do throws(JSONError) {
            // First the whole text, so that no octet of a broken one has any effect.
            let document = try JSONScanner.document(body)
            guard document.kind == .object else {
                throw .malformed(at: document.range.lowerBound)
            }
        } catch {
            throw RequestProblem(error.sentence)
        }
        let roomKey: StaticString = takesManyRooms ? "rooms" : "room"
        var hasRoom = false
        var hasData = false
        var scanner = JSONScanner(body)
        var members = try Self.scan { () throws(JSONError) in
            try scanner.beginObject(keyLimit: Self.keyLimit)
        }
        while true {
            let member = try Self.scan { () throws(JSONError) in
                try scanner.nextKey(&members).map { key throws(JSONError) in
                    (key, try scanner.value())
                }
            }
            guard let (key, value) = member else { break }
            if scanner.string(key, equals: roomKey) {
                guard !hasRoom else { throw RequestProblem("\"\(roomKey)\" is given twice") }
                hasRoom = true
                if takesManyRooms {
                    rooms = try Self.rooms(value, in: body)
                } else {
                    rooms = [try Self.room(value, in: body)]
                }
            } else if scanner.string(key, equals: "data") {
                guard !hasData else { throw RequestProblem("\"data\" is given twice") }
                hasData = true
                data = body.extracting(value.range).array
            } else if scanner.string(key, equals: "realm") {
                guard realm == nil else { throw RequestProblem("\"realm\" is given twice") }
                realm = try Self.text(value, in: body, called: "realm")
            } else {
                let name = (try? Self.text(key, in: body, called: "member")) ?? ""
                throw RequestProblem("the member \"\(name)\" is not known here")
            }
        }
        guard hasRoom else { throw RequestProblem("\"\(roomKey)\" is missing") }
        guard hasData else { throw RequestProblem("\"data\" is missing") }
    }

    private static func scan<Value>(
        _ body: () throws(JSONError) -> Value
    ) throws(RequestProblem) -> Value {
        do throws(JSONError) { return try body() } catch { throw RequestProblem(error.sentence) }
    }

    private static func text(
        _ item: JSONItem, in body: RawSpan, called name: StaticString
    ) throws(RequestProblem) -> String {
        guard item.kind == .string else { throw RequestProblem("\"\(name)\" is not a string") }
        guard let text = item.text(in: body) else {
            throw RequestProblem("\"\(name)\" holds half of a surrogate pair")
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func room(_ item: JSONItem, in body: RawSpan) throws(RequestProblem) -> Room {
        let text = try text(item, in: body, called: "room")
        guard !text.isEmpty else { throw RequestProblem("the name of the room is empty") }
        do throws(RoomError) {
            return try Room(text: text)
        } catch {
            throw RequestProblem(error.sentence)
        }
    }

    /// The elements of a list that is known to be valid JSON.
    private static func rooms(_ list: JSONItem, in body: RawSpan) throws(RequestProblem) -> [Room] {
        guard list.kind == .array else { throw RequestProblem("\"rooms\" is not a list") }
        var rooms: [Room] = []
        var start = list.range.lowerBound + 1
        let end = list.range.upperBound - 1
        while start < end {
            let rest = body.extracting(start..<end)
            var scanner = JSONScanner(rest)
            // Only white space is left of an empty list.
            guard let item = try? scanner.value() else { break }
            guard rooms.count < roomLimit else {
                throw RequestProblem("more than \(roomLimit) rooms in one request", status: 413)
            }
            rooms.append(try room(item, in: rest))
            start += rest.firstIndex(of: 0x2C, from: scanner.position) ?? rest.byteCount
            start += 1
        }
        guard !rooms.isEmpty else { throw RequestProblem("\"rooms\" is empty") }
        return rooms
    }
}

extension PublishRequest {
    /// One for every room.
    func publications(in realm: Realm) -> [Publication] {
        rooms.map { Publication(realm: realm, room: $0, payload: data) }
    }
}

extension EngineState {
    /// Publishes in this order.
    ///
    /// - Parameter completion: Gets the sum of the receivers of all, on any thread; a connection
    ///   that receives several counts as often.
    func publish(
        _ publications: [Publication],
        completion: @escaping @Sendable (_ receiverCount: Int) -> Void
    ) {
        guard !publications.isEmpty else {
            completion(0)
            return
        }
        let sum = ReceiverSum(partCount: publications.count, completion: completion)
        for publication in publications { publish(publication) { sum.add($0) } }
    }
}

/// Adds up what the rooms of one request report.
private final class ReceiverSum: Sendable {
    private let partsLeft: Atomic<Int>
    private let total = Atomic<Int>(0)
    private let completion: @Sendable (Int) -> Void

    init(partCount: Int, completion: @escaping @Sendable (Int) -> Void) {
        precondition(partCount > 0)
        partsLeft = Atomic(partCount)
        self.completion = completion
    }

    func add(_ count: Int) {
        total.wrappingAdd(count, ordering: .relaxed)
        // Pairs with itself: the last part to come sees the additions of all others.
        if partsLeft.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue == 0 {
            completion(total.load(ordering: .relaxed))
        }
    }
}

extension JSONError {
    fileprivate var sentence: String {
        switch self {
        case .malformed(let place): "the body is not a JSON object (octet \(place))"
        case .tooDeep: "the body is nested deeper than \(JSONScanner.depthLimit) levels"
        case .numberTooLong: "a number in the body is too long"
        case .tooManyKeys: "the body has too many members"
        }
    }
}
