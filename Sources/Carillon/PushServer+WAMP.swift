// WAMP — the router as a part of the server: its realms, its routes, and the world around it.

import Bytes
import CSystem
import DialectKit
import Engine
import Glibc
import Hub
import Rooms
import Synchronization
import WAMPAuthentication
package import WAMPRouter
import WebSocket

extension PushServer.Options {
    /// What makes the server a WAMP router.
    package struct WAMP: Sendable {
        /// Where `wamp.2.*` is spoken.
        /// The last one is where a wampy client goes that was given no URL.
        package var paths = ["/", "/ws", "/connection/websocket", "/8080"]
        package var router = RouterSettings()
        /// The realm of the other dialects' routes is the one whose number is ``Realm/standard``.
        package var realms: [RealmSettings]

        package init(realms: [RealmSettings]) { self.realms = realms }

        /// `realm1`, where anonymous sessions may do everything.
        package static let open = WAMP(realms: [
            RealmSettings(
                name: "realm1", number: .standard,
                principals: Principals(anonymousRole: "anonymous", principals: []))
        ])
    }
}

extension PushServer {
    /// Where dialect ids of the router begin.
    private static var firstRouterID: DialectID { DialectID(rawValue: 2) }

    /// Adds the router to an engine's settings.
    func addRouter(
        _ options: Options.WAMP, to settings: inout EngineSettings, _ registry: Registry,
        origins: OriginList?
    ) {
        let router = WAMPRouter(
            settings: options.router, realms: options.realms, services: registry,
            surroundings: .system, firstID: Self.firstRouterID)
        for realm in router.realms {
            registry.dealer(of: realm.settings.number).observe { [unowned realm] event in
                realm.announce(event)
            }
        }
        for dialect in router.makeDialects() {
            settings.forms.append((dialect.id, dialect))
            guard let subprotocol = dialect.form.subprotocol else { continue }
            for path in options.paths {
                var route = Route(
                    path: path, subprotocol: subprotocol, dialect: dialect,
                    dialectID: dialect.id)
                route.originList = origins
                settings.routes.append(route)
            }
        }
    }
}

extension RouterSurroundings {
    /// The system's clocks and its randomness.
    fileprivate static var system: RouterSurroundings {
        RouterSurroundings(
            wallClock: { nanoseconds(CLOCK_REALTIME) }, clock: { nanoseconds(CLOCK_MONOTONIC) },
            random: { IdentifierSource.shared.next() },
            randomOctets: { count in (0..<count).map { _ in UInt8.random(in: .min ... .max) } })
    }

    private static func nanoseconds(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// Random words for ids, from all threads and without a system call each. Not secret; what must be
/// is `randomOctets`.
private final class IdentifierSource: Sendable {
    static let shared = IdentifierSource()

    private let counter = Atomic(UInt64.random(in: .min ... .max))

    func next() -> UInt64 {
        SplitMix64.mix(counter.wrappingAdd(SplitMix64.step, ordering: .relaxed).newValue)
    }
}
