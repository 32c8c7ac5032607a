// TriggerIntakes — where high-templar's triggers come in, one place for each realm.

import Configuration
import HighTemplar
import Lockfree
import Rooms
import Telemetry

final class TriggerIntakes: Sendable {
    private let match: PublishMatch
    private let special: [Realm: PublishMatch]
    private let intakes = Guarded<[Realm: TriggerIntake]>([:])
    private let realms: [String: Realm]

    /// What `*` means in a realm is said by the first route that says it, else by the section.
    init(_ configuration: Configuration, _ realms: RealmTable) {
        self.realms = realms.all
        match = PublishMatch(configuration.hightemplar.publishMatch)
        var special: [Realm: PublishMatch] = [:]
        for route in configuration.routes {
            guard let match = route.publishMatch else { continue }
            let realm = realms.realm(route.realm ?? configuration.hightemplar.realm)
            special[realm] = special[realm] ?? PublishMatch(match)
        }
        self.special = special
    }

    func intake(of realm: Realm) -> TriggerIntake {
        intakes.withLock { intakes in
            if let known = intakes[realm] { return known }
            let intake = TriggerIntake(realm: realm, match: special[realm] ?? match)
            intakes[realm] = intake
            return intake
        }
    }

    /// What has come in, in the order of the realms' names; nothing of a realm without triggers.
    var figures: [TriggerFigures] {
        let intakes = intakes.withLock { $0 }
        return realms.sorted { $0.key < $1.key }.compactMap { name, realm in
            guard let intake = intakes[realm], intake.receivedCount > 0 else { return nil }
            return TriggerFigures(
                realm: name, received: intake.receivedCount, dropped: intake.droppedCount,
                unusableRooms: intake.unusableRoomCount)
        }
    }
}

extension PublishMatch {
    init(_ given: Configuration.HighTemplar.PublishMatch) {
        self = given == .covering ? .covering : .exact
    }
}
