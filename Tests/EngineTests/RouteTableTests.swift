// Which route a request takes: path, then subprotocol in the client's order.

import Bytes
import DialectKit
import Echo
import Lockfree
import Testing

@testable import Engine

@Suite struct RouteTableTests {
    private func route(_ path: String, _ subprotocol: String? = nil) -> Route {
        Route(
            path: path, subprotocol: subprotocol, dialect: EchoDialect(),
            dialectID: DialectID(rawValue: 0))
    }

    private func table(_ routes: Route...) -> RouteTable { RouteTable(routes) }

    private func place(
        _ table: RouteTable, _ path: String, _ offers: String..., isUpgrade: Bool = true
    ) -> Int? {
        table.place(of: path, sentPath: path, isUpgrade: isUpgrade) { offers }
    }

    @Test("the first offer that a route of the path has decides, not the order of the routes")
    func clientsOrder() {
        let table = table(route("/", "a"), route("/", "b"), route("/other", "c"), route("/"))
        #expect(place(table, "/", "b", "a") == 1)
        #expect(place(table, "/", "x", "a", "b") == 0)
        #expect(place(table, "/", "c") == 3, "an offer of another path's")
        #expect(place(table, "/other", "b", "c") == 2)
    }

    @Test("who offers nothing that fits takes the route without a subprotocol, if there is one")
    func general() {
        let table = table(route("/", "a"), route("/"), route("/wamp", "b"), route("/wamp", "a"))
        #expect(place(table, "/") == 1)
        #expect(place(table, "/", "x") == 1)
        #expect(place(table, "/", isUpgrade: false) == 1)
        // Its first route says what is wrong with the offers.
        #expect(place(table, "/wamp") == 2)
        #expect(place(table, "/wamp", "x") == 2)
        // A plain request is not for a dialect that wants a subprotocol.
        #expect(place(table, "/wamp", isUpgrade: false) == nil)
    }

    @Test("a path is its octets, not what is equivalent to them")
    func spelling() {
        let table = table(route("/caf\u{E9}"))
        #expect(place(table, "/caf\u{E9}") == 0)
        #expect(place(table, "/cafe\u{301}") == nil)
    }

    @Test("an unknown path has no route, whatever is offered")
    func unknown() {
        let table = table(route("/a", "x"), route("/b"))
        #expect(place(table, "/", "x") == nil)
        #expect(place(table, "/a/", "x") == nil)
        #expect(place(table, "", "x") == nil)
        #expect(place(RouteTable([]), "/", "x") == nil)
    }

    @Test("of two routes for the same the later one counts, and offers compare as they are")
    func duplicates() {
        let table = table(route("/", "a"), route("/", "a"), route("/b"), route("/b"))
        #expect(place(table, "/", "a") == 1)
        #expect(place(table, "/b") == 3)
        #expect(place(table, "/", "A") == 0, "none fits, so the first one answers")
    }

    @Test("offers are read only where they matter")
    func laziness() {
        let table = table(route("/plain"), route("/", "a"))
        #expect(
            table.place(of: "/plain", sentPath: "/plain", isUpgrade: true) { fatalError("read") }
                == 0)
        #expect(
            table.place(of: "/none", sentPath: "/none", isUpgrade: true) { fatalError("read") }
                == nil)
    }

    @Test("a path that no route has goes to the first route whose dialect claims it")
    func claims() {
        let log = ClaimLog()
        func claimant(_ prefix: String, _ subprotocol: String? = nil) -> Route {
            var route = Route(
                path: "claims", dialect: ClaimingDialect(prefix, subprotocol, log),
                dialectID: DialectID(rawValue: 0))
            route.servesClaims = true
            return route
        }
        let table = table(
            claimant("/number/", "shampoo"), route("/number/1", "a"), route("/plain"),
            claimant("/number/"), claimant("/"))
        #expect(place(table, "/number/3", "x", "shampoo") == 0)
        #expect(place(table, "/number/3", "x") == 3)
        #expect(place(table, "/other") == 4)
        #expect(place(table, "/other", isUpgrade: false) == 4)
        #expect(place(table, "number") == nil)
        log.asked.withLock { $0 = [] }
        // A path that a route has is nobody else's, even for those the route has nothing for.
        #expect(place(table, "/number/1", "shampoo") == 1)
        #expect(place(table, "/number/1", "shampoo", isUpgrade: false) == nil)
        #expect(place(table, "/plain", "shampoo") == 2)
        // The name of such a route is no path.
        #expect(place(table, "claims", "shampoo") == nil)
        #expect(log.asked.withLock { $0 } == ["claims", "claims", "claims"])
    }

    @Test("the place is what a naive search finds, in all small tables")
    func model() {
        let names: [String?] = [nil, "a", "b"]
        for first in names {
            for second in names {
                for third in names {
                    let routes = [first, second, third].map { route("/", $0) }
                    let table = RouteTable(routes)
                    for offers in [[], ["a"], ["b"], ["a", "b"], ["b", "a"], ["x", "b"]] {
                        for isUpgrade in [true, false] {
                            let byOffer = offers.lazy.compactMap { offer in
                                routes.lastIndex { $0.subprotocol == offer }
                            }.first
                            let expected =
                                byOffer ?? routes.lastIndex { $0.subprotocol == nil }
                                ?? (isUpgrade ? 0 : nil)
                            let found = table.place(of: "/", sentPath: "/", isUpgrade: isUpgrade) {
                                offers
                            }
                            #expect(found == expected)
                        }
                    }
                }
            }
        }
    }
}

/// Paths that claimants were asked about.
private final class ClaimLog: Sendable {
    let asked = Guarded<[String]>([])
}

/// Claims what begins in some way, for those that offer its subprotocol.
private final class ClaimingDialect: Dialect {
    private let prefix: String
    private let subprotocol: String?
    private let log: ClaimLog

    init(_ prefix: String, _ subprotocol: String?, _ log: ClaimLog) {
        self.prefix = prefix
        self.subprotocol = subprotocol
        self.log = log
    }

    func claims(path: String, subprotocols: [String]) -> Bool {
        log.asked.withLock { $0.append(path) }
        return path.hasPrefix(prefix) && subprotocol.map(subprotocols.contains) ?? true
    }

    func open(_ request: OpeningRequest) -> OpeningDecision {
        .refuse(Refusal(status: 403, body: ""))
    }

    func encode(
        _ publication: borrowing Publication, reading: Reading, into message: inout OctetBuffer
    ) -> Range<Int>? { nil }
}
