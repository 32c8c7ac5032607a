import Hub
import Bytes
import Codecs
import Testing

@testable import WAMP

/// Messages of clients, each with its payload and with options a router reads.
let clientMessages = [
    #"[1,"realm1",{"roles":{"caller":{"features":{"call_canceling":true}}},"authid":"joe"}]"#,
    #"[3,{},"wamp.close.normal"]"#,
    #"[3,{"message":"x"},"any text",[1],{"a":2}]"#,
    #"[5,"signature",{"nonce":"x"}]"#,
    #"[6,{},"wamp.close.close_realm"]"#,
    #"[8,68,7,{},"get_foo",[],{"exc_type":"ValueError"}]"#,
    #"[8,68,7,{"ppt_scheme":"x_a"},"com.app.error"]"#,
    #"[16,5512315355,{},"com.app.t"]"#,
    #"[16,1,{"acknowledge":true,"unknown":{"a":[1]}},"com.app.t",["Hi",-1.5,null],{"n":{"m":[]}}]"#,
    #"[16,1,{"exclude":[1,2],"eligible_authid":["a"],"exclude_me":false},"com.app.t",[]]"#,
    #"[32,0,{},"com.app.t"]"#,
    #"[32,9007199254740992,{"match":"wildcard","get_retained":true},"com..t"]"#,
    #"[32,1,{"match":"prefix"},"com.app."]"#,
    #"[32,1,{},"wamp.session.on_join"]"#,
    #"[34,2,900]"#,
    #"[48,1,{"timeout":500,"receive_progress":true,"progress":true},"com.app.long",[1],{}]"#,
    #"[48,1,{"disclose_me":true},"wamp.session.count"]"#,
    #"[49,1,{"mode":"kill"}]"#,
    #"[64,1,{"invoke":"roundrobin","match":"exact","concurrency":4},"com.app.work"]"#,
    #"[66,1,80]"#,
    #"[70,1,{"progress":true},[10]]"#,
    #"[70,1,{},["$$$$"],{"message":"$$$$"}]"#,
]

/// Messages of routers.
let routerMessages = [
    #"[2,771,{"realm":"realm1","roles":{"broker":{},"dealer":{}}}]"#,
    #"[3,{"message":"no"},"wamp.error.no_such_realm"]"#,
    #"[4,"wampcra",{"challenge":"{}","salt":"salt123"}]"#,
    #"[6,{},"wamp.close.goodbye_and_out"]"#,
    #"[8,48,2,{},"wamp.error.canceled",["text"]]"#,
    #"[17,1,4429313566]"#,
    #"[33,1,10]"#,
    #"[35,1]"#,
    #"[35,0,{"subscription":10,"reason":"gone"}]"#,
    #"[36,10,777,{"topic":"com.app.x.y","publisher":42,"retained":true},[7],{"a":1}]"#,
    #"[50,1,{"progress":true},[10]]"#,
    #"[65,1,70]"#,
    #"[67,1]"#,
    #"[67,0,{"registration":70,"reason":"gone"}]"#,
    #"[68,1,70,{"procedure":"a.b","timeout":5,"receive_progress":true},[1,2],{"three":3}]"#,
    #"[69,1,{"mode":"killnowait","reason":"wamp.error.timeout"}]"#,
]

@Suite struct MessageDecodeTests {
    @Test("every message of a client is taken in every serialization")
    func clients() throws {
        for text in clientMessages {
            for serialization in Serialization.allCases {
                let octets = wire(text, serialization)
                let found = failure(octets, serialization, .router(phase(for: text), .loose))
                #expect(found == nil, "\(text) \(serialization)")
            }
        }
    }

    @Test("every message of a router is taken by a client in every serialization")
    func routers() {
        for text in routerMessages {
            for serialization in Serialization.allCases {
                let found = failure(wire(text, serialization), serialization, .client)
                #expect(found == nil, "\(text) \(serialization)")
            }
        }
    }

    @Test("a message that ends anywhere before its end is a violation")
    func cuts() {
        for text in clientMessages {
            for serialization in Serialization.allCases {
                let octets = wire(text, serialization)
                let receiver = Receiver.router(phase(for: text), .loose)
                for size in 0..<octets.count {
                    let error = failure(Array(octets[..<size]), serialization, receiver)
                    guard case .violation? = error else {
                        Issue.record("\(size) of \(text) \(serialization): \(error as Any)")
                        continue
                    }
                }
                #expect(failure(octets + [0x58], serialization, receiver) != nil)
            }
        }
    }

