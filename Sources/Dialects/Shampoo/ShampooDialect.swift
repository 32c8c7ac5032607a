// ShampooDialect — request/response calls and pushes at endpoints (Shampoo specification).
//
// A client offers the subprotocol `shampoo` on a path that an endpoint's expression matches. It
// calls the methods that endpoint exposes, procedures of the realm here, and is pushed what is
// published to the rooms the endpoint names, which it knows nothing about.

import Bytes
import Codecs
package import DialectKit
import Hub
import PathExpressions
package import Rooms

/// The dialect with its endpoints.
package final class ShampooDialect: Dialect {
    /// What clients have to offer and are answered, exactly (§1.2).
    package static let subprotocol = "shampoo"

    package let id: DialectID
    package let realm: Realm
    package let settings: ShampooSettings
    /// In the order in which they are tried.
    package let endpoints: [ShampooEndpoint]
    /// For each endpoint its methods, by octets: names that Unicode calls equal are different.
    internal let methods: [[[UInt8]: ExposedMethod]]
    package let readsHeaders: Bool
    package let ignoresRooms: Bool

    /// - Parameter endpoints: The first that matches a path is the one (§1.1).
    package init(
        id: DialectID, realm: Realm, settings: ShampooSettings = ShampooSettings(),
        endpoints: [ShampooEndpoint]
    ) {
        // A reading is a place in the list.
        precondition(endpoints.count <= Int(Reading.max))
        self.id = id
        self.realm = realm
        self.settings = settings
        self.endpoints = endpoints
        methods = endpoints.map { endpoint in
            Dictionary(
                uniqueKeysWithValues: endpoint.methods.map { name, method in
                    (Array(name.utf8), ExposedMethod(name: Array(name.utf8), method))
                })
        }
        readsHeaders = endpoints.contains { $0.connect != nil || !$0.headers.isEmpty }
        ignoresRooms = endpoints.allSatisfy { $0.pushEvent != nil }
    }

    /// Whether the dialect answers for this path: the client says so, or an endpoint does. Of an
    /// expression that reaches its limits nobody knows better.
    package func claims(path: String, subprotocols: [String]) -> Bool {
        subprotocols.contains(Self.subprotocol)
            || endpoints.contains { $0.expression.search(path) != .none }
    }

    /// Decides in the order of §1.3, with the reasons in the status line.
    package func open(_ request: OpeningRequest) -> OpeningDecision {
        guard request.subprotocols.contains(Self.subprotocol) else {
            return .refuse(.noMatchingProtocol)
        }
        for (place, endpoint) in endpoints.enumerated() {
            switch endpoint.expression.search(request.path) {
            case .none: continue
            // The next endpoint must not get a path that this one might have wanted.
            case .limited: return .refuse(.initializationCrashed)
            case .found(let match): return open(request, place, match)
            }
        }
        return .refuse(.noMatchingEndpoint)
    }

    private func open(
        _ request: OpeningRequest, _ place: Int, _ match: PathMatch
    ) -> OpeningDecision {
        let endpoint = endpoints[place]
        var rooms: [Room] = []
        for template in endpoint.rooms {
            do throws(RoomError) {
                guard let room = try template.room(of: match), !rooms.contains(room) else {
                    continue
                }
                guard endpoint.access.allows(.subscribe, on: .exact(room)) else {
                    return .refuse(.initialization(status: 403, reason: "Forbidden"))
                }
                rooms.append(room)
            } catch {
                return .refuse(.initialization())
            }
        }
        let context = EndpointContext(endpoint, match, request)
        guard let hook = endpoint.connect else {
            let session = ShampooSession(of: self, at: place, context, rooms: rooms)
            return .accept(session, subprotocol: Self.subprotocol)
        }
        return .later(
            ConnectQuestion(hook, self, at: place, request, match, context, rooms: rooms))
    }

    /// What is no WebSocket request is not of the protocol (§1.3).
    package var refusalWithoutUpgrade: Refusal? {
        Refusal(status: 426, body: "A WebSocket upgrade is required.")
    }

    /// Tells the endpoint's back end that a connection has ended. Nobody waits for what it says.
    internal func tellEnd(of connection: UInt64, at place: Int, _ context: EndpointContext) {
        guard let hook = endpoints[place].disconnect else { return }
        var notice = BackEndRequest(hook, body: context.farewell(connection: connection))
        notice.isNotice = true
        hook.backEnd.send(notice) { _ in }
    }
}

/// A method as a session finds it.
internal final class ExposedMethod: Sendable {
    let rule: CallRule
    let timeLimit: UInt64
    /// `nil` when no procedure can have the name that the rule makes.
    let procedure: Room?

    init(name: [UInt8], _ method: ShampooMethod) {
        rule = method.rule
        timeLimit = method.timeLimit
        procedure = method.rule.room(method: name)
    }
}

extension BackEndRequest {
    /// A question of an endpoint, as JSON.
    internal init(_ hook: ShampooHook, body: [UInt8]) {
        self.init(
            method: "POST", target: hook.target,
            headers: [("content-type", "application/json")], body: body, timeLimit: hook.timeLimit)
    }
}
