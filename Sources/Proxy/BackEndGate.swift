// BackEndGate — a route's gate that asks an HTTP back end (Proxy.md, "A connection").
//
// Everything that is not a clear yes is a no: a failure, a redirect that leads nowhere, an answer
// that cannot be read, a member nobody knows. Clients are told the back end's reason, if it gives
// one, and of failures no more than a status.

internal import Bytes
internal import Codecs
package import DialectKit
internal import Hub
internal import Rooms

/// What a gate asks, and where.
package struct BackEndGateSettings: Sendable {
    /// Asked before a client comes in; `nil`: everybody comes in, with nothing restricted.
    package var connect: ProxyTarget?
    /// Asked about each subscription that a client wants; `nil`: what `connect` granted holds.
    package var subscribe: ProxyTarget?
    /// Asked about each publication of a client; `nil`: what `connect` granted holds.
    package var publish: ProxyTarget?
    /// What questions call the dialect of the route.
    package var dialect: String
    /// Header fields that `connect` is told, in lower case; `nil`: all but those of the handshake
    /// itself.
    package var headerNames: Set<String>?
    /// Whether clients with the same path, query, headers and subprotocols that connect at the same
    /// time are one question. For back ends whose answer depends on nothing else.
    package var sharesConnect = false
    /// Patterns in each list of an answer.
    package var patternLimit = 1000
    /// Octets of an answer's `context`, which is kept with every connection.
    package var contextLimit = 8192

    package init(dialect: String) { self.dialect = dialect }
}

package final class BackEndGate: Gate {
    package let settings: BackEndGateSettings
    package let questions: GateQuestions

    package init(_ settings: BackEndGateSettings) {
        self.settings = settings
        var questions: GateQuestions = []
        if settings.connect != nil { questions.insert(.connect) }
        if settings.subscribe != nil { questions.insert(.subscribe) }
        if settings.publish != nil { questions.insert(.publish) }
        self.questions = questions
    }

    package var readsHeaders: Bool {
        settings.connect != nil && settings.headerNames?.isEmpty != true
    }

    // MARK: connections

    package func admit(
        _ request: OpeningRequest, _ completion: @escaping @Sendable (GateVerdict) -> Void
    ) -> any BackEndTicket {
        guard let target = settings.connect else {
            completion(.admitted(GateGrant()))
            return NoTicket()
        }
        let body = Self.body(of: request, settings)
        let settings = self.settings
        return target.backEnd.send(target.request(body, isShared: settings.sharesConnect)) {
            completion(Self.verdict($0, settings))
        }
    }

    /// What the back end said about a client.
    static func verdict(
        _ result: Result<BackEndAnswer, BackEndFailure>, _ settings: BackEndGateSettings
    ) -> GateVerdict {
        switch result {
        case .failure(let failure):
            return .refused(Refusal(status: failure.status, body: failure.sentence + "\n"))
        case .success(let answer):
            if (400...599).contains(answer.status) {
                let reason = unsafe reason(in: answer.body.span.bytes) ?? "refused"
                return .refused(Refusal(status: answer.status, body: reason + "\n"))
            }
            guard answer.status / 100 == 2,
                let grant = unsafe try? grant(in: answer.body.span.bytes, settings)
            else {
                return .refused(
                    Refusal(status: 502, body: "the back end gave no usable answer\n"))
            }
            return .admitted(grant)
        }
    }

    private static func grant(
        in body: RawSpan, _ settings: BackEndGateSettings
    ) throws(AnswerFault) -> GateGrant {
        if body.byteCount == 0 { return GateGrant() }
        var only: [Permissions.Action: [Pattern]] = [:]
        var context: [UInt8] = []
        for member in try AnswerText.members(ofBody: body) {
            let action: Permissions.Action
            switch member.name {
            case "subscribe": action = .subscribe
            case "publish": action = .publish
            case "call": action = .call
            case "register": action = .register
            case "context":
                guard member.value.kind != .null else { continue }
                guard member.value.kind == .object,
                    member.value.range.count <= settings.contextLimit
                else { throw AnswerFault("context is no object, or too large") }
                context = body.extracting(member.value.range).array
                continue
            default:
                throw AnswerFault("the answer has the unknown member \"\(member.name)\"")
            }
            guard member.value.kind != .null else { continue }
            let items = try AnswerText.elements(
                of: member.value, in: body, limit: settings.patternLimit, called: member.name)
            var patterns: [Pattern] = []
            for item in items {
                patterns.append(try AnswerText.pattern(item, in: body, called: member.name))
            }
            only[action] = patterns
        }
        return GateGrant(only: only, context: context)
    }

    /// The text `reason` of an object.
    private static func reason(in body: RawSpan) -> String? {
        guard let members = try? AnswerText.members(ofBody: body),
            let reason = members.last(where: { $0.name == "reason" })?.value,
            let text = try? AnswerText.string(reason, in: body, called: "reason")
        else { return nil }
        return text.isEmpty ? nil : text
    }

    // MARK: subscriptions and publications

    package func ask(
        _ question: GateQuestion, context: [UInt8],
        _ completion: @escaping @Sendable (_ isAllowed: Bool) -> Void
    ) -> any BackEndTicket {
        let target: ProxyTarget?
        var body = OctetBuffer(capacity: 256)
        body.append(0x7B)
        switch question {
        case .subscribe(let pattern):
            target = body.append(subscription: pattern) ? settings.subscribe : nil
        case .publish(let room, let data):
            target = settings.publish
            body.append(#""room":"# as StaticString)
            body.append(jsonString: room.text)
            body.append(#","data":"# as StaticString)
            body.append(data)
        }
        guard let target else {
            completion(false)
            return NoTicket()
        }
        body.append(#","dialect":"# as StaticString)
        body.append(jsonString: settings.dialect)
        body.append(#","context":"# as StaticString)
        if context.isEmpty { body.append("{}" as StaticString) } else { body.append(context) }
        body.append(0x7D)
        return target.backEnd.send(target.request(body.octets.array)) { result in
            guard case .success(let answer) = result else { return completion(false) }
            completion(answer.status / 100 == 2)
        }
    }
}

/// Of a question that nobody had to be asked.
private final class NoTicket: BackEndTicket {
    func cancel() {}
}
