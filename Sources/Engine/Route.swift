// Route — which dialect serves a path, and what answers plain requests.

import Bytes
package import DialectKit
package import HTTP1
package import Rooms
package import WebSocket

/// A WebSocket path.
package struct Route: Sendable {
    package let path: String
    /// Only for clients that offer this subprotocol; `nil`: for those that offer none of another
    /// route of the path.
    package let subprotocol: String?
    package let dialect: any Dialect
    package let dialectID: DialectID
    package let realm: Realm
    /// Serves whatever paths its dialect claims (``Dialect/claims(path:subprotocols:)``) among
    /// those that no route has; `path` is only its name then.
    package var servesClaims = false
    /// Octets of a message, after reassembly and inflation; `nil`: the general limit.
    package var messageSize: Int?
    package var fragmentCount: Int?
    package var sendQueueSize: Int?
    /// Whose pages may connect; `nil`: everybody's.
    package var originList: OriginList?
    /// Decides who comes in and what they may do, beside the dialect; `nil`: the dialect alone.
    package var gate: (any Gate)?

    package init(
        path: String, subprotocol: String? = nil, dialect: any Dialect, dialectID: DialectID,
        realm: Realm = .standard
    ) {
        self.path = path
        self.subprotocol = subprotocol
        self.dialect = dialect
        self.dialectID = dialectID
        self.realm = realm
    }
}

/// Which route a request takes: by its path, then by the first subprotocol that it offers and a
/// route has, else to the route of the path without one; a path that no route has goes to the first
/// that claims it.
struct RouteTable {
    private struct Path {
        var general: Int?
        var bySubprotocol: [String: Int] = [:]
        /// Answers who offers nothing that any route of the path has.
        var first: Int
    }

    private var paths: [ExactText: Path] = [:]
    /// The routes that serve what their dialects claim.
    private var claimants: [(place: Int, dialect: any Dialect)] = []

    init(_ routes: [Route]) {
        for (place, route) in routes.enumerated() {
            guard !route.servesClaims else {
                claimants.append((place, route.dialect))
                continue
            }
            var path = paths[ExactText(route.path)] ?? Path(first: place)
            if let subprotocol = route.subprotocol {
                path.bySubprotocol[subprotocol] = place
            } else {
                path.general = place
            }
            paths[ExactText(route.path)] = path
        }
    }

    /// - Parameters:
    ///   - path: Decoded.
    ///   - sentPath: The same as it was sent, which is what dialects see that claim paths.
    ///   - isUpgrade: Whether it asks for a WebSocket at all. What does not is nobody's whose routes
    ///     all want a subprotocol.
    ///   - offers: Asked for only where it matters.
    func place(
        of path: String, sentPath: @autoclosure () -> String, isUpgrade: Bool,
        offers: () -> [String]
    ) -> Int? {
        guard let path = paths[ExactText(path)] else {
            if claimants.isEmpty { return nil }
            let subprotocols = offers()
            let sentPath = sentPath()
            return claimants.first {
                $0.dialect.claims(path: sentPath, subprotocols: subprotocols)
            }?.place
        }
        if !path.bySubprotocol.isEmpty {
            for offer in offers() {
                if let place = path.bySubprotocol[offer] { return place }
            }
        }
        return path.general ?? (isUpgrade ? path.first : nil)
    }
}

/// A whole HTTP request, lent for the call.
package struct Request: ~Escapable {
    package let method: Method
    package let path: String
    package let head: RequestHead
    package let headOctets: RawSpan
    package let body: RawSpan
    /// Which listener it came in by: 0 is the main one, 1 the control listener.
    package let listener: Int
    /// Whether that listener is bound to a loopback address.
    package let isLoopback: Bool

    @_lifetime(copy headOctets, copy body)
    init(
        method: Method, path: String, head: RequestHead, headOctets: RawSpan, body: RawSpan,
        listener: Int, isLoopback: Bool
    ) {
        self.method = method
        self.path = path
        self.head = head
        self.headOctets = headOctets
        self.body = body
        self.listener = listener
        self.isLoopback = isLoopback
    }
}

/// Where a late answer goes. Any thread may answer, once.
package struct Responder: Sendable {
    let state: EngineState
    let connection: ConnectionID

    package func respond(_ response: Response) {
        state.post(.response(connection, response), to: connection.core)
    }
}

/// Answers requests that are no upgrades. Called on a core, so it must not wait.
package protocol RequestHandler: AnyObject, Sendable {
    /// - Returns: The answer; `.later` when the responder will be used; `nil` for 404.
    func respond(to request: borrowing Request, via responder: Responder) -> HandlerOutcome?

    /// Whether it answers a path whatever the method: then no dialect can claim plain requests for
    /// it (``Route/servesClaims``).
    func answers(path: String, listener: Int) -> Bool

    /// The largest body accepted for a path, octets; `nil` where a body is not expected.
    func bodyLimit(method: Method, path: String, listener: Int) -> Int?
}

extension RequestHandler {
    package func answers(path: String, listener: Int) -> Bool { false }
}

package enum HandlerOutcome: Sendable {
    case now(Response)
    case later
}
