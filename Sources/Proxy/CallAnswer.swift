// CallAnswer — what a back end says to a call.
//
// 2xx: nothing at all, or an object of `result`, or of `args` and `kwargs`, and of `push` and
// `publish`. Members that are none of these make the answer invalid, because the likely reason is a
// back end that answers with its bare result, and `null` in its place would be a lie. 4xx and 5xx:
// an error, described as `{"error":{"message","uri","kwargs"}}` or not at all.

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms

enum CallAnswer {
    /// Events that one answer may push, and publications it may make.
    static let effectLimit = 64
    /// Octets of an error's URI.
    private static let uriLimit = 255

    /// - Parameter body: That of an answer with status 2xx.
    static func report(of body: RawSpan) throws(AnswerFault) -> CallReport {
        var report = CallReport(.result(Arguments()))
        if body.byteCount == 0 { return report }
        var result: JSONItem?
        var args: JSONItem?
        var kwargs: JSONItem?
        for member in try AnswerText.members(ofBody: body) {
            let value = member.value
            if member.name == "result" {
                result = value
                continue
            }
            if value.kind == .null { continue }
            switch member.name {
            case "args": args = value
            case "kwargs": kwargs = value
            case "push":
                report.pushes = try effects(value, in: body, of: "push", to: "event") {
                    (item, name) throws(AnswerFault) in
                    try AnswerText.string(item, in: body, called: name)
                }
            case "publish":
                report.publications = try effects(value, in: body, of: "publish", to: "room") {
                    (item, name) throws(AnswerFault) in
                    try AnswerText.room(item, in: body, called: name)
                }.map { (room: $0, data: $1) }
            default:
                throw AnswerFault("the answer has the unknown member \"\(member.name)\"")
            }
        }
        if let result {
            // As an object whose unused members are null is read as if it had none of them.
            guard args == nil && kwargs == nil || result.kind == .null else {
                throw AnswerFault("the answer has both a result and args or kwargs")
            }
            if args == nil && kwargs == nil {
                report.outcome = .result(Arguments(value: body.extracting(result.range).array))
                return report
            }
        }
        guard args != nil || kwargs != nil else { return report }
        report.outcome = .result(try arguments(args, kwargs, in: body))
        return report
    }

    private static func arguments(
        _ args: JSONItem?, _ kwargs: JSONItem?, in body: RawSpan
    ) throws(AnswerFault) -> Arguments {
        guard args?.kind ?? .array == .array else { throw AnswerFault("args is not a list") }
        guard kwargs?.kind ?? .object == .object else {
            throw AnswerFault("kwargs is not an object")
        }
        let list = args.map { body.extracting($0.range).array } ?? [0x5B, 0x5D]
        guard let kwargs else {
            return Arguments(
                octets: list, serialization: .json, arguments: Extent(0..<list.count))
        }
        let octets = list + body.extracting(kwargs.range).array
        return Arguments(
            octets: octets, serialization: .json, arguments: Extent(0..<list.count),
            keywords: Extent(list.count..<octets.count))
    }

    /// Reads a list of objects with a name and `data`.
    private static func effects<Name>(
        _ item: JSONItem, in body: RawSpan, of list: String, to key: String,
        _ read: (JSONItem, String) throws(AnswerFault) -> Name
    ) throws(AnswerFault) -> [(Name, data: [UInt8])] {
        var found: [(Name, data: [UInt8])] = []
        let items = try AnswerText.elements(
            of: item, in: body, limit: effectLimit, called: list)
        for item in items {
            var name: Name?
            var data: [UInt8]?
            for member in try AnswerText.members(of: item, in: body, called: list) {
                if member.name == key {
                    name = try read(member.value, "\(list).\(key)")
                } else if member.name == "data" {
                    data = body.extracting(member.value.range).array
                } else {
                    throw AnswerFault("\(list) has the unknown member \"\(member.name)\"")
                }
            }
            guard let name, let data else { throw AnswerFault("\(list) wants \(key) and data") }
            found.append((name, data: data))
        }
        return found
    }

    // MARK: errors

    /// What an answer with status 4xx or 5xx says; what cannot be read says nothing.
    static func error(of answer: BackEndAnswer) -> ProcedureError {
        let plain = ProcedureError(
            status: answer.status, message: "the back end answered with status \(answer.status)")
        return unsafe (try? described(in: answer.body.span.bytes, answer.status)) ?? plain
    }

    private static func described(
        in body: RawSpan, _ status: Int
    ) throws(AnswerFault) -> ProcedureError? {
        let members = try AnswerText.members(ofBody: body)
        guard let error = members.last(where: { $0.name == "error" })?.value else { return nil }
        if error.kind == .string {
            let message = try AnswerText.string(error, in: body, called: "error")
            return ProcedureError(status: status, message: message)
        }
        var message: String?
        var uri: String?
        var keywords: [UInt8] = []
        for member in try AnswerText.members(of: error, in: body, called: "error") {
            switch (member.name, member.value.kind) {
            case ("message", .string):
                message = try AnswerText.string(member.value, in: body, called: "message")
            case ("uri", .string):
                uri = try AnswerText.string(member.value, in: body, called: "uri")
            case ("kwargs", .object): keywords = body.extracting(member.value.range).array
            default: continue
            }
        }
        guard let message else { return nil }
        guard let uri, isURI(uri) else {
            return ProcedureError(status: status, message: message, keywords: keywords)
        }
        return ProcedureError(
            uri: uri, arguments: Arguments(message: message, keywords: keywords))
    }

    /// Whether WAMP callers can be told it: no empty component, white space, control or `#`.
    private static func isURI(_ text: String) -> Bool {
        (1...uriLimit).contains(text.utf8.count)
            && !text.split(separator: ".", omittingEmptySubsequences: false)
                .contains { $0.isEmpty }
            && !text.unicodeScalars.contains {
                $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7F || $0 == "#"
            }
    }
}
