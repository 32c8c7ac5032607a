// ControlHandler — what is answered that is no WebSocket: the HTTP API on the main listener,
// health and metrics on the control listener (DESIGN §10).
//
// Called on a core for every plain request, so nothing here waits: a publication is posted, and
// its answer leaves when the last core has counted its receivers. A path of one listener does not
// exist on the other.

import Bytes
package import Engine
package import HTTP1
import Lockfree
package import Telemetry

/// What of the control plane can change while the server runs.
package struct ControlSettings: Sendable {
    /// What callers of the API send as `Authorization: Bearer KEY`; `nil`: none is set, and the
    /// API answers only where its listener is loopback.
    package var key: String?
    /// Largest request body, in octets.
    package var bodyLimit = 1_048_576
    /// The name of the one realm there is, for requests that name theirs.
    package var realmName = "realm1"

    package init() {}
}

/// Routes requests to their endpoints.
package final class ControlHandler: RequestHandler {
    private let settings: Guarded<ControlSettings>
    private let process: ProcessMetrics?

    /// - Parameter process: What the metrics page tells about the process; refreshed for each page.
    package init(_ settings: ControlSettings = ControlSettings(), process: ProcessMetrics? = nil) {
        self.settings = Guarded(settings)
        self.process = process
    }

    /// Replaces the settings; requests that come later see the new ones.
    package func update(_ settings: ControlSettings) { self.settings.withLock { $0 = settings } }

    package func respond(
        to request: borrowing Request, via responder: Responder
    ) -> HandlerOutcome? {
        guard let endpoint = Endpoint(path: request.path, listener: request.listener) else {
            return nil
        }
        guard endpoint.allows(request.method) else {
            return .now(endpoint.methodNotAllowed)
        }
        switch endpoint {
        case .publish, .broadcast: return api(endpoint, request, responder)
        case .live: return .now(Response(status: 200, body: Array("ok\n".utf8)))
        case .ready:
            let isDraining = responder.engine.isDraining
            let word = isDraining ? "draining\n" : "ready\n"
            return .now(Response(status: isDraining ? 503 : 200, body: Array(word.utf8)))
        case .metrics: return .now(metricsPage(of: responder.engine))
        }
    }

    package func bodyLimit(method: Method, path: String, listener: Int) -> Int? {
        guard let endpoint = Endpoint(path: path, listener: listener), endpoint.isAPI,
            endpoint.allows(method)
        else { return nil }
        return settings.withLock { $0.bodyLimit }
    }

    // MARK: the API

    private func api(
        _ endpoint: Endpoint, _ request: borrowing Request, _ responder: Responder
    ) -> HandlerOutcome {
        let settings = self.settings.withLock { $0 }
        if let refusal = Authorization.check(request, key: settings.key) { return .now(refusal) }
        guard request.head.bodyLength != .none else {
            // RFC 9110 §15.5.12. What follows the head may be a body without a length, so it
            // cannot be read as the next request.
            var refusal = Response(error: "a body with a Content-Length is required", status: 411)
            refusal.endsConnection = true
            return .now(refusal)
        }
        guard !responder.engine.isCongested else {
            var refusal = Response(error: "too much is under way; try again", status: 503)
            refusal.fields = [("Retry-After", "1")]
            return .now(refusal)
        }
        do throws(RequestProblem) {
            let wanted = try PublishRequest(
                scanning: request.body, takesManyRooms: endpoint == .broadcast)
            if let realm = wanted.realm, realm != settings.realmName {
                throw RequestProblem(
                    "there is no realm \"\(realm)\" here; this server has "
                        + "\"\(settings.realmName)\"", status: 404)
            }
            wanted.publish(on: responder.engine) { count in
                responder.respond(Response(json: "{\"receivers\":\(count)}"))
            }
            return .later
        } catch {
            return .now(Response(error: error.sentence, status: error.status))
        }
    }

    private func metricsPage(of engine: EngineState) -> Response {
        if let process { ProcessFigures.refresh(process) }
        var page = OctetBuffer(capacity: 65_536)
        MetricsPage.render(engine.metrics, process: process, into: &page)
        return Response(
            status: 200, contentType: "text/plain; version=0.0.4; charset=utf-8",
            body: page.octets.array)
    }
}

/// The paths of both listeners.
private enum Endpoint {
    case publish, broadcast
    case live, ready, metrics

    init?(path: String, listener: Int) {
        switch (listener, path) {
        case (0, "/api/publish"): self = .publish
        case (0, "/api/broadcast"): self = .broadcast
        case (1, "/health/live"): self = .live
        case (1, "/health/ready"): self = .ready
        case (1, "/metrics"): self = .metrics
        default: return nil
        }
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
