// ErrorTable — one error, read by every dialect.
//
// | WAMP error URI | status | other dialects say |
// |---|---|---|
// | `wamp.error.invalid_argument`, `wamp.error.invalid_uri` | 400 | its message |
// | `wamp.error.not_authorized` | 403 | its message |
// | `wamp.error.no_such_procedure` | 404 | that there is no such method |
// | `carillon.error.conflict` | 409 | its message |
// | `wamp.error.payload_size_exceeded` | 413 | its message |
// | `carillon.error.too_many_calls` | 429 | its message |
// | `wamp.error.canceled` | 499 | its message |
// | `wamp.error.runtime_error`, `carillon.error.crashed`, `carillon.error.not_json` | 500 | that it failed |
// | `wamp.error.feature_not_supported` | 501 | its message |
// | `carillon.error.bad_gateway` | 502 | its message |
// | `wamp.error.unavailable`, `wamp.error.no_available_callee`, `crossbar.error.max_concurrency_reached` | 503 | its message |
// | `wamp.error.timeout` | 504 | its message |
// | `carillon.error.status_NNN` | NNN | its message |
// | anything else | 500 | its message |
//
// A dialect with statuses (Shampoo, HTTP back ends) writes the status and the message, and the
// keywords as data; one without (openapi-ws, rohrpost) the message alone. The other way a status
// becomes the first URI of its row, or `carillon.error.status_NNN`, with the message as the first
// argument. The message is the first argument if that is a text, else a sentence of ours.

internal import Bytes
internal import Codecs
internal import Rooms

extension ProcedureError {
    /// What a handler of ours is that failed without saying why: nobody outside learns more.
    package static let crashedURI = "carillon.error.crashed"
    /// A handler of ours answered with what no dialect can send.
    package static let notJSONURI = "carillon.error.not_json"
    package static let noSuchProcedureURI = "wamp.error.no_such_procedure"

    /// The table: a URI has one row, and of the rows of a status the first is what it becomes.
    package static let rows: [(status: Int, uri: String, sentence: String)] = [
        (400, "wamp.error.invalid_argument", "the arguments are not valid"),
        (400, "wamp.error.invalid_uri", "the name is not valid"),
        (403, "wamp.error.not_authorized", "not authorized"),
        (404, noSuchProcedureURI, "no such procedure"),
        (409, "carillon.error.conflict", "conflict"),
        (413, "wamp.error.payload_size_exceeded", "the payload is too large"),
        (429, "carillon.error.too_many_calls", "too many calls are waiting for an answer"),
        (499, "wamp.error.canceled", "the call was canceled"),
        (500, "wamp.error.runtime_error", "the procedure failed"),
        (500, crashedURI, "internal error"),
        (500, notJSONURI, "the result is not JSON"),
        (501, "wamp.error.feature_not_supported", "not supported"),
        (502, "carillon.error.bad_gateway", "the back end gave no usable answer"),
        (503, "wamp.error.unavailable", "unavailable"),
        (503, "wamp.error.no_available_callee", "every callee is unavailable"),
        (503, "crossbar.error.max_concurrency_reached", "all callees are busy"),
        (504, "wamp.error.timeout", "the call timed out"),
    ]

    /// In front of a status that has no row.
    package static let statusPrefix = "carillon.error.status_"

    /// An error of a protocol with statuses.
    ///
    /// - Parameters:
    ///   - status: What is not 400 to 599 is taken for 500.
    ///   - keywords: A JSON object that goes along, or nothing.
    package init(status: Int, message: String, keywords: [UInt8] = []) {
        let status = (400...599).contains(status) ? status : 500
        let row = Self.rows.first { $0.status == status }
        self.init(
            uri: row?.uri ?? "\(Self.statusPrefix)\(status)",
            arguments: Arguments(message: message, keywords: keywords))
    }

    /// A row of the table by its URI, with its own sentence or another.
    package init(uri: String, message: String) {
        self.init(uri: uri, arguments: Arguments(message: message, keywords: []))
    }

