import Hub
import Codecs
import Testing

@testable import WAMP

@Suite struct OptionsTests {
    private func options(_ text: String, _ receiver: Receiver = router) throws -> Options {
        var found: Options?
        for serialization in Serialization.allCases {
            found = try decode(wire(text, serialization), serialization, receiver).options
        }
        return try #require(found)
    }

    @Test("every boolean is read where it belongs, as true, false or absent")
    func flags() throws {
        let rows: [(String, OptionFlags, String)] = [
            ("acknowledge", .acknowledge, "16"), ("exclude_me", .excludeMe, "16"),
            ("disclose_me", .discloseMe, "16"), ("retain", .retain, "16"),
            ("get_retained", .getRetained, "32"), ("disclose_caller", .discloseCaller, "64"),
            ("forward_timeout", .forwardTimeout, "64"),
            ("force_reregister", .forceReregister, "64"), ("disclose_me", .discloseMe, "48"),
            ("receive_progress", .receiveProgress, "48"), ("progress", .progress, "48"),
        ]
        for (key, flag, code) in rows {
            for (value, expected) in [("true", true), ("false", false), ("1", nil), ("null", nil)] {
                let found = try options(#"[\#(code),1,{"\#(key)":\#(value)},"a"]"#)
                #expect(found[flag] == expected, "\(key) \(value)")
            }
            #expect(try options(#"[\#(code),1,{},"a"]"#)[flag] == nil)
        }
        #expect(try options(#"[70,1,{"progress":true}]"#).has(.progress))
    }

    @Test("words have their meaning, and unknown modes mean killnowait")
    func words() throws {
        for policy in MatchPolicy.allCases {
            #expect(try options(#"[32,1,{"match":"\#(policy.name)"},"a"]"#).match == policy)
            #expect(try options(#"[64,1,{"match":"\#(policy.name)"},"a"]"#).match == policy)
        }
        for policy in InvocationPolicy.allCases {
            #expect(try options(#"[64,1,{"invoke":"\#(policy.name)"},"a"]"#).invoke == policy)
        }
        for mode in CancelMode.allCases {
            #expect(try options(#"[49,1,{"mode":"\#(mode.name)"}]"#).mode == mode)
            let interrupt = #"[69,1,{"mode":"\#(mode.name)"}]"#
            #expect(try options(interrupt, .client).mode == mode)
        }
        for text in ["[49,1,{}]", #"[49,1,{"mode":"x"}]"#, #"[49,1,{"mode":5}]"#] {
            #expect(try options(text).mode == .killNoWait)
        }
    }

    @Test("of keys that occur twice the last one counts, its type included")
    func twice() throws {
        #expect(
            try options(#"[16,1,{"acknowledge":true,"acknowledge":false},"a"]"#)[.acknowledge]
                == false)
        #expect(
            try options(#"[16,1,{"acknowledge":true,"acknowledge":1},"a"]"#)[.acknowledge] == nil)
        #expect(try options(#"[32,1,{"match":5,"match":"prefix"},"a"]"#).match == .prefix)
        #expect(
            failure(wire(#"[32,1,{"match":"prefix","match":5},"a"]"#, .json), .json)
                == .refusal(.subscribe, request: 1, .invalidOption(.match)))
        #expect(try options(#"[48,1,{"timeout":5,"timeout":7},"a"]"#).timeout == 7)
    }

    @Test("filters are lists, and one value stands for a list of one")
    func filters() throws {
        let text =
            #"[16,1,{"eligible":7,"exclude":[],"exclude_authid":"a","eligible_authrole":["b","c"]},"a"]"#
        for serialization in Serialization.allCases {
            let octets = wire(text, serialization)
            let span = unsafe octets.span.bytes
            let filters = try decode(octets, serialization).options.filters
            #expect(filters.eligible.ids(in: span, as: serialization) == [7])
            #expect(!filters.exclude.isAbsent)
            #expect(filters.exclude.ids(in: span, as: serialization).isEmpty)
            #expect(filters.excludeAuthID.texts(in: span, as: serialization) == [[0x61]])
            #expect(
                filters.eligibleAuthRole.texts(in: span, as: serialization) == [[0x62], [0x63]])
            #expect(filters.eligibleAuthID.isAbsent)
            #expect(!filters.isAbsent)
        }
        #expect(try options(#"[16,1,{},"a"]"#).filters.isAbsent)
    }

    @Test("keys about the payload are kept when they are strings")
    func passthru() throws {
        let keys = [
            "ppt_scheme", "ppt_serializer", "ppt_cipher", "ppt_keyid", "enc_algo", "enc_key",
            "enc_serializer",
        ]
        for key in keys {
            for message in [
                #"[16,1,{"\#(key)":V},"a"]"#, #"[48,1,{"\#(key)":V},"a"]"#,
                #"[70,1,{"\#(key)":V}]"#, #"[8,68,1,{"\#(key)":V},"a"]"#,
            ] {
                let parts = message.split(separator: "V")
                #expect(try !options(parts[0] + #""x""# + parts[1]).passthru.isAbsent)
                #expect(try options(parts[0] + "5" + parts[1]).passthru.isAbsent)
            }
        }
    }
}
