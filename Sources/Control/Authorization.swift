// Authorization — who may use the API (RFC 6750 §2.1).
//
// With a key, whoever sends it. Without one, the programs of this machine: the listener must be
// loopback, and the request must come neither through a proxy, which takes them from everywhere,
// nor from a web page. Browsers put `Origin` on every POST across origins (Fetch standard, "append
// a request Origin header"), and any page a developer looks at could otherwise publish on the
// server beside it.

import Bytes
import Engine
import HTTP1

enum Authorization {
    /// - Returns: The refusal, or `nil` when the request may go on.
    static func check(_ request: borrowing Request, key: String?) -> Response? {
        guard let key else { return checkKeyless(request) }
        guard let value = request.head.value(of: .authorization, in: request.headOctets),
            let given = bearerToken(in: value), equalsInConstantTime(given, key)
        else {
            return Response(
                error: "the header \"Authorization: Bearer KEY\" with the server's key is required",
                status: 401, fields: [("WWW-Authenticate", "Bearer realm=\"carillon\"")])
        }
        return nil
    }

    private static func checkKeyless(_ request: borrowing Request) -> Response? {
        guard request.isLoopback else {
            return Response(
                error: "the API is closed: without a key (api.key) it answers only on a loopback "
                    + "listener", status: 403)
        }
        guard request.head.value(of: .origin, in: request.headOctets) == nil else {
            return Response(
                error: "the API takes requests from web pages only with a key (api.key)",
                status: 403)
        }
        let octets = request.headOctets
        guard !request.head.table.has(.forwardedFor),
            request.head.value(named: "forwarded", in: octets) == nil,
            request.head.value(named: "x-real-ip", in: octets) == nil,
            request.head.value(named: "via", in: octets) == nil
        else {
            return Response(
                error: "the API takes requests that a proxy passes on only with a key (api.key)",
                status: 403)
        }
        return nil
    }

    /// The token behind the scheme, whose case does not matter (RFC 9110 §11.1).
    @_lifetime(copy value)
    private static func bearerToken(in value: RawSpan) -> RawSpan? {
        guard value.byteCount > 7, value.extracting(0..<6).equalsIgnoringCase("bearer"),
            value[octet: 6] == 0x20
        else { return nil }
        var start = 7
        while start < value.byteCount && value[octet: start] == 0x20 { start += 1 }
        return value.extracting(start..<value.byteCount)
    }

    /// Whether `given` is `key`. The time tells the size of `given`, which its sender knows, and
    /// nothing about the key.
    static func equalsInConstantTime(_ given: RawSpan, _ key: String) -> Bool {
        let expected = Array(key.utf8)
        guard !expected.isEmpty else { return false }
        var difference: UInt8 = given.byteCount == expected.count ? 0 : 1
        var place = 0
        for index in 0..<given.byteCount {
            difference |= given[octet: index] ^ expected[place]
            place += 1
            if place == expected.count { place = 0 }
        }
        return difference == 0
    }
}