    @Test("a publish is ids, places and options")
    func publish() throws {
        let text =
            #"[16,239,{"acknowledge":true,"exclude_me":false,"exclude":[7,8],"ppt_scheme":"x_y"},"com.app.t",["Hi"],{"n":1}]"#
        for serialization in Serialization.allCases {
            let octets = wire(text, serialization)
            let message = try decode(octets, serialization)
            let span = unsafe octets.span.bytes
            #expect(message.code == .publish)
            #expect(message.request == 239)
            #expect(message.plainName(in: span)?.text == "com.app.t")
            #expect(message.nameText(in: span) == Array("com.app.t".utf8))
            #expect(message.options.has(.acknowledge))
            #expect(message.options[.excludeMe] == false)
            #expect(!message.options.excludesPublisher)
            #expect(message.options[.retain] == nil)
            #expect(message.options.filters.exclude.ids(in: span, as: serialization) == [7, 8])
            #expect(message.options.filters.namesSessions)
            #expect(message.options.filters.eligible.isAbsent)
            let scheme = message.options.passthru.scheme
            #expect(scheme.text(in: span, as: serialization) == Array("x_y".utf8))
            #expect(message.payloadCount == 2)
            #expect(json(message.arguments.encoded(in: span).array, serialization) == #"["Hi"]"#)
            #expect(json(message.keywords.encoded(in: span).array, serialization) == #"{"n":1}"#)
        }
    }

    @Test("each message of a client has its ids in their fields")
    func ids() throws {
        let unsubscribe = try decode(wire("[34,2,900]", .cbor), .cbor)
        #expect(unsubscribe.request == 2 && unsubscribe.target == 900)
        let error = try decode(wire(#"[8,68,7,{},"a"]"#, .cbor), .cbor)
        #expect(error.requestType == .invocation && error.request == 7)
        let event = try decode(wire("[36,900,5530129,{}]", .cbor), .cbor, .client)
        #expect(event.target == 900 && event.publication == 5_530_129)
        let welcome = try decode(wire("[2,771,{}]", .cbor), .cbor, .client)
        #expect(welcome.target == 771)
        let published = try decode(wire("[17,1,12]", .cbor), .cbor, .client)
        #expect(published.request == 1 && published.publication == 12)
    }

    @Test("JSON may have white space anywhere and escapes in names")
    func jsonForms() throws {
        let text = " [ 16 , 1 , { \"acknowledge\" : true } , \"com\\u002eapp\" , [ 1 ] , { } ] "
        let octets = Array(text.utf8)
        let message = try decode(octets, .json)
        let span = unsafe octets.span.bytes
        #expect(message.name?.isPlain == false)
        #expect(message.nameText(in: span) == Array("com.app".utf8))
        #expect(message.arguments.encoded(in: span).text == "[ 1 ]")
        #expect(message.keywords.encoded(in: span).text == "{ }")
        #expect(message.details.encoded(in: span).text == "{ \"acknowledge\" : true }")
        // Half of a surrogate pair is no name.
        let half = Array(#"[48,1,{},"a\ud800"]"#.utf8)
        #expect(failure(half, .json) == .refusal(.call, request: 1, .invalidProcedure))
    }

    @Test("CBOR may have open containers, chunks and tags")
    func cborForms() throws {
        // [_ 48, 1, {_ "timeout": 5}, (_ "a." "b"), [_ 1]]
        let octets: [UInt8] = [
            0x9F, 0x18, 0x30, 0x01, 0xBF, 0x67, 0x74, 0x69, 0x6D, 0x65, 0x6F, 0x75, 0x74, 0x05,
            0xFF, 0x7F, 0x62, 0x61, 0x2E, 0x61, 0x62, 0xFF, 0x9F, 0x01, 0xFF, 0xFF,
        ]
        let message = try decode(octets, .cbor)
        #expect(message.options.timeout == 5)
        #expect(message.nameText(in: unsafe octets.span.bytes) == Array("a.b".utf8))
        #expect(message.arguments.range == 22..<25)
    }

    @Test("the older payload passthru has octets in place of the list")
    func oldPassthru() throws {
        let text = #"[16,1,{"enc_algo":"cryptobox","enc_key":"k"},"a.b","\u0000AQI="]"#
        for serialization in Serialization.allCases {
            let octets = wire(text, serialization)
            let message = try decode(octets, serialization)
            #expect(message.payloadCount == 1)
            #expect(!message.options.passthru.oldAlgorithm.isAbsent)
            let without = wire(#"[16,1,{},"a.b","\u0000AQI="]"#, serialization)
            #expect(
                failure(without, serialization) == .violation(.publish, .wrongType(.arguments)))
        }
    }
}
