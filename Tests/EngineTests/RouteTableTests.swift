// Which route a request takes: path, then subprotocol in the client's order (DESIGN §1).

import DialectKit
import Echo
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
        #expect(table.place(of: "/plain", isUpgrade: true) { fatalError("read") } == 0)
        #expect(table.place(of: "/none", isUpgrade: true) { fatalError("read") } == nil)
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
                            let found = table.place(of: "/", isUpgrade: isUpgrade) { offers }
                            #expect(found == expected)
                        }
                    }
                }
            }
        }
    }
}
