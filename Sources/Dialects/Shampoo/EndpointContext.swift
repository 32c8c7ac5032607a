// EndpointContext — what applications are told about a connection (specification §1.1).
//
// The reference makes one handler instance per connection and gives it the named groups, the query
// and the headers. Here handlers are procedures of the realm, and what would be the instance's
// attributes travels with every call as one JSON object, written once when the connection opens:
//
//     {"endpoint":"number","path":"/number/3/","groups":{"number":"3"},"query":{"a":["1","2"]}}
//
// `headers` follows where some are kept, `connection` where a hook is told. A group that took no
// part is null.

import Bytes
import Codecs
import DialectKit
import PathExpressions

/// The object, and where the groups are in it.
internal struct EndpointContext: Sendable {
    /// A JSON object.
    let octets: [UInt8]
    /// The object of the groups, as a place in `octets`.
    private let groups: Range<UInt32>

    init(_ endpoint: ShampooEndpoint, _ match: PathMatch, _ request: OpeningRequest) {
        var json = OctetBuffer(capacity: 256)
        groups = json.append(opening: endpoint, match, request)
        if !endpoint.headers.isEmpty {
            json.append(#","headers":"# as StaticString)
            json.append(headers: request.headers) { endpoint.headers.contains($0) }
        }
        json.append(0x7D)
        octets = json.octets.array
    }

    /// What is asked before there is a connection: the same with all headers.
    ///
    /// - Parameter connection: What it will be (``Commands/connection``).
    static func question(
        _ endpoint: ShampooEndpoint, _ match: PathMatch, _ request: OpeningRequest,
        connection: UInt64
    ) -> [UInt8] {
        var json = OctetBuffer(capacity: 1024)
        _ = json.append(opening: endpoint, match, request)
        json.append(#","headers":"# as StaticString)
        json.append(headers: request.headers) { _ in true }
        json.append(connection: connection)
        return json.octets.array
    }

    /// What is told when the connection has ended: the same with its name.
    func farewell(connection: UInt64) -> [UInt8] {
        var json = OctetBuffer(capacity: octets.count + 40)
        json.append(octets)
        json.truncate(to: json.count - 1)
        json.append(connection: connection)
        return json.octets.array
    }

    /// A request object with the groups as members of it, in place of members of these names.
    ///
    /// - Parameter object: A JSON object, as it was scanned.
    func merged(into object: RawSpan, names: [String]) -> [UInt8] {
        let groups = octets[Int(groups.lowerBound) + 1..<Int(groups.upperBound) - 1]
        guard !groups.isEmpty else { return object.array }
        var json = OctetBuffer(capacity: object.byteCount + groups.count + 2)
        json.append(0x7B)
        var scanner = JSONScanner(object)
        if var members = try? scanner.beginObject() {
            while let item = (try? scanner.nextKey(&members)) ?? nil,
                let value = try? scanner.value()
            {
                let name = item.repairedText(in: object)
                if names.contains(where: { $0.utf8.elementsEqual(name) }) { continue }
                json.append(object.extracting(item.range.lowerBound..<value.range.upperBound))
                json.append(0x2C)
            }
        }
        json.append(unsafe groups.span.bytes)
        json.append(0x7D)
        return json.octets.array
    }
}

extension OctetBuffer {
    /// Begins the object.
    ///
    /// - Returns: Where the groups are.
    fileprivate mutating func append(
        opening endpoint: ShampooEndpoint, _ match: PathMatch, _ request: OpeningRequest
    ) -> Range<UInt32> {
        append(#"{"endpoint":"# as StaticString)
        append(jsonString: endpoint.name)
        append(#","path":"# as StaticString)
        append(jsonString: request.path)
        append(#","groups":"# as StaticString)
        let start = count
        append(groups: match)
        let end = count
        append(#","query":"# as StaticString)
        append(query: request.query)
        // A request head has far less than 4 GiB.
        return UInt32(clamping: start)..<UInt32(clamping: end)
    }

    /// Ends the object. The number has 64 bits, more than every JSON reader has for one.
    fileprivate mutating func append(connection: UInt64) {
        append(#","connection":""# as StaticString)
        append("\(connection)")
        append(#""}"# as StaticString)
    }

    fileprivate mutating func append(groups match: PathMatch) {
        append(0x7B)
        for (place, group) in match.groups.enumerated() {
            if place > 0 { append(0x2C) }
            append(jsonString: group.name)
            append(0x3A)
            if let text = group.text {
                append(jsonString: unsafe text.span.bytes)
            } else {
                append("null" as StaticString)
            }
        }
        append(0x7D)
    }

    fileprivate mutating func append(query: String) {
        append(0x7B)
        for (place, parameter) in FormQuery.parameters(of: query).enumerated() {
            if place > 0 { append(0x2C) }
            append(jsonString: parameter.name)
            append(":[" as StaticString)
            for (place, value) in parameter.values.enumerated() {
                if place > 0 { append(0x2C) }
                append(jsonString: value)
            }
            append(0x5D)
        }
        append(0x7D)
    }

    /// Appends fields as an object; those of one name are joined as one (RFC 9110 §5.3), cookies
    /// as cookies are (RFC 9113 §8.2.3).
    fileprivate mutating func append(
        headers: [(name: String, value: String)], where isTold: (String) -> Bool
    ) {
        var values: [String: String] = [:]
        var names: [String] = []
        for (name, value) in headers where isTold(name) {
            if let known = values[name] {
                values[name] = known + (name == "cookie" ? "; " : ", ") + value
            } else {
                values[name] = value
                names.append(name)
            }
        }
        append(0x7B)
        for (place, name) in names.enumerated() {
            if place > 0 { append(0x2C) }
            append(jsonString: name)
            append(0x3A)
            append(jsonString: values[name] ?? "")
        }
        append(0x7D)
    }
}
