// WAMPProblem — what went wrong, in a sentence that says what to do next, and its exit status.

import ArgumentParser
import Glibc
import HTTP1
import WAMP
import WAMPClient
import WebSocket

struct WAMPProblem {
    let sentence: String
    let status: ExitCode
    private let refusal: ErrorReply?

    init(_ error: ClientError, _ router: WAMPRouterOptions) {
        if case .refused(let refusal) = error { self.refusal = refusal } else { refusal = nil }
        status = Self.status(error)
        sentence = Self.sentence(error, router)
    }

    /// Tells people, or with `--json` machines if it is an ERROR, on standard error.
    func say(asJSON: Bool) {
        if asJSON, let refusal {
            let envelope = WAMPText.envelope(
                [("error", WAMPText.quoted(refusal.uri))], refusal.details, refusal.arguments)
            StandardError.write(envelope + "\n")
        } else {
            // Tabs stand between arguments.
            let words = sentence.split(separator: "\t", omittingEmptySubsequences: false)
            let line = words.map { String($0).visible }.joined(separator: "\t")
            StandardError.write("carillon: \(line)\n")
        }
    }

    private static func status(_ error: ClientError) -> ExitCode {
        if error.isAboutIdentity { return Status.notAuthorized }
        switch error {
        case .badAddress: return Status.usage
        case .hostNotFound, .system, .upgradeRefused, .notHTTP, .badUpgrade, .hungUp,
            .noSubprotocol, .rawSocket, .farewell, .closed, .lost:
            return Status.unavailable
        case .aborted(let reason, _):
            return reason == "wamp.close.system_shutdown" ? Status.unavailable : Status.failure
        case .timedOut: return error.endsSession ? Status.unavailable : Status.failure
        case .interrupted: return Status.interrupted
        case .credentialRequired, .cannotAuthenticate: return Status.notAuthorized
        case .refused, .frame, .violation, .oversized, .incomingOversized, .flooded:
            return Status.failure
        }
    }
}

// MARK: - Sentences

extension WAMPProblem {
    private static func sentence(_ error: ClientError, _ router: WAMPRouterOptions) -> String {
        let url = router.address
        switch error {
        case .badAddress(let sentence): return sentence
        case .hostNotFound(let host, let reason): return "\(host) is not found: \(reason)"
        case .system(let operation, ECONNREFUSED) where "\(operation)" == "connect",
            .system(let operation, ENOENT) where "\(operation)" == "connect":
            return "nobody listens on \(url); start \"carillon serve\", or name the router with "
                + "--url or CARILLON_URL"
        case .system(let operation, let code):
            return "\(url): \(operation): \(systemText(code))"
        case .upgradeRefused(let status, let body):
            let said = body.split(whereSeparator: \.isNewline).first.map { ": \($0.prefix(200))" }
            let advice =
                status == 404
                ? "; is the path of --url the router's?"
                : status == 401 || status == 403 ? "; somebody in front of the router says no" : ""
            return "\(url) answers HTTP \(status)\(said ?? "")\(advice)"
        case .notHTTP:
            return "what listens on \(url) speaks no HTTP; for a RawSocket write rs://HOST:PORT"
        case .hungUp:
            return "what listens on \(url) hangs up; is it a router, and does it speak "
                + "\(url.hasPrefix("ws") ? "WebSocket" : "RawSocket") there?"
        case .badUpgrade, .noSubprotocol:
            return "\(url) is a WebSocket without WAMP in \(router.serializer.rawValue); is the "
                + "path the router's? --serializer tries another one"
        case .rawSocket(let error):
            return "\(url): \(sentence(error)); for a WebSocket write ws://HOST:PORT/PATH"
        case .aborted(let reason, let message):
            return
                "the router does not let us in: \(reason)\(text(message))\(advice(reason, router))"
        case .credentialRequired(let method):
            return "the router wants \(method); give --authid with --ticket-file, --secret-file "
                + "or --key-file"
        case .cannotAuthenticate(let sentence):
            return sentence
        case .refused(let refusal):
            let line = WAMPText.line(refusal.arguments)
            return refusal.uri + (line.isEmpty ? "" : ": " + line) + advice(refusal)
        case .farewell(let reason, let message):
            return "the router ended the session: \(reason)\(text(message))"
        case .closed(let code, let reason):
            let number = code.map { " with \($0.rawValue)" } ?? ""
            return "the router closed the connection\(number)\(reason.isEmpty ? "" : ": " + reason)"
        case .lost: return "the connection to \(url) was lost"
        case .timedOut(let what):
            return "\(url): \(sentence(what)); --timeout gives it more time (0: for ever)"
        case .interrupted: return "interrupted"
        case .frame(let error): return "\(url) sends what is no WebSocket frame: \(error)"
        case .violation(let sentence): return "\(url) breaks the protocol: \(sentence)"
        case .oversized(let limit): return "the router takes no message above \(limit) octets"
        case .incomingOversized(let limit): return "a message has more than \(limit) octets"
        case .flooded(let limit):
            return "more than \(limit) octets came while we waited for an answer"
        }
    }

    private static func sentence(_ awaited: Awaited) -> String {
        switch awaited {
        case .connection: "no connection in time"
        case .opening: "what listens there says nothing; is it a router?"
        case .welcome: "the router did not let us in in time"
        case .acknowledgement, .goodbye: "the router did not answer in time"
        case .answer: "the call was not answered in time"
        case .room: "the router takes nothing more"
        case .sign: "the router does not answer pings"
        }
    }

    private static func text(_ message: String?) -> String { message.map { ", \"\($0)\"" } ?? "" }

    private static func sentence(_ error: RawSocketError) -> String {
        switch error {
        case .notRawSocket: "what listens there is no RawSocket"
        case .badAnswer, .malformedFrame: "what listens there breaks the rules of RawSocket"
        case .refused(.serializerUnsupported):
            "the router does not speak this serializer; --serializer tries another one"
        case .refused(.tooManyConnections): "the router has too many connections"
        case .refused: "the router refuses the connection"
        case .oversizedFrame(let size): "a message of \(size) octets is too large"
        }
    }

    private static func advice(_ reason: String, _ router: WAMPRouterOptions) -> String {
        switch reason {
        case "wamp.error.no_such_realm": "; --realm names another one than \(router.realm)"
        case "wamp.error.no_matching_auth_method", "wamp.error.no_auth_method",
            "wamp.error.authentication_required":
            "; give --authid with --ticket-file, --secret-file or --key-file"
        default: ""
        }
    }

    private static func advice(_ refusal: ErrorReply) -> String {
        switch refusal.uri {
        case "wamp.error.no_such_procedure" where refusal.arguments.isEmpty:
            "; nobody has registered it on this realm"
        case "wamp.error.procedure_already_exists" where refusal.arguments.isEmpty:
            "; --invoke roundrobin shares it, if all who register it say so"
        default: ""
        }
    }
}
