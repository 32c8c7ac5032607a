// Question — a request as it goes over the wire, checked and complete.
//
// What a dialect passes on may come from its clients: header values, parts of a target. Here
// nothing of it can end a header line, start another one, or lead the request to another host. And
// because a question is all that the application gets to see, two equal ones may share an answer.

internal import Bytes
internal import DialectKit

/// Why a request is not sent.
enum RequestError: Error, Equatable {
    case method(String)
    case target(String)
    case headerName(String)
    case headerValue(name: String)

    var sentence: String {
        switch self {
        case .method(let method): "not sent: \"\(method)\" is no method"
        case .target(let target): "not sent: \"\(target)\" cannot follow the base URL"
        case .headerName(let name): "not sent: \"\(name)\" is no header name"
        case .headerValue(let name): "not sent: the value of \(name) has a line end or a zero octet"
        }
    }
}

/// A request, ready to be sent.
struct Question: Hashable, Sendable {
    let method: String
    let url: String
    /// As libcurl takes them: "Name: value", or "Name;" for an empty value.
    let headerLines: [String]
    let body: [UInt8]
    /// See ``BackEndRequest/isNotice``.
    let isNotice: Bool

    /// By octets: headers are the client's, and nobody is answered what another was whose letters
    /// are only equivalent.
    static func == (left: Question, right: Question) -> Bool {
        left.method.isExactly(right.method) && left.url.isExactly(right.url)
            && left.headerLines.elementsEqual(right.headerLines) { $0.isExactly($1) }
            && left.body == right.body && left.isNotice == right.isNotice
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(ExactText(url))
        for line in headerLines { hasher.combine(ExactText(line)) }
        hasher.combine(body)
    }

    /// Octets it occupies while it waits.
    var size: Int {
        headerLines.reduce(url.utf8.count + body.count) { $0 + $1.utf8.count }
    }

    /// Puts a dialect's request and the settings of its back end together.
    init(_ request: BackEndRequest, for settings: HTTPBackEndSettings) throws(RequestError) {
        guard !request.method.isEmpty, request.method.utf8.allSatisfy(HeaderLine.isToken) else {
            throw .method(request.method)
        }
        try RequestTarget.check(request.target, after: settings.baseURL)
        var lines: [String] = []
        lines.reserveCapacity(request.headers.count + settings.headers.count + 1)
        var hasAgent = false
        for (name, value) in request.headers {
            try HeaderLine.check(name, value)
            let isReplaced = settings.headers.contains { $0.name.lowercased() == name.lowercased() }
            if isReplaced || HeaderLine.isOurs(name) { continue }
            hasAgent = hasAgent || name.lowercased() == "user-agent"
            lines.append(HeaderLine.text(name, value))
        }
        // The settings were checked when the back end was made.
        for (name, value) in settings.headers where !HeaderLine.isOurs(name) {
            hasAgent = hasAgent || name.lowercased() == "user-agent"
            lines.append(HeaderLine.text(name, value))
        }
        if !hasAgent { lines.append("User-Agent: carillon") }
        method = request.method
        url = settings.baseURL + request.target
        headerLines = lines
        body = request.body
        isNotice = request.isNotice
    }

    /// Whether a field of that name, in lower case, is among the headers.
    func hasHeader(_ name: String) -> Bool {
        headerLines.contains { $0.prefix { $0 != ":" && $0 != ";" }.lowercased() == name }
    }
}

/// What may follow a base URL.
enum RequestTarget {
    /// Graphic ASCII but "#", which begins a part that is never sent (RFC 3986 §3.5).
    static func isAllowed(_ octet: UInt8) -> Bool {
        octet > 0x20 && octet < 0x7F && octet != UInt8(ascii: "#")
    }

    /// Behind a bare host only "/" and "?" are safe: "@other" or ".other" would make another host.
    static func check(_ target: String, after base: String) throws(RequestError) {
        guard target.utf8.allSatisfy(isAllowed) else { throw .target(target) }
        if let first = target.utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: "?"),
            BaseURL.endsWithHost(base)
        {
            throw .target(target)
        }
    }
}

/// Header fields as libcurl takes them.
enum HeaderLine {
    /// Fields that belong to one connection or say how we frame and decode (RFC 9110 §7.6.1). Those
    /// of a client say nothing about our request, and with another length it would be another one.
    private static let ours: Set<String> = [
        "accept-encoding", "connection", "content-length", "expect", "http2-settings",
        "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    static func isOurs(_ name: String) -> Bool { ours.contains(name.lowercased()) }

    /// A token (RFC 9110 §5.6.2).
    static func isToken(_ octet: UInt8) -> Bool {
        switch octet {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(octet)
        }
    }

    static func check(_ name: String, _ value: String) throws(RequestError) {
        guard !name.isEmpty, name.utf8.allSatisfy(isToken) else { throw .headerName(name) }
        // As octets: Swift takes CR LF for one character.
        let isBroken = value.utf8.contains { $0 == 0x0D || $0 == 0x0A || $0 == 0 }
        if isBroken { throw .headerValue(name: name) }
    }

    static func text(_ name: String, _ value: String) -> String {
        // libcurl takes "Name:" with nothing but blanks behind it for the order to leave it out.
        value.utf8.allSatisfy { $0 == 0x20 || $0 == 0x09 } ? "\(name);" : "\(name): \(value)"
    }
}
