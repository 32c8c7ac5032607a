// The HTTP paths at which applications speak to a dialect: high-templar's trigger, and what
// rohrpost is told about models and groups.

import Bytes
import Carillon
import Configuration
import Control
import DialectKit
import Engine
import HighTemplar
import Rohrpost
import Rooms

enum Inputs {
    static func make(
        _ configuration: Configuration, _ realms: RealmTable, _ triggers: TriggerIntakes
    ) -> [ControlInput] {
        var inputs: [ControlInput] = []
        let given = configuration.hightemplar
        if let path = given.triggerPath, !given.paths.isEmpty {
            let intake = triggers.intake(of: realms.realm(given.realm))
            inputs.append(
                ControlInput(path: path, permission: .token(given.triggerToken?.text)) {
                    trigger($0, intake)
                })
        }
        if !configuration.rohrpost.paths.isEmpty {
            let template = NameTemplate(model: configuration.rohrpost.modelGroupTemplate)
            let realms = ReportRealms(
                standard: realms.realm(configuration.rohrpost.realm), known: realms.all)
            inputs.append(
                ControlInput(path: "/api/rohrpost/notify", permission: .api) {
                    change($0, template, realms)
                })
            inputs.append(
                ControlInput(path: "/api/rohrpost/send", permission: .api) {
                    message($0, realms)
                })
        }
        return inputs
    }

    /// high-templar.md §5: texts, not JSON.
    private static func trigger(_ body: RawSpan, _ intake: TriggerIntake) -> ControlInput.Reading {
        do throws(TriggerError) {
            return .publications(try intake.take(body)) { _ in
                Response(status: 200, body: Array("publish success".utf8))
            }
        } catch {
            return .refusal(Response(status: 400, body: Array(error.sentence.utf8)))
        }
    }

    /// A model has changed (rohrpost.md §5.3).
    private static func change(
        _ body: RawSpan, _ template: NameTemplate, _ realms: ReportRealms
    ) -> ControlInput.Reading {
        do throws(ReportProblem) {
            let change = try ModelChange(parsing: body, template: template)
            guard let realm = realms[change.realm] else { return unknown(change.realm) }
            return answered(change.isSuppressed ? [] : [change.publication(in: realm)])
        } catch {
            return .refusal(Response(error: error.sentence, status: 400))
        }
    }

    /// A message to a group (rohrpost.md §5.2).
    private static func message(_ body: RawSpan, _ realms: ReportRealms) -> ControlInput.Reading {
        do throws(ReportProblem) {
            let message = try GroupMessage(parsing: body)
            guard let realm = realms[message.realm] else { return unknown(message.realm) }
            return answered([message.publication(in: realm, dialect: .rohrpost)])
        } catch {
            return .refusal(Response(error: error.sentence, status: 400))
        }
    }

    private static func answered(_ publications: [Publication]) -> ControlInput.Reading {
        .publications(publications) { Response(json: "{\"receivers\":\($0)}") }
    }

    private static func unknown(_ realm: String?) -> ControlInput.Reading {
        .refusal(Response(error: "there is no realm \"\(realm ?? "")\" here", status: 404))
    }
}

/// The realms that reports can name.
private struct ReportRealms: Sendable {
    let standard: Realm
    let known: [String: Realm]

    subscript(name: String?) -> Realm? { name.map { known[$0] } ?? standard }
}
