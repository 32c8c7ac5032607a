// Dialects — the routes of a server: which path speaks what, in which realm.
//
// Routes of one dialect share its id, because what it writes does not depend on the route: their
// clients hear each other as clients of one dialect do.

package import DialectKit
import Echo
import Engine
package import HighTemplar
package import OpenAPIRPC
package import Rohrpost
package import Rooms
package import Shampoo
import WebSocket

extension DialectID {
    package static let openAPI = DialectID(rawValue: 0)
    package static let echo = DialectID(rawValue: 1)
    /// The first of the router's forms.
    static let firstOfRouter = DialectID(rawValue: 2)
    package static let highTemplar = DialectID(rawValue: 16)
    package static let rohrpost = DialectID(rawValue: 17)
    package static let shampoo = DialectID(rawValue: 18)
}

extension PushServer.Options {
    /// A path, and what is spoken there.
    package struct DialectRoute: Sendable {
        package enum Dialect: Sendable {
            case openAPI(OpenAPISettings)
            /// With whom to ask about clients, if there is one, and where triggers come in.
            case highTemplar(HighTemplarSettings, api: (any BackEnd)?, TriggerIntake)
            case rohrpost(RohrpostSettings)
        }

        package var path: String
        /// Only for clients that offer it; it is agreed on.
        package var subprotocol: String?
        package var realm: Realm
        package var dialect: Dialect
        /// Who is asked about clients besides; `nil`: nobody.
        package var gate: (any Gate)?

        package init(
            path: String, subprotocol: String? = nil, realm: Realm = .standard, dialect: Dialect,
            gate: (any Gate)? = nil
        ) {
            self.path = path
            self.subprotocol = subprotocol
            self.realm = realm
            self.dialect = dialect
            self.gate = gate
        }
    }

    /// Shampoo, at all paths that its endpoints match.
    package struct Shampoo: Sendable {
        package var realm: Realm
        package var settings: ShampooSettings
        package var endpoints: [ShampooEndpoint]
        /// Where it is also spoken by who offers it.
        package var paths: [String]

        package init(
            realm: Realm = .standard, settings: ShampooSettings = ShampooSettings(),
            endpoints: [ShampooEndpoint], paths: [String] = ["/connection/websocket"]
        ) {
            self.realm = realm
            self.settings = settings
            self.endpoints = endpoints
            self.paths = paths
        }
    }
}

extension PushServer {
    /// All routes but those of the router.
    func routes(_ registry: Registry, _ origins: OriginList?) -> [Route] {
        var routes: [Route] = []
        if let path = options.path {
            let dialect = OpenAPIDialect(
                id: .openAPI, realm: .standard, settings: options.openAPI, directory: registry)
            routes.append(Route(path: path, dialect: dialect, dialectID: .openAPI))
        }
        if let path = options.echoPath { routes.append(echoRoute(path)) }
        routes += options.dialectRoutes.map { route($0, registry) }
        if let shampoo = options.shampoo { routes += self.routes(shampoo) }
        for place in routes.indices { routes[place].originList = origins }
        return routes
    }

    private func echoRoute(_ path: String) -> Route {
        var route = Route(path: path, dialect: EchoDialect(), dialectID: .echo)
        // What conformance suites ask of an echo (cases 9.1 to 9.4 of the public one).
        route.messageSize = max(16 << 20, options.limits.messageSize)
        route.fragmentCount = max(131_072, options.limits.fragmentCount)
        route.sendQueueSize = max(32 << 20, options.limits.sendQueueSize)
        return route
    }

    private func route(_ given: Options.DialectRoute, _ registry: Registry) -> Route {
        let dialect: any Dialect
        let id: DialectID
        switch given.dialect {
        case .openAPI(let settings):
            id = .openAPI
            dialect = OpenAPIDialect(
                id: id, realm: given.realm, settings: settings, directory: registry)
        case .highTemplar(let settings, let api, let triggers):
            id = .highTemplar
            dialect = HighTemplarDialect(
                id: id, realm: given.realm, settings: settings, api: api, directory: registry,
                triggers: triggers, surroundings: .system)
        case .rohrpost(let settings):
            id = .rohrpost
            dialect = RohrpostDialect(
                id: id, realm: given.realm, settings: settings,
                wallClock: { Surroundings.wallClock })
        }
        var route = Route(
            path: given.path, subprotocol: given.subprotocol, dialect: dialect, dialectID: id,
            realm: given.realm)
        route.gate = given.gate
        return route
    }

    private func routes(_ given: Options.Shampoo) -> [Route] {
        let dialect = ShampooDialect(
            id: .shampoo, realm: given.realm, settings: given.settings, endpoints: given.endpoints)
        var anywhere = Route(
            path: "(shampoo)", dialect: dialect, dialectID: .shampoo, realm: given.realm)
        anywhere.servesClaims = true
        return [anywhere]
            + given.paths.map {
                Route(
                    path: $0, subprotocol: ShampooDialect.subprotocol, dialect: dialect,
                    dialectID: .shampoo, realm: given.realm)
            }
    }
}

extension HighTemplarSurroundings {
    fileprivate static var system: HighTemplarSurroundings {
        HighTemplarSurroundings(
            wallClock: { Surroundings.wallClock }, zoneOffset: Surroundings.zoneOffset,
            random: { Surroundings.random })
    }
}
