// People — the realms, roles and principals of the transcripts (Tests/EndToEnd/wamp_router.py).

import Hub
import Rooms
import WAMP
import WAMPAuthentication

@testable import WAMPRouter

enum People {
    static let realms = [realm1, realm2, realm3]

    static var realm1: RealmSettings {
        // A test vector: what the password "secret1" becomes with its salt.
        let peter = "prq7+YkJ1/KlW1X0YczMH8E8z7oCXX/N/ixnRmOLK48="
        var realm = RealmSettings(
            name: "realm1", number: Realm(rawValue: 0),
            principals: Principals(
                anonymousRole: "anonymous",
                principals: [
                    Principal(
                        authID: "martin", role: "backend",
                        credential: .ticket(Array("wEx9TPFtHdRr2Zg7rtRE".utf8))),
                    Principal(
                        authID: "caf\u{E9}", role: "backend",
                        credential: .ticket(Array("wEx9TPFtHdRr2Zg7rtRE".utf8))),
                    Principal(
                        authID: "lost", role: "nowhere", credential: .ticket(Array("x".utf8))),
                    Principal(
                        authID: "joe", role: "user",
                        credential: .wampCRA(secret: Array("secret2".utf8), salt: nil)),
                    Principal(
                        authID: "peter", role: "user",
                        credential: .wampCRA(
                            secret: Array(peter.utf8), salt: ("salt123", 100, 32))),
                    Principal(
                        authID: "oscar", role: "user",
                        credential: .cryptosign(publicKeys: [oscarsKey])),
                ]),
            permissions: Permissions(roles: [
                .init(
                    name: "anonymous",
                    rules: [
                        everything,
                        .init(prefix("denied."), allows: []),
                        .init(prefix("com.hidden."), allows: .all, disclosure: .never),
                        .init(prefix("com.shown."), allows: .all, disclosure: .always),
                        .init(prefix("com.takeover."), allows: .all, mayTakeOver: true),
                    ]),
                .init(name: "backend", rules: [everything]),
                .init(name: "user", rules: [everything]),
            ]))
        realm.history = [HistoryEntry(prefix("com.history."), limit: 1000, sizeLimit: 1 << 20)]
        return realm
    }

    static var realm2: RealmSettings {
        var realm = RealmSettings(
            name: "realm2", number: Realm(rawValue: 1),
            principals: Principals(anonymousRole: "anonymous", principals: []),
            permissions: Permissions(roles: [.init(name: "anonymous", rules: [everything])]))
        realm.rules = .strict
        return realm
    }

    static var realm3: RealmSettings {
        RealmSettings(
            name: "realm3", number: Realm(rawValue: 2),
            principals: Principals(
                anonymousRole: nil,
                principals: [
                    Principal(
                        authID: "guest", role: "guest",
                        credential: .ticket(Array("guest-ticket".utf8)))
                ]),
            permissions: Permissions(roles: [
                .init(
                    name: "guest",
                    rules: [
                        .init(prefix("com.guest."), allows: .subscribe),
                        .init(prefix("com.guest.open."), allows: .publish),
                        .init(pattern("com.guest.exact", .exact), allows: .call),
                        .init(pattern("com..any.call", .wildcard), allows: .call),
                    ])
            ]))
    }

    static let everything = Permissions.Rule(.prefix([]), allows: .all)

    /// The public key of the seed 0, 1, 2 … 31 (reference §10.6).
    static let oscarsKey: [UInt8] = [
        0x03, 0xA1, 0x07, 0xBF, 0xF3, 0xCE, 0x10, 0xBE, 0x1D, 0x70, 0xDD, 0x18, 0xE7, 0x4B, 0xC0,
        0x99, 0x67, 0xE4, 0xD6, 0x30, 0x9B, 0xA5, 0x0D, 0x5F, 0x1D, 0xDC, 0x86, 0x64, 0x12, 0x55,
        0x31, 0xB8,
    ]

    static func prefix(_ text: String) -> Pattern { .prefix(Array(text.utf8)) }

    static func pattern(_ text: String, _ policy: MatchPolicy) -> Pattern {
        let octets = Array(text.utf8)
        return try! WAMPURI.pattern(unsafe octets.span.bytes, policy)
    }

    static func room(_ text: String) -> Room {
        let octets = Array(text.utf8)
        return try! WAMPURI.room(unsafe octets.span.bytes)
    }
}
