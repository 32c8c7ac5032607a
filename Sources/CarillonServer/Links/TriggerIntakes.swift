// TriggerIntakes — where high-templar's triggers come in, one place for each realm.

import Configuration
import HighTemplar
import Lockfree
import Rooms

final class TriggerIntakes: Sendable {
    private let match: PublishMatch
    private let special: [Realm: PublishMatch]
    private let intakes = Guarded<[Realm: TriggerIntake]>([:])

    /// What `*` means in a realm is said by the first route that says it, else by the section.
    init(_ configuration: Configuration, _ realms: RealmTable) {
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
}

extension PublishMatch {
    init(_ given: Configuration.HighTemplar.PublishMatch) {
        self = given == .covering ? .covering : .exact
    }
}
