// [hightemplar], [rohrpost], [shampoo], [[endpoint]] and [[route]] as the server takes them.

import Bytes
import Carillon
import Configuration
import Crypto
import DialectKit
import Engine
import HighTemplar
import Hub
import OpenAPIRPC
import Proxy
import Rohrpost
import Rooms
import Shampoo
import Tokens

/// Makes the routes of a configuration.
struct RouteMaker {
    let configuration: Configuration
    let realms: RealmTable
    let links: Links
    let triggers: TriggerIntakes
    /// Reads a file that configuration names.
    let readFile: (String) throws(LinkProblem) -> String

    typealias Route = PushServer.Options.DialectRoute

    /// Where every dialect is chosen by a subprotocol of its own.
    private static let common = "/connection/websocket"

    func routes() throws(LinkProblem) -> [Route] {
        var routes: [Route] = []
        let highTemplar = try highTemplar(nil)
        let rohrpost = try rohrpost(role: configuration.rohrpost.role, configuration.rohrpost.realm)
        let highTemplarRealm = realms.realm(configuration.hightemplar.realm)
        let rohrpostRealm = realms.realm(configuration.rohrpost.realm)
        let openAPIRealm = realms.realm(configuration.openapi.realm)
        let highTemplarGate = gate(configuration.hightemplar.gate, "high-templar")
        let rohrpostGate = gate(configuration.rohrpost.gate, "rohrpost")
        let openAPIGate = gate(configuration.openapi.gate, "openapi-ws")
        for path in configuration.hightemplar.paths {
            routes.append(
                Route(
                    path: path, realm: highTemplarRealm, dialect: highTemplar,
                    gate: highTemplarGate))
        }
        for path in configuration.rohrpost.paths {
            routes.append(
                Route(path: path, realm: rohrpostRealm, dialect: rohrpost, gate: rohrpostGate))
        }
        if let path = configuration.openapi.path {
            routes.append(
                Route(path: path, realm: openAPIRealm, dialect: openAPI(nil), gate: openAPIGate))
            routes.append(
                Route(
                    path: Self.common, subprotocol: "openapi-ws", realm: openAPIRealm,
                    dialect: openAPI(nil), gate: openAPIGate))
        }
        if !configuration.hightemplar.paths.isEmpty {
            routes.append(
                Route(
                    path: Self.common, subprotocol: "high-templar", realm: highTemplarRealm,
                    dialect: highTemplar, gate: highTemplarGate))
        }
        if !configuration.rohrpost.paths.isEmpty {
            routes.append(
                Route(
                    path: Self.common, subprotocol: "rohrpost", realm: rohrpostRealm,
                    dialect: rohrpost, gate: rohrpostGate))
        }
        for route in configuration.routes { routes.append(try self.route(route)) }
        return routes
    }

    private func route(_ given: Configuration.Route) throws(LinkProblem) -> Route {
        let dialect: Route.Dialect
        let realm: String?
        let name: String
        switch given.dialect {
        case .openapi:
            name = "openapi-ws"
            realm = given.realm ?? configuration.openapi.realm
            dialect = openAPI(given)
        case .hightemplar:
            name = "high-templar"
            realm = given.realm ?? configuration.hightemplar.realm
            dialect = try highTemplar(given)
        case .rohrpost:
            name = "rohrpost"
            realm = given.realm ?? configuration.rohrpost.realm
            dialect = try rohrpost(role: given.role, realm)
        }
        return Route(
            path: given.path, subprotocol: given.subprotocol, realm: realms.realm(realm),
            dialect: dialect, gate: gate(given.gate, name))
    }

    /// Who is asked about the clients of a route.
    func gate(_ given: Configuration.Gate, _ dialect: String) -> (any Gate)? {
        guard let name = given.backEnd else { return nil }
        let backEnd = links.backEnd(name)
        var settings = BackEndGateSettings(dialect: dialect)
        settings.connect = given.connectTarget.map { ProxyTarget(backEnd, $0) }
        settings.subscribe = given.subscribeTarget.map { ProxyTarget(backEnd, $0) }
        settings.publish = given.publishTarget.map { ProxyTarget(backEnd, $0) }
        return BackEndGate(settings)
    }

    /// What back ends answer.
    func procedures() -> [HandlerRegistration] {
        configuration.procedures.map { given in
            .backEnd(
                Pattern(given.uri, given.match), in: realms.realm(given.realm),
                asking: ProxyTarget(
                    links.backEnd(given.backEnd), given.target, timeLimit: given.time.nanoseconds))
        }
    }

    private func openAPI(_ given: Configuration.Route?) -> Route.Dialect {
        var settings = OpenAPISettings(configuration)
        let section = configuration.openapi
        settings.access = realms.access(
            given.map(\.role) ?? section.role, in: given?.realm ?? section.realm)
        return .openAPI(settings)
    }

