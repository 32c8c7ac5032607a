// How a method name becomes a procedure, and an object its arguments.

import Rooms
import Testing

@testable import Hub

@Suite("call rules")
struct CallRuleTests {
    @Test("every place of the method in the template is filled, dots and all")
    func procedures() throws {
        let cases = [
            ("{method}", "add", "add"), ("rpc.{method}", "a.b", "rpc.a.b"),
            ("com.total", "add", "com.total"), ("{method}.{method}", "x", "x.x"),
            ("{meth", "x", "{meth"), ("a{method}", "", "a"), ("{method}", "wampum.x", "wampum.x"),
            ("rpc.{method}", "wamp.x", "rpc.wamp.x"),
        ]
        for (template, method, name) in cases {
            let room = try #require(CallRule(procedure: template).room(method: Array(method.utf8)))
            #expect(room.dottedText == name)
        }
    }

    @Test("a name that is empty, too long or the router's own is no procedure")
    func refused() {
        let long = String(repeating: "x", count: 256)
        let many = Array(repeating: "a", count: 33).joined(separator: ".")
        for method in ["", long, many, "wamp", "wamp.session.count", "wamp."] {
            #expect(CallRule().room(method: Array(method.utf8)) == nil, "\(method)")
        }
        #expect(CallRule(procedure: "wamp.{method}").room(method: [0x78]) == nil)
        let twice = CallRule(procedure: "{method}{method}")
        #expect(twice.room(method: Array(repeating: 0x78, count: 100_000)) == nil)
    }
}