    /// What the dealer says, or the callee through it.
    package init(_ error: CallError, _ arguments: Arguments?) {
        if case .relayed(let uri) = error {
            self.init(uri: uri, arguments: arguments ?? Arguments())
        } else if case .refused(let uri, let sentence) = error {
            self.init(uri: uri, message: sentence)
        } else if let sentence = error.sentence {
            self.init(uri: error.uri, message: sentence)
        } else {
            self.init(uri: error.uri)
        }
    }

    package static var crashed: ProcedureError { ProcedureError(uri: crashedURI) }

    /// Whether that is its URI, which is as long as the callee likes.
    package func isCalled(_ uri: String) -> Bool { self.uri.isExactly(uri) }

    /// What it is as a status: 400 to 599.
    package var status: Int {
        if let row = Self.rows.first(where: { isCalled($0.uri) }) { return row.status }
        let digits = Substring(uri.utf8.dropFirst(Self.statusPrefix.utf8.count))
        if uri.utf8.starts(with: Self.statusPrefix.utf8), let status = Int(digits),
            (400...599).contains(status)
        {
            return status
        }
        return 500
    }

    /// What people are told.
    package var message: String {
        if let text = arguments.firstText { return text }
        return Self.rows.first { isCalled($0.uri) }?.sentence ?? uri
    }

    /// The keywords as a JSON object; `{}` when there are none.
    package var details: [UInt8] {
        let keywords = arguments.keywordText
        return keywords.isEmpty ? Array("{}".utf8) : keywords
    }
}

extension CallError {
    /// For people; nothing where the URI says it all.
    package var sentence: String? {
        switch self {
        case .invalidProcedure: "invalid procedure URI"
        case .noSuchProcedure(let room):
            "no callee registered for procedure \(room.dottedText)"
        case .featureNotSupported: "the callee does not take calls in parts"
        case .concurrencyReached: "all callees have as many calls as they accept"
        case .noAvailableCallee: "every callee is unavailable"
        case .canceled: nil
        case .calleeLeft: "the callee left before it answered"
        case .timedOut(let time): "call timed out after \(time / 1_000_000) ms"
        case .tooManyCalls: "too many calls are waiting for an answer"
        case .refused(_, let sentence): sentence
        case .relayed: nil
        }
    }
}

extension Arguments {
    /// One text as the only argument, and keywords.
    ///
    /// - Parameter keywords: A JSON object, or nothing.
    package convenience init(message: String, keywords: [UInt8]) {
        var buffer = OctetBuffer(capacity: message.utf8.count + keywords.count + 8)
        buffer.append(0x5B)
        buffer.append(jsonString: message)
        buffer.append(0x5D)
        let list = Extent(0..<buffer.count)
        buffer.append(keywords)
        let map = keywords.isEmpty ? Extent.absent : Extent(list.range.upperBound..<buffer.count)
        self.init(
            octets: buffer.octets.array, serialization: .json, arguments: list, keywords: map)
    }

    /// A JSON object as keywords, with an empty list of arguments.
    package convenience init(keywords: [UInt8]) {
        let octets = [0x5B, 0x5D] + keywords
        self.init(
            octets: octets, serialization: .json, arguments: Extent(0..<2),
            keywords: Extent(2..<octets.count))
    }

    /// The first argument, if it is a text.
    package var firstText: String? {
        guard let item = firstValue, item.first == 0x22 else { return nil }
        var text = OctetBuffer(capacity: item.count)
        let contents = item.span
        guard text.append(unescaping: unsafe contents.bytes.extracting(1..<item.count - 1)) else {
            return nil
        }
        return text.octets.text
    }

    /// The first argument as JSON; `nil` when there is none.
    package var firstValue: [UInt8]? {
        let list = listText
        let span = list.span
        var reader = unsafe JSONReader(span.bytes)
        guard reader.isAtArray(), var items = try? reader.beginArray(),
            (try? reader.next(&items)) == true, let item = try? reader.item()
        else { return nil }
        return Array(list[item.range])
    }
}
