// BootstrapOutcome — what an answer of the API means for the client (the table of specification
// §2).
//
// | answer | outcome |
// |---|---|
// | 200, a JSON object | welcome; the rooms are its `allowed_rooms`, or none |
// | another status | rejected: a hello that says so, and Close 1000 |
// | 200, one of `allowed_rooms` is a text | rejected |
// | 200, anything else | no 101 but HTTP 500 |
// | none in time | 504 |
// | no connection | 502 |
// | too many requests wait, or the API is left alone | 503 |

import Bytes
import Codecs
import DialectKit

internal enum BootstrapOutcome: Sendable {
    case authorized(AllowedRooms)
    case rejected
    case failed(Refusal)

    /// Called on the thread of the API's link, so that no core reads long answers.
    init(_ result: Result<BackEndAnswer, BackEndFailure>, _ cache: AllowedRoomsCache) {
        switch result {
        case .success(let answer): self.init(answer, cache)
        case .failure(let failure): self = .failed(Self.refusal(of: failure))
        }
    }

    private init(_ answer: BackEndAnswer, _ cache: AllowedRoomsCache) {
        guard answer.status == 200 else {
            self = .rejected
            return
        }
        guard Self.isJSON(answer.contentType) else {
            self = .failed(Self.unusable)
            return
        }
        do throws(AllowedRoomsError) {
            self = .authorized(cache.rooms(try Self.list(in: unsafe answer.body.span.bytes)))
        } catch {
            switch error {
            case .namesRoom: self = .rejected
            case .notAList, .notARoom: self = .failed(Self.unusable)
            }
        }
    }

    /// The rooms of the answer's body.
    private static func list(in body: RawSpan) throws(AllowedRoomsError) -> [UInt8] {
        guard UTF8Checker.accepts(body) else { throw .notAList }
        var rooms: JSONItem?
        do throws(JSONError) {
            var scanner = JSONScanner(body)
            var members = try scanner.beginObject()
            while let key = try scanner.nextKey(&members) {
                let value = try scanner.value()
                if scanner.string(key, equals: "allowed_rooms") { rooms = value }
            }
            try scanner.end()
        } catch {
            throw .notAList
        }
        guard let rooms else { return Array("[]".utf8) }
        return try AllowedRooms.distinct(body.extracting(rooms.range))
    }

    /// `application/json` or a type that is built upon it (RFC 6839 §3.1).
    private static func isJSON(_ contentType: String) -> Bool {
        contentType == "application/json"
            || contentType.hasPrefix("application/") && contentType.hasSuffix("+json")
    }

    private static let unusable = Refusal(
        status: 500, body: "the API gave no usable answer to the bootstrap\n")

    private static func refusal(of failure: BackEndFailure) -> Refusal {
        switch failure {
        case .timedOut: Refusal(status: 504, body: "the API did not answer in time\n")
        case .unreachable: Refusal(status: 502, body: "the API cannot be reached\n")
        case .overloaded, .circuitOpen, .stopped, .canceled:
            Refusal(status: 503, body: "the API cannot be asked now, try again later\n")
        case .tooLarge: unusable
        }
    }
}