    private func highTemplar(_ given: Configuration.Route?) throws(LinkProblem) -> Route.Dialect {
        let section = configuration.hightemplar
        var settings = HighTemplarSettings(section)
        settings.subscriptionLimit = configuration.limits.subscriptionsPerConnection
        settings.refusalLimit = configuration.limits.subscriptionRefusals
        if let match = given?.subscribeMatch {
            settings.subscribeMatch = match == .pattern ? .pattern : .literal
        }
        // A route that says who is allowed says it alone.
        let isOwn = given.map { $0.apiURL != nil || !$0.allowedRooms.isEmpty } ?? false
        let url = isOwn ? given?.apiURL : section.apiURL
        let socket = isOwn ? given?.apiSocket : section.apiSocket
        let rooms = isOwn ? given?.allowedRooms ?? [] : section.allowedRooms
        if !rooms.isEmpty {
            do throws(AllowedRoomsError) {
                settings.allowedRooms = try AllowedRooms(
                    json: "[\(rooms.joined(separator: ","))]")
            } catch {
                throw LinkProblem(
                    sentence: "\(given.map { "the route \($0.path)" } ?? "hightemplar"): "
                        + "allowed_rooms are no JSON objects")
            }
        }
        var api: (any BackEnd)?
        if let url { api = try links.application(url, socket: socket, section) }
        let realm = realms.realm(given?.realm ?? section.realm)
        return .highTemplar(settings, api: api, triggers.intake(of: realm))
    }

    private func rohrpost(role: String?, _ realm: String?) throws(LinkProblem) -> Route.Dialect {
        let given = configuration.rohrpost
        return .rohrpost(
            RohrpostSettings(
                mirrorsErrorInData: given.mirrorErrorInData, pingsRawData: given.pingRawData,
                token: try token(given), access: realms.access(role, in: realm),
                calls: CallableTypes(every: CallRule(given.calling)),
                callTimeLimit: given.calling.time.nanoseconds,
                groupTemplate: NameTemplate(subscription: given.groupTemplate),
                subscriptionLimit: configuration.limits.subscriptionsPerConnection))
    }

    private func token(_ given: Configuration.Rohrpost) throws(LinkProblem) -> TokenCheck {
        let count = [given.token != nil, given.tokenSecret != nil, given.tokenKeyFile != nil]
        guard count.count(where: { $0 }) <= 1 else {
            throw LinkProblem(
                sentence: "rohrpost: only one of token, token_secret and token_key_file can be "
                    + "what auth_jwt is checked with")
        }
        if let token = given.token { return .fixed(Array(token.text.utf8)) }
        if let secret = given.tokenSecret {
            guard let hash = HMAC.Hash(given.tokenAlgorithm),
                let check = WebTokenCheck(hash, secret: Array(secret.text.utf8))
            else {
                throw LinkProblem(
                    sentence: "rohrpost: token_secret is for HS256, HS384 and HS512; RS256 takes "
                        + "token_key_file")
            }
            return .signed(check)
        }
        guard let file = given.tokenKeyFile else { return .none }
        let text = Array(try readFile(file).utf8)
        guard let check = WebTokenCheck(publicKeyPEM: unsafe text.span.bytes) else {
            throw LinkProblem(
                sentence: "rohrpost: \(file) is no RSA public key of 2048 to 8192 bits in PEM")
        }
        return .signed(check)
    }

    // MARK: Shampoo

    func shampoo() throws(LinkProblem) -> PushServer.Options.Shampoo? {
        var endpoints: [ShampooEndpoint] = []
        for given in configuration.endpoints {
            var methods: [String: ShampooMethod] = [:]
            for method in given.methods {
                methods[method.name] = ShampooMethod(
                    CallRule(method.calling), timeLimit: method.calling.time.nanoseconds)
            }
            let backEnd = given.backEnd.map(links.backEnd)
            do throws(ShampooEndpointError) {
                endpoints.append(
                    try ShampooEndpoint(
                        name: given.name, path: given.path, methods: methods, rooms: given.rooms,
                        pushEvent: given.pushEvent, pushKey: given.pushKey,
                        access: realms.access(given.role, in: configuration.shampoo.realm),
                        passesGroups: given.passGroups,
                        connect: ShampooHook(backEnd, given.connectTarget),
                        disconnect: ShampooHook(backEnd, given.disconnectTarget)))
            } catch {
                throw LinkProblem(sentence: "\(error)")
            }
        }
        return PushServer.Options.Shampoo(
            realm: realms.realm(configuration.shampoo.realm),
            settings: ShampooSettings(isStrict: configuration.shampoo.strict),
            endpoints: endpoints, paths: [Self.common])
    }
}

extension ShampooHook {
    fileprivate init?(_ backEnd: (any BackEnd)?, _ target: String?) {
        guard let backEnd, let target else { return nil }
        self.init(backEnd, target: target)
    }
}

extension HighTemplarSettings {
    fileprivate init(_ given: Configuration.HighTemplar) {
        self.init()
        helloKeys = given.helloKeys == .both ? .both : .authorized
        subscribeMatch = given.subscribeMatch == .pattern ? .pattern : .literal
        repliesWithRequestID = given.replyRequestID
        idleTime = given.idleTime.nanoseconds
        bootstrapTime = given.bootstrapTime.nanoseconds
        notifiesAPI = given.hooks
        extraHeaders = given.headers.map { header in
            let source: ExtraHeader.Source =
                switch header.kind {
                case .header: .header(header.argument)
                case .query: .queryParameter(header.argument)
                case .cookie: .cookie(header.argument)
                case .fixed: .fixed(header.argument)
                }
            return ExtraHeader(header.name, from: source)
        }
    }
}

extension CallRule {
    init(_ given: Configuration.Calling) {
        self.init(
            procedure: given.procedure,
            arguments: given.arguments == .keywords ? .keywords : .object,
            result: given.result == .first ? .first : .value)
    }
}

extension HMAC.Hash {
    fileprivate init?(_ given: Configuration.Rohrpost.TokenAlgorithm) {
        switch given {
        case .hs256: self = .sha256
        case .hs384: self = .sha384
        case .hs512: self = .sha512
        case .rs256: return nil
        }
    }
}
