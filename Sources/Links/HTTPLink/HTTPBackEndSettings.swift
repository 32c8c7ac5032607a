// HTTPBackEndSettings — what configuration says about one application behind the server, and every
// limit the link keeps towards it (each has a name, a unit and an answer).

/// One application and how it is treated. Times are nanoseconds, sizes octets.
package struct HTTPBackEndSettings: Sendable {
    /// What configuration calls it.
    package var name: String
    /// `http://` or `https://`, a host, perhaps a port and a path. Targets are appended to it.
    package var baseURL: String
    /// The socket the application listens at; the base URL still gives path and `Host`.
    package var unixSocketPath: String?
    /// `nil`: none, whatever the environment says.
    package var proxyURL: String?

    /// The most a request may take, waiting for its turn included.
    package var timeLimit: UInt64 = 10 * second
    /// The most a connection may take to be made, name lookup and TLS included.
    package var connectTimeLimit: UInt64 = 5 * second
    /// Requests under way at a time; what is beyond waits, first in, first out.
    package var inFlightLimit = 256
    /// Who waits, for a turn or for the answer to an identical request; what is beyond is refused.
    package var queueLimit = 65_536
    /// Octets of requests that wait for their turn; what is beyond is refused.
    package var queueSizeLimit = 16 << 20
    /// Octets of one answer's body.
    package var answerSizeLimit = 1 << 20
    /// Redirects followed for GET, HEAD and POST, to http and https only; 0: a redirect is the
    /// answer. Other methods are never redirected: what a 303 makes of them differs by client.
    package var redirectLimit = 10

    /// Sent with every request, in place of fields of the same name that the request has.
    package var headers: [(name: String, value: String)] = []
    /// `false`: any certificate will do.
    package var verifiesPeer = true
    /// Certificates to check against, in place of the system's.
    package var caFile: String?

    /// Requests that fail one after the other before the back end is left alone; 0: never.
    package var breakThreshold = 5
    /// For how long it is left alone, at random between these.
    package var breakTime: ClosedRange<UInt64> = 1 * second...2 * second
    /// Statuses by which somebody in front of the application says that it does not serve. They
    /// are answers to whoever asked, and failures to the breaker.
    package var breakStatuses: Set<Int> = [502, 503, 504]

    package static let second: UInt64 = 1_000_000_000

    package init(name: String, baseURL: String) {
        self.name = name
        self.baseURL = baseURL
    }

    /// Says what is wrong with them; `nil`: nothing.
    package var problem: String? {
        if let problem = Self.problem(ofBase: baseURL) { return problem }
        if inFlightLimit < 1 { return "at least one request must be allowed in flight" }
        if timeLimit == 0 || connectTimeLimit == 0 { return "a time limit of 0 lets nothing pass" }
        if queueLimit < 0 || queueSizeLimit < 0 || answerSizeLimit < 0 || breakThreshold < 0
            || redirectLimit < 0
        {
            return "a limit is negative"
        }
        // sun_path has 108 octets, the last a zero.
        if let path = unixSocketPath, path.isEmpty || path.utf8.count > 107 || path.hasZero {
            return "\"\(path)\" is no path of a socket"
        }
        if caFile?.hasZero == true || proxyURL?.hasZero == true { return "a text has a zero octet" }
        do throws(RequestError) {
            for (name, value) in headers { try HeaderLine.check(name, value) }
        } catch {
            return error.sentence
        }
        return nil
    }

    private static func problem(ofBase base: String) -> String? {
        guard let authority = BaseURL.authority(of: base) else {
            return "\"\(base)\" does not begin with http:// or https://"
        }
        if authority.isEmpty { return "\"\(base)\" names no host" }
        let isPlain = base.utf8.allSatisfy {
            RequestTarget.isAllowed($0) && $0 != UInt8(ascii: "?")
        }
        return isPlain ? nil : "\"\(base)\" has more than a host, a port and a path"
    }
}

/// The parts of a base URL that matter to what is appended, and to who is asked.
enum BaseURL {
    static func isSecure(_ base: String) -> Bool { base.lowercased().hasPrefix("https://") }

    /// What stands between the scheme and the path; `nil` without one of our schemes.
    static func authority(of base: String) -> Substring? {
        let lowered = base.lowercased()
        for scheme in ["http://", "https://"] where lowered.hasPrefix(scheme) {
            return base.dropFirst(scheme.count).prefix { $0 != "/" }
        }
        return nil
    }

    /// Whether the base ends with the host: what is appended could go on with the host's name.
    static func endsWithHost(_ base: String) -> Bool {
        guard let authority = authority(of: base) else { return true }
        return authority.endIndex == base.endIndex
    }

    /// The host and its port, as "host:port"; `nil` for what is not a name.
    static func nameAndPort(of base: String) -> String? {
        guard let authority = authority(of: base) else { return nil }
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        let parts = place.split(separator: ":", omittingEmptySubsequences: false)
        switch parts.count {
        case 1 where !place.isEmpty: return "\(place):\(isSecure(base) ? 443 : 80)"
        case 2 where !parts[0].isEmpty: return String(place)
        default: return nil
        }
    }
}

extension String {
    /// A zero octet, at which C would take the text to end.
    var hasZero: Bool { utf8.contains(0) }
}
