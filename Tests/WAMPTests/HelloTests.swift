import Bytes
import Codecs
import Testing

@testable import WAMP

@Suite struct HelloTests {
    private func hello(_ text: String, _ serialization: Serialization = .json) throws -> Hello {
        let octets = wire(text, serialization)
        return try decode(octets, serialization, .router(.closed, .loose)).hello
    }

    @Test("every feature of every role is a bit of its own")
    func features() throws {
        var seen: ClientFeatures = []
        for table in RoleTable.all {
            for feature in table.features {
                let text =
                    #"[1,"r",{"roles":{"\#(table.name)":{"features":{"\#(feature.name)":true,"x":1}}}}]"#
                for serialization in Serialization.allCases {
                    let found = try hello(text, serialization).features
                    #expect(found == [table.role, feature.bit], "\(table.name) \(feature.name)")
                }
                seen.insert(feature.bit)
            }
        }
        #expect(seen.rawValue.nonzeroBitCount == 27)
        let old =
            #"[1,"r",{"roles":{"caller":{"features":{"call_cancelling":true}},"publisher":{"features":{"call_cancelling":true}}}}]"#
        #expect(try hello(old).features == [.caller, .publisher, .callerCanceling])
    }

    @Test("a feature counts when it is true, and wampy's stray keys are skipped")
    func wampy() throws {
        let text =
            #"[1,"realm1",{"roles":{"subscriber":{"features":{"call_timeout":true}},"publisher":{"features":{"call_timeout":true}},"callee":{"shared_registration":true,"features":{"call_timeout":true,"call_canceling":false,"call_reroute":1}},"caller":{"features":{"call_timeout":true}}},"authmethods":["anonymous"]}]"#
        let expected: ClientFeatures = [
            .publisher, .subscriber, .caller, .callee, .callerTimeout, .calleeTimeout,
        ]
        #expect(try hello(text).features == expected)
    }

    @Test("what authentication needs is a place in the message")
    func authentication() throws {
        let text =
            #"[1,"r",{"authmethods":["ticket",5,"wampcra"],"authid":"joe","authrole":"user","authextra":{"nonce":"x","n":null},"agent":"me","roles":{"caller":{}}}]"#
        for serialization in Serialization.allCases {
            let octets = wire(text, serialization)
            let span = unsafe octets.span.bytes
            let hello = try decode(octets, serialization, .router(.closed, .loose)).hello
            let methods = hello.authMethods.texts(in: span, as: serialization)
            #expect(methods == [Array("ticket".utf8), Array("wampcra".utf8)])
            #expect(hello.authID.text(in: span, as: serialization) == Array("joe".utf8))
            #expect(hello.authRole.text(in: span, as: serialization) == Array("user".utf8))
            #expect(hello.agent.text(in: span, as: serialization) == Array("me".utf8))
            let nonce = hello.authExtra.member("nonce", in: span, as: serialization)
            #expect(nonce.text(in: span, as: serialization) == Array("x".utf8))
            let null = hello.authExtra.member("n", in: span, as: serialization)
            #expect(null.kind(in: span, as: serialization) == .null)
            #expect(hello.authExtra.member("m", in: span, as: serialization).isAbsent)
        }
        let wrong = try hello(#"[1,"r",{"authmethods":"ticket","authid":5,"roles":{"caller":{}}}]"#)
        #expect(wrong.authMethods.isAbsent && wrong.authID.isAbsent)
    }

    @Test("what a client of ours says is what a router reads")
    func ours() throws {
        var greeting = ClientHello(
            realm: "realm1",
            features: [.caller, .callerCanceling, .subscriber, .subscriberPatterns])
        greeting.authMethods = ["ticket"]
        greeting.authID = "joe"
        greeting.authExtra = [("nonce", .text("x")), ("channel_binding", .null)]
        var buffer = OctetBuffer()
        MessageEncoder<JSONWriter>.hello(greeting, into: &buffer)
        let text = buffer.octets.text
        #expect(
            text
                == #"[1,"realm1",{"roles":{"subscriber":{"features":{"pattern_based_subscription":true}},"caller":{"features":{"call_canceling":true}}},"authmethods":["ticket"],"authid":"joe","authextra":{"nonce":"x","channel_binding":null}}]"#
        )
        #expect(try hello(text).features == greeting.features)
    }
}
