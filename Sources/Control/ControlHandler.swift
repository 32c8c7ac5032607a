// ControlHandler — what is answered that is no WebSocket: the HTTP API on the main listener,
// health and metrics on the control listener.
//
// Called on a core for every plain request, so nothing here waits: a publication is posted, and
// its answer leaves when the last core has counted its receivers. A path of one listener does not
// exist on the other.

import Bytes
import DialectKit
package import Engine
package import HTTP1
import Lockfree
package import Rooms
package import Telemetry

/// What of the control plane can change while the server runs.
package struct ControlSettings: Sendable {
    /// What callers of the API send as `Authorization: Bearer KEY`; `nil`: none is set, and the
    /// API answers only where its listener is loopback.
    package var key: String?
    /// Largest request body, in octets.
    package var bodyLimit = 1_048_576
    /// The realms there are, for requests that name theirs.
    package var realms: [String: Realm] = ["realm1": .standard]

    package init() {}
}

/// Routes requests to their endpoints.
package final class ControlHandler: RequestHandler {
    private let settings: Guarded<ControlSettings>
    private let process: ProcessMetrics?
    private let inputs: [ExactText: ControlInput]
    private let links: [LinkStatus]

    /// - Parameters:
    ///   - process: What the metrics page tells about the process; refreshed for each page.
    ///   - inputs: Further paths for clients' listeners; of two with one path the first counts.
    ///   - links: Told on the metrics page; while one is not connected the server is not ready.
    package init(
        _ settings: ControlSettings = ControlSettings(), process: ProcessMetrics? = nil,
        inputs: [ControlInput] = [], links: [LinkStatus] = []
    ) {
        self.settings = Guarded(settings)
        self.process = process
        self.inputs = Dictionary(
            inputs.map { (ExactText($0.path), $0) }, uniquingKeysWith: { first, _ in first })
        self.links = links
    }

    /// Replaces the settings; requests that come later see the new ones.
    package func update(_ settings: ControlSettings) { self.settings.withLock { $0 = settings } }

    package func respond(
        to request: borrowing Request, via responder: Responder
    ) -> HandlerOutcome? {
        guard let endpoint = Endpoint(path: request.path, listener: request.listener) else {
            guard let input = input(request.path, request.listener) else { return nil }
            return take(request, by: input, responder)
        }
        guard endpoint.allows(request.method) else {
            return .now(endpoint.methodNotAllowed)
        }
        switch endpoint {
        case .publish, .broadcast: return api(endpoint, request, responder)
        case .live: return .now(Response(status: 200, body: Array("ok\n".utf8)))
        case .ready:
            let problem = notReady(responder.engine)
            let word = (problem ?? "ready") + "\n"
            return .now(Response(status: problem == nil ? 200 : 503, body: Array(word.utf8)))
        case .metrics: return .now(metricsPage(of: responder.engine))
        }
    }

    package func answers(path: String, listener: Int) -> Bool {
        Endpoint(path: path, listener: listener) != nil || input(path, listener) != nil
    }

    package func bodyLimit(method: Method, path: String, listener: Int) -> Int? {
        let takesBody =
            Endpoint(path: path, listener: listener).map { $0.isAPI && $0.allows(method) }
            ?? (input(path, listener) != nil && method == .post)
        return takesBody ? settings.withLock { $0.bodyLimit } : nil
    }

    private func input(_ path: String, _ listener: Int) -> ControlInput? {
        listener == 0 ? inputs[ExactText(path)] : nil
    }

    /// Why no more clients should be sent here; `nil` while they should.
    private func notReady(_ engine: EngineState) -> String? {
        if engine.isDraining { return "draining" }
        let lost = links.filter { !$0.isConnected }.map { "\($0.kind.rawValue) \($0.name)" }
        return lost.isEmpty ? nil : "not connected: " + lost.joined(separator: ", ")
    }

    // MARK: the API

    private func api(
        _ endpoint: Endpoint, _ request: borrowing Request, _ responder: Responder
    ) -> HandlerOutcome {
        let settings = self.settings.withLock { $0 }
        if let refusal = Authorization.check(request, key: settings.key) { return .now(refusal) }
        if let refusal = Self.unreadable(request, responder) { return .now(refusal) }
        do throws(RequestProblem) {
            let wanted = try PublishRequest(
                scanning: request.body, takesManyRooms: endpoint == .broadcast)
            let name = wanted.realm
            guard let realm = name.map({ settings.realms[$0] }) ?? .standard else {
                let known = settings.realms.keys.sorted().map { "\"\($0)\"" }
                throw RequestProblem(
                    "there is no realm \"\(name ?? "")\" here; this server has "
                        + known.joined(separator: ", "), status: 404)
            }
            responder.engine.publish(wanted.publications(in: realm)) { count in
                responder.respond(Response(json: "{\"receivers\":\(count)}"))
            }
            return .later
        } catch {
            return .now(Response(error: error.sentence, status: error.status))
        }
    }

    /// Why a body is not even looked at.
    private static func unreadable(
        _ request: borrowing Request, _ responder: Responder
    ) -> Response? {
        guard request.head.bodyLength != .none else {
            // RFC 9110 §15.5.12. What follows the head may be a body without a length, so it
            // cannot be read as the next request.
            var refusal = Response(error: "a body with a Content-Length is required", status: 411)
            refusal.endsConnection = true
            return refusal
        }
        guard responder.engine.isCongested else { return nil }
        var refusal = Response(error: "too much is under way; try again", status: 503)
        refusal.fields = [("Retry-After", "1")]
        return refusal
    }

    // MARK: inputs of dialects

    private func take(
        _ request: borrowing Request, by input: ControlInput, _ responder: Responder
    ) -> HandlerOutcome? {
        switch input.permission {
        case .token(nil) where !request.isLoopback: return nil
        case .token(let token):
            if let refusal = Authorization.check(request, key: token) { return .now(refusal) }
        case .api:
            let key = settings.withLock { $0.key }
            if let refusal = Authorization.check(request, key: key) { return .now(refusal) }
        }
        guard request.method == .post else {
            return .now(
                Response(error: "this path takes POST", status: 405, fields: [("Allow", "POST")]))
        }
        if let refusal = Self.unreadable(request, responder) { return .now(refusal) }
        switch input.read(request.body) {
        case .refusal(let response): return .now(response)
        case .publications(let publications, let answer):
            responder.engine.publish(publications) { responder.respond(answer($0)) }
            return .later
        }
    }

    private func metricsPage(of engine: EngineState) -> Response {
        if let process {
            ProcessFigures.refresh(process)
            process.callOctets = engine.callMemory.size
        }
        var page = OctetBuffer(capacity: 65_536)
        MetricsPage.render(engine.metrics, process: process, links: links, into: &page)
        return Response(
            status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
            body: page.octets.array)
    }
}

/// The paths of both listeners.
private enum Endpoint {
    case publish, broadcast
    case live, ready, metrics

    private static let paths: [(listener: Int, path: String, endpoint: Endpoint)] = [
        (0, "/api/publish", .publish), (0, "/api/broadcast", .broadcast),
        (1, "/health/live", .live), (1, "/health/ready", .ready), (1, "/metrics", .metrics),
    ]

    init?(path: String, listener: Int) {
        let known = Self.paths.first { $0.listener == listener && path.isExactly($0.path) }
        guard let known else { return nil }
        self = known.endpoint
    }

    var isAPI: Bool { self == .publish || self == .broadcast }

    func allows(_ method: Method) -> Bool {
        isAPI ? method == .post : method == .get || method == .head
    }

    /// RFC 9110 §15.5.6: the answer names the methods there are.
    var methodNotAllowed: Response {
        let methods = isAPI ? "POST" : "GET, HEAD"
        return Response(
            error: "this path takes \(methods)", status: 405, fields: [("Allow", methods)])
    }
}
