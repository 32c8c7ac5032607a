// LinkPublisher — what a broker's message becomes, and its way into the engine.

import DialectKit
import Engine
import HighTemplar
import LinkKit
import Lockfree
import Rohrpost
import Rooms

/// What the messages of one subscription are.
enum LinkUse: Sendable {
    /// The payload for the room that the link's template makes.
    case payload(Realm)
    /// Triggers of high-templar, which name their rooms.
    case triggers(TriggerIntake)
    /// Changes of models, which name their groups.
    case changes(Realm, NameTemplate)
}

/// Publishes on the engine, once there is one.
final class LinkPublisher: Sendable {
    private let engine = Guarded<EngineState?>(nil)

    func attach(_ engine: EngineState) { self.engine.withLock { $0 = engine } }

    func detach() { engine.withLock { $0 = nil } }

    /// - Parameter uses: By ``LinkMessage/subscription``.
    func handler(_ uses: [LinkUse]) -> LinkHandler {
        { [self] message in
            switch uses[message.subscription].publications(of: message) {
            case .success(let publications):
                guard let engine = engine.withLock({ $0 }) else {
                    return .rejected("the server stops")
                }
                for publication in publications { engine.publish(publication) }
                return .taken
            case .failure(let problem): return .rejected(problem.sentence)
            }
        }
    }
}

extension LinkUse {
    fileprivate func publications(
        of message: LinkMessage
    ) -> Result<[Publication], LinkProblem> {
        let payload = message.payload
        switch self {
        case .payload(let realm):
            guard let room = message.room else {
                return .failure(LinkProblem(sentence: "the room's name is empty or too long"))
            }
            return .success([
                Publication(realm: realm, room: room, payload: PayloadText.json(payload))
            ])
        case .triggers(let intake):
            do throws(TriggerError) {
                return .success(try intake.take(unsafe payload.span.bytes))
            } catch {
                return .failure(LinkProblem(sentence: error.sentence))
            }
        case .changes(let realm, let template):
            do throws(ReportProblem) {
                let change = try ModelChange(parsing: unsafe payload.span.bytes, template: template)
                return .success(change.isSuppressed ? [] : [change.publication(in: realm)])
            } catch {
                return .failure(LinkProblem(sentence: error.sentence))
            }
        }
    }
}
