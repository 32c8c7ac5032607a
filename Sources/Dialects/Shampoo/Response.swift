// Response — what a request is answered with, and how outcomes become one (specification §2.3).
//
// | outcome | status | message | response_data |
// |---|---|---|---|
// | a value that is an object | 200 | `ok` | the object |
// | one object, keywords `status`, `message` | as given, or 200 | as given, or `ok` | the object |
// | any other value | 500 | `Uncaught exception during method call` | `{}` |
// | a value that is no JSON | 500 | `An error occured while processing the response.` | `{}` |
// | no such procedure | 404 | `Method <method> does not exist` | `{}` |
// | a crash, a runtime error without text | 500 | `Uncaught exception during method call` | `{}` |
// | another error | its status | its message | its keywords |

import Bytes
import Codecs
import DialectKit
import Hub

/// Everything of a response but the request's id.
internal struct Response {
    /// A JSON object.
    let data: [UInt8]
    /// At least 100 (§2.3).
    let status: Int
    /// A JSON string with its quotes.
    let message: [UInt8]

    private static let empty = Array("{}".utf8)

    init(status: Int, message: String, data: [UInt8] = empty) {
        var text = OctetBuffer(capacity: message.utf8.count + 8)
        text.append(jsonString: message)
        self.data = data
        self.status = status
        self.message = text.octets.array
    }

    private init(data: [UInt8], status: Int, rawMessage: [UInt8]) {
        self.data = data
        self.status = status
        message = rawMessage
    }

    static let uncaughtException = Response(
        status: 500, message: "Uncaught exception during method call")
    /// Spelled as the reference spells it.
    static let unencodable = Response(
        status: 500, message: "An error occured while processing the response.")

    /// - Parameter method: The name as the request wrote it, without its quotes: it goes back
    ///   verbatim, and what was a part of one JSON string may be a part of another.
    static func unknownMethod(_ method: RawSpan) -> Response {
        var text = OctetBuffer(capacity: method.byteCount + 24)
        text.append(#""Method "# as StaticString)
        text.append(method)
        text.append(#" does not exist""# as StaticString)
        return Response(data: empty, status: 404, rawMessage: text.octets.array)
    }

    /// What came of a call.
    static func outcome(
        _ outcome: CallOutcome, _ rule: CallRule, method: RawSpan
    ) -> Response {
        switch outcome {
        case .result(let arguments): result(arguments, rule)
        case .failure(let error): failure(error, method: method)
        }
    }

    private static func result(_ arguments: Arguments, _ rule: CallRule) -> Response {
        if let triple = triple(arguments) { return triple }
        let value = rule.value(of: arguments)
        guard let item = try? JSONScanner.document(unsafe value.span.bytes) else {
            return unencodable
        }
        guard item.kind == .object else { return uncaughtException }
        return Response(status: 200, message: "ok", data: Array(value[item.range]))
    }

    private static func failure(_ error: ProcedureError, method: RawSpan) -> Response {
        if error.isCalled(ProcedureError.noSuchProcedureURI) { return unknownMethod(method) }
        let isSilent =
            error.isCalled("wamp.error.runtime_error") && error.arguments.firstText == nil
        if isSilent || error.isCalled(ProcedureError.crashedURI) { return uncaughtException }
        let details = error.details
        let kind = (try? JSONScanner.document(unsafe details.span.bytes))?.kind
        return Response(
            status: error.status, message: error.message, data: kind == .object ? details : empty)
    }

    /// The reference's (object, status, message): an object as the only argument, with one or both
    /// of the others as keywords and no other keyword.
    ///
    /// - Returns: `nil` for what is no such thing; a malformed one is an exception (§2.3).
    private static func triple(_ arguments: Arguments) -> Response? {
        let keywords = arguments.keywordText
        guard !keywords.isEmpty else { return nil }
        var scanner = JSONScanner(unsafe keywords.span.bytes)
        var status: JSONItem?
        var message: JSONItem?
        guard var members = try? scanner.beginObject() else { return nil }
        while let key = (try? scanner.nextKey(&members)) ?? nil {
            guard let value = try? scanner.value() else { return nil }
            if scanner.string(key, equals: "status") {
                status = value
            } else if scanner.string(key, equals: "message") {
                message = value
            } else {
                return nil
            }
        }
        guard status != nil || message != nil else { return nil }
        let list = arguments.listText
        guard let data = arguments.firstValue,
            (try? JSONScanner.document(unsafe data.span.bytes))?.kind == .object,
            isAlone(unsafe list.span.bytes)
        else { return nil }
        var response = (status: 200, message: Array(#""ok""#.utf8))
        if let status {
            // Nine digits are more than any status has.
            guard status.kind == .integer, status.range.count <= 9,
                let number = Int(scanner.text.extracting(status.range).text), number >= 100
            else { return uncaughtException }
            response.status = number
        }
        if let message {
            guard message.kind == .string else { return uncaughtException }
            response.message = scanner.text.extracting(message.range).array
        }
        return Response(data: data, status: response.status, rawMessage: response.message)
    }

    /// Whether a list has one item.
    private static func isAlone(_ list: RawSpan) -> Bool {
        var reader = JSONReader(list)
        guard reader.isAtArray(), var items = try? reader.beginArray(),
            (try? reader.next(&items)) == true, (try? reader.item()) != nil
        else { return false }
        return (try? reader.next(&items)) == false
    }
}

extension Commands {
    /// Queues the response to the request of this id, in the reference's order of members.
    internal mutating func answer(_ requestID: RawSpan, _ response: Response) {
        if !(200...299).contains(response.status) { noteError() }
        let start = octets.count
        octets.append(#"{"type":"response","response_data":"# as StaticString)
        octets.append(response.data)
        octets.append(#","status":"# as StaticString)
        octets.append(decimal: response.status)
        octets.append(#","message":"# as StaticString)
        octets.append(response.message)
        octets.append(#","request_id":"# as StaticString)
        octets.append(requestID)
        octets.append(0x7D)
        appendReply(.text, from: start)
    }
}
