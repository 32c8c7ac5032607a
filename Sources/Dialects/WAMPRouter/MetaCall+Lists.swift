// MetaCall, lists — what may name a hundred thousand sessions, subscriptions or registrations.
//
// Such a list is found and written elsewhere; the core sends it when it is there.

internal import Codecs
internal import DialectKit
internal import Hub
internal import WAMP

/// A long list that was made elsewhere.
internal final class ListNote: SessionNote {
    let session: UInt64
    let request: UInt64
    /// The result.
    let list: Arguments

    init(session: UInt64, request: UInt64, list: Arguments) {
        self.session = session
        self.request = request
        self.list = list
    }
}

extension WAMPSession {
    func listElsewhere(
        _ request: UInt64, _ make: @escaping @Sendable () -> MetaValue,
        _ commands: inout Commands
    ) {
        commands.append(.holdInput)
        commands.append(
            .workElsewhere { [id, serialization] in
                let list = Arguments([make()]).converted(to: serialization)
                return ListNote(session: id, request: request, list: list)
            })
    }

    func answer(_ note: ListNote, _ commands: inout Commands) {
        commands.append(.releaseInput)
        guard phase == .established, note.session == id else { return }
        answer(note.request, note.list, &commands)
    }
}

extension RouterRealm {
    /// Entries that the core lists itself.
    private static var promptLimit: Int { 1024 }

    /// The list that a call asks for, where making it takes longer than others should wait for one;
    /// `nil` where it does not, or when the call is wrong.
    func longList(
        _ name: String, _ call: borrowing MetaCall
    ) -> (@Sendable () -> MetaValue)? {
        guard settings.hasMetaAPI else { return nil }
        switch (name, call.count) {
        case ("wamp.session.list", 0):
            guard call.keyword("filter_authroles").isAbsent,
                withSessions({ $0.count }) > Self.promptLimit
            else { return nil }
            return { [self] in .ids(withSessions { Array($0.keys) }) }
        case ("wamp.subscription.list", 0):
            guard subscriptionCount > Self.promptLimit else { return nil }
            return { [self] in subscriptionList() }
        case ("wamp.subscription.list_subscribers", 1):
            guard let id = try? call.id(0), let record = subscription(id),
                record.members.count > Self.promptLimit
            else { return nil }
            return { .ids(record.members) }
        case ("wamp.registration.list", 0):
            let count = services.askDealer(of: number) { $0.registrationCount }
            guard count > Self.promptLimit else { return nil }
            return { [self] in registrationList() }
        default: return nil
        }
    }

    /// The result of `wamp.subscription.list`.
    func subscriptionList() -> MetaValue {
        let ids = subscriptions()
        return .map([
            ("exact", .sorted(ids.exact)), ("prefix", .sorted(ids.prefix)),
            ("wildcard", .sorted(ids.wildcard)),
        ])
    }

    /// The result of `wamp.registration.list`.
    func registrationList() -> MetaValue {
        let list = services.askDealer(of: number) { $0.list() }
        return .map([
            ("exact", .ids(list.exact)), ("prefix", .ids(list.prefix)),
            ("wildcard", .ids(list.wildcard)),
        ])
    }
}

extension MetaValue {
    static func sorted(_ ids: [UInt32]) -> MetaValue { .ids(ids.sorted().map(UInt64.init)) }
}
