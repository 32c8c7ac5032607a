// MetaCall, registrations — what can be called and who answers (reference §9.2, §8.12).

internal import Bytes
internal import Codecs
internal import DialectKit
internal import Hub
internal import Rooms
internal import WAMP

extension WAMPSession {
    func answerRegistration(
        _ name: String, _ call: borrowing MetaCall, _ realm: RouterRealm,
        _ commands: inout Commands
    ) throws(MetaError) -> MetaValue {
        let number = realm.number
        switch name {
        case "wamp.registration.list":
            try call.expect(0...0)
            return realm.registrationList()
        case "wamp.registration.lookup":
            let pattern = try call.pattern(realm.settings.rules)
            let id = realm.services.askDealer(of: number) { $0.lookup(pattern) }
            return id.map { .number($0) } ?? .null
        case "wamp.registration.match":
            try call.expect(1...1)
            let room = try call.room(0, realm.settings.rules)
            let id = realm.services.askDealer(of: number) { $0.match(room) }
            return id.map { .number($0) } ?? .null
        case "wamp.registration.get":
            try call.expect(1...1)
            let id = try call.id(0)
            guard let details = realm.services.askDealer(of: number, { $0.details(of: id) })
            else { throw noSuchRegistration(id) }
            return details.details(created: realm.wallTime(of: details.created))
        case "wamp.registration.list_callees":
            try call.expect(1...1)
            let id = try call.id(0)
            guard let callees = realm.services.askDealer(of: number, { $0.callees(of: id) })
            else { throw noSuchRegistration(id) }
            return .ids(callees.map(\.rawValue))
        case "wamp.registration.count_callees":
            try call.expect(1...1)
            let id = try call.id(0)
            guard let count = realm.services.askDealer(of: number, { $0.calleeCount(of: id) })
            else { throw noSuchRegistration(id) }
            return .number(UInt64(count))
        case "wamp.registration.remove_callee":
            try call.expect(2...3)
            let id = try call.id(0)
            let callee = PartyID(rawValue: try call.id(1))
            let reason = call.count == 3 ? try call.text(2) : try call.text("reason")
            guard let callees = realm.services.askDealer(of: number, { $0.callees(of: id) })
            else { throw noSuchRegistration(id) }
            guard callees.contains(callee) else {
                throw MetaError(
                    .noSuchSession, "no session with id \(callee.rawValue) is its callee")
            }
            commands.append(
                .dealer(
                    DealerRequest(
                        callee,
                        .revoke(id, reason: reason ?? "wamp.error.unregistered"))))
            return .null
        default: throw noSuchProcedure(name)
        }
    }

    private func noSuchRegistration(_ id: UInt64) -> MetaError {
        MetaError(.noSuchRegistration, "no registration with id \(id)")
    }
}
