// LinkPublisher — what a broker's message becomes, and its way into the engine.

import Configuration
import DialectKit
import Engine
import Glibc
import HighTemplar
import LinkKit
import Lockfree
import RedisLink
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
    private let pause: @Sendable () -> Void

    /// - Parameter pause: Waits a millisecond.
    init(pause: @escaping @Sendable () -> Void = { usleep(1000) }) { self.pause = pause }

    func attach(_ engine: EngineState) { self.engine.withLock { $0 = engine } }

    func detach() { engine.withLock { $0 = nil } }

    /// How often it waits for one message: two seconds, a fifth of a broker's heartbeat. Cores that
    /// take longer are stuck.
    private static let patience = 2000

    /// Lets a broker that sends more than the cores can deliver wait, as publishing clients do: it
    /// is not read meanwhile, nor are acknowledgements sent.
    private func awaitRoom(in engine: EngineState, _ patience: inout Int) {
        while patience > 0, engine.isCongested {
            patience -= 1
            pause()
        }
    }

    /// - Parameters:
    ///   - uses: By ``LinkMessage/subscription``.
    ///   - link: The number of the link, which its messages do not return to.
    func handler(_ uses: [LinkUse], link: UInt16) -> LinkHandler {
        { [self] message in
            switch uses[message.subscription].publications(of: message) {
            case .success(let publications):
                guard let engine = engine.withLock({ $0 }) else {
                    return .rejected("the server stops")
                }
                var patience = Self.patience
                for publication in publications {
                    awaitRoom(in: engine, &patience)
                    engine.publish(publication.coming(by: link))
                }
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

extension Tap {
    /// What leaves for a channel of Redis.
    init(
        _ given: Configuration.Redis.Sink, _ realm: Realm, _ link: RedisLink, number: UInt16
    ) {
        let channel = given.channel
        self.init(Pattern(given.room, given.match), in: realm, link: number) { publication in
            let name = channel.replacing("{room}", with: publication.room.dottedText)
            // What cannot be sent is dropped and counted by the link.
            _ = link.publish(publication.value, to: Array(name.utf8))
        }
    }
}
