// WAMP — the router as a part of the server: its realms, its routes, and the world around it.

import Bytes
import CSystem
package import DialectKit
import Engine
import Hub
import Rooms
import WAMPAuthentication
package import WAMPRouter
import WebSocket

extension PushServer.Options {
    /// What makes the server a WAMP router.
    package struct WAMP: Sendable {
        /// Where `wamp.2.*` is spoken.
        /// The last one is where a wampy client goes that was given no URL.
        package var paths = ["/", "/ws", "/connection/websocket", "/8080"]
        /// Octets of the largest message taken over WebSocket (reference §1.5), in place of
        /// ``messageSizeLimit``.
        package var messageSize = 1 << 24
        /// Where RawSocket is spoken: `host:port` with a numeric address, or `unix:/path`.
        package var rawSocketListen: [String] = []
        /// Octets of the largest message taken over RawSocket: 512 to 2^24, a power of two.
        package var rawSocketMessageSize = 1 << 24
        package var router = RouterSettings()
        /// Who is asked about clients besides; `nil`: nobody.
        package var gate: (any Gate)?
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
    /// Adds the router to an engine's settings.
    func addRouter(
        _ options: Options.WAMP, to settings: inout EngineSettings, _ registry: Registry,
        origins: OriginList?
    ) {
        let router = WAMPRouter(
            settings: options.router, realms: options.realms, services: registry,
            surroundings: .system, firstID: .firstOfRouter)
        if router.hasHistory {
            settings.taps.insert(Tap(everything: { router.record($0) }), at: 0)
        }
        let dialects = router.makeDialects()
        let streams =
            options.rawSocketListen.isEmpty
            ? nil
            : RawSocketFraming(
                dialects, messageSize: options.rawSocketMessageSize,
                messageSizeElsewhere: options.messageSize)
        if let streams { settings.framings.append(streams) }
        // What comes in by either transport must not overflow an empty queue of the other.
        let largest = max(options.messageSize, streams?.messageSize ?? 0)
        for dialect in dialects {
            settings.forms.append((dialect.id, dialect))
            guard let subprotocol = dialect.form.subprotocol else { continue }
            for path in options.paths {
                var route = Route(
                    path: path, subprotocol: subprotocol, dialect: dialect,
                    dialectID: dialect.id)
                route.originList = origins
                route.gate = options.gate
                route.messageSize = options.messageSize
                route.sendQueueSize = max(settings.limits.sendQueueSize, 2 * largest)
                settings.routes.append(route)
            }
        }
    }
}

extension PushServer.Options.WAMP {
    /// The listeners of RawSocket, whose framing is the first.
    ///
    /// - Throws: ``StartError/badOption(_:)`` for what is no address.
    func streamListeners() throws(StartError) -> [StreamListener] {
        var listeners: [StreamListener] = []
        for text in rawSocketListen {
            listeners.append(StreamListener(try StreamAddress(option: text), framing: 0))
        }
        return listeners
    }
}

extension StreamAddress {
    /// Reads `unix:/path`, or what ``ListenAddress`` reads.
    fileprivate init(option text: String) throws(StartError) {
        guard text.hasPrefix("unix:") else {
            self = .internet(try ListenAddress(option: text))
            return
        }
        let path = String(text.dropFirst(5))
        guard path.hasPrefix("/"), path.utf8.count <= Self.pathLimit, !path.utf8.contains(0) else {
            throw .badOption(
                "\"\(text)\" is no Unix socket; expected an absolute path of at most "
                    + "\(Self.pathLimit) octets, like unix:/run/carillon.sock")
        }
        self = .unix(path: path)
    }
}

extension RouterSurroundings {
    /// The system's clocks and its randomness.
    fileprivate static var system: RouterSurroundings {
        RouterSurroundings(
            wallClock: { Surroundings.wallClock }, clock: { Surroundings.clock },
            random: { Surroundings.random },
            randomOctets: { count in (0..<count).map { _ in UInt8.random(in: .min ... .max) } })
    }
}
