import Bytes
import Codecs
import Testing

@testable import WAMP

@Suite struct MessageErrorTests {
    @Test("each violation of §4 is answered with ABORT and says what is wrong")
    func violations() {
        let rows: [(String, String)] = [
            ("1", "message is not a list"),
            ("{}", "message is not a list"),
            ("[]", "message is an empty list"),
            (#"["a"]"#, "message code is not an integer"),
            ("[16.0]", "message code is not an integer"),
            ("[-1]", "unknown message code"),
            ("[0]", "unknown message code"),
            ("[7]", "unknown message code"),
            ("[256,1]", "unknown message code"),
            ("[18446744073709551616]", "unknown message code"),
            ("[16]", "PUBLISH: request id is missing"),
            ("[16,1]", "PUBLISH: options is missing"),
            ("[16,1,{}]", "PUBLISH: topic is missing"),
            (#"[16,1,{},"a",[],{},1]"#, "PUBLISH: too many elements"),
            (#"[32,1,{},"a",[]]"#, "SUBSCRIBE: too many elements"),
            (#"[34,1,2,{}]"#, "UNSUBSCRIBE: too many elements"),
            (#"[6,{},"a",[]]"#, "GOODBYE: too many elements"),
            (#"[32,"one",{},"com.app.t"]"#, "SUBSCRIBE: request id is not an integer"),
            (#"[32,1.0,{},"com.app.t"]"#, "SUBSCRIBE: request id is not an integer"),
            (#"[32,null,{},"com.app.t"]"#, "SUBSCRIBE: request id is not an integer"),
            (#"[32,-1,{},"com.app.t"]"#, "SUBSCRIBE: request id is out of range"),
            (#"[32,9007199254740993,{},"com.app.t"]"#, "SUBSCRIBE: request id is out of range"),
            ("[34,1,0]", "UNSUBSCRIBE: subscription id is out of range"),
            ("[66,1,0]", "UNREGISTER: registration id is out of range"),
            (#"[66,1,"x"]"#, "UNREGISTER: registration id is not an integer"),
            (#"[32,1,[],"a"]"#, "SUBSCRIBE: options is not a map"),
            (#"[32,1,null,"a"]"#, "SUBSCRIBE: options is not a map"),
            ("[32,1,{},5]", "SUBSCRIBE: topic is not a string"),
            ("[64,1,{},null]", "REGISTER: procedure is not a string"),
            ("[48,1,{},[]]", "CALL: procedure is not a string"),
            (#"[48,1,{},"a",{}]"#, "CALL: arguments is not a list"),
            (#"[48,1,{},"a",null]"#, "CALL: arguments is not a list"),
            (#"[48,1,{},"a",[],[]]"#, "CALL: keyword arguments is not a map"),
            (#"[70,1,{},[],null]"#, "YIELD: keyword arguments is not a map"),
            (#"[8,48,1,{},"a"]"#, "ERROR: request type is not one of yours"),
            (#"[8,999,1,{},"a"]"#, "ERROR: request type is not one of yours"),
            (#"[8,"x",1,{},"a"]"#, "ERROR: request type is not an integer"),
            (#"[6,{},5]"#, "GOODBYE: reason is not a string"),
            (#"[1,"realm1",{"roles":{"caller":{}}}]"#, "HELLO: session is already established"),
            (#"[5,"x",{}]"#, "AUTHENTICATE: session is already established"),
        ]
        for (text, expected) in rows {
            for serialization in Serialization.allCases {
                // Beyond 64 bits there are no integers: MessagePack has a float then, CBOR octets.
                if serialization != .json && text.hasPrefix("[184") { continue }
                let error = failure(wire(text, serialization), serialization)
                #expect(
                    error?.answer == .abort(reason: .protocolViolation, message: expected),
                    "\(text) \(serialization)")
            }
        }
    }

    @Test("octets that cannot be decoded are a violation, wherever they break")
    func undecodable() {
        let rows: [(String, MessageCode?)] = [
            ("", nil), ("x", nil), ("[16,1,{},\"a\"", .publish), ("[16,1,{},\"a\"]]", .publish),
            (#"[16,1,{},"com..t",[tru]]"#, .publish), (#"[16,1,{},"a",[1,]]"#, .publish),
        ]
        for (text, code) in rows {
            #expect(failure(Array(text.utf8), .json) == .violation(code, .undecodable), "\(text)")
        }
        #expect(failure([0xC1], .messagePack) == .violation(nil, .undecodable))
        #expect(
            failure([0x94, 0x10, 0x01, 0x80, 0xA1, 0xFF], .messagePack)
                == .violation(.publish, .undecodable))
        #expect(failure([0xFF], .cbor) == .violation(nil, .undecodable))
    }

    @Test("a message only a router may send is a violation, and the reverse for a client")
    func direction() {
        for code in MessageCode.allCases {
            let octets = wire("[\(code.rawValue)]", .messagePack)
            for phase in SessionPhase.allCases where phase != .shuttingDown {
                let error = failure(octets, .messagePack, .router(phase, .loose))
                #expect((error == .violation(code, .wrongDirection)) == !code.isFromClient)
            }
            let error = failure(octets, .messagePack, .client)
            #expect((error == .violation(code, .wrongDirection)) == !code.isFromRouter)
        }
    }

    @Test("before HELLO only HELLO and ABORT may come, in a challenge only AUTHENTICATE and ABORT")
    func phases() {
        let hello = #"[1,"realm1",{"roles":{"caller":{}}}]"#
        for text in clientMessages + [hello] {
            let octets = wire(text, .json)
            let isHello = text.hasPrefix("[1,")
            let isAbort = text.hasPrefix("[3,")
            let closed = failure(octets, .json, .router(.closed, .loose))
            #expect((closed == nil) == (isHello || isAbort), "\(text)")
            let challenging = failure(octets, .json, .router(.challenging, .loose))
            #expect((challenging == nil) == (text.hasPrefix("[5,") || isAbort), "\(text)")
            let leaving = failure(octets, .json, .router(.shuttingDown, .loose))
            #expect((leaving == nil) == (text.hasPrefix("[6,") || isAbort), "\(text)")
            if let leaving { #expect(leaving == .ignored && leaving.answer == .nothing) }
        }
        let first = failure(wire(#"[32,1,{},"com.app.t"]"#, .json), .json, .router(.closed, .loose))
        #expect(
            first?.answer
                == .abort(reason: .protocolViolation, message: "first message must be HELLO"))
        #expect(failure([0x7B], .json, .router(.shuttingDown, .loose)) == .ignored)
    }

    @Test("HELLO needs a realm that can exist and one of the four roles")
    func hello() {
        let rows: [(String, MessageError?)] = [
            (#"[1,"realm1",{}]"#, .violation(.hello, .noRoles)),
            (#"[1,"realm1",{"roles":5}]"#, .violation(.hello, .noRoles)),
            (#"[1,"realm1",{"roles":{}}]"#, .violation(.hello, .noRoles)),
            (#"[1,"realm1",{"roles":{"broker":{}}}]"#, .violation(.hello, .noRoles)),
            (#"[1,"realm1",{"roles":{"caller":true}}]"#, .violation(.hello, .noRoles)),
            (#"[1,"realm1",{"roles":{"caller":{}}}]"#, nil),
            (#"[1,"a..b",{"roles":{"caller":{}}}]"#, .invalidRealm),
            (#"[1,"",{"roles":{"caller":{}}}]"#, .invalidRealm),
            (#"[1,5,{"roles":{"caller":{}}}]"#, .violation(.hello, .wrongType(.realm))),
        ]
        for (text, expected) in rows {
            for serialization in Serialization.allCases {
                let octets = wire(text, serialization)
                #expect(failure(octets, serialization, .router(.closed, .loose)) == expected)
            }
        }
    }

    @Test("invalid and reserved URIs and invalid options are refused, and the session goes on")
    func refusals() {
        let rows: [(String, MessageCode, URI, String)] = [
            (#"[32,1,{},"com..t"]"#, .subscribe, .invalidURI, "invalid topic URI"),
            (#"[32,1,{"match":"prefix"},"com..t"]"#, .subscribe, .invalidURI, "invalid topic URI"),
            (#"[32,1,{"match":"glob"},"a"]"#, .subscribe, .invalidArgument, "invalid option match"),
            (#"[32,1,{"match":1},"a"]"#, .subscribe, .invalidArgument, "invalid option match"),
            (#"[48,1,{},"a b"]"#, .call, .invalidURI, "invalid procedure URI"),
            (#"[48,1,{"timeout":"5"},"a"]"#, .call, .invalidArgument, "invalid option timeout"),
            (#"[48,1,{"timeout":-5},"a"]"#, .call, .invalidArgument, "invalid option timeout"),
            (#"[64,1,{},"a#b"]"#, .register, .invalidURI, "invalid procedure URI"),
            (#"[64,1,{},"wamp.x"]"#, .register, .notAuthorized, "procedure is reserved"),
            (#"[64,1,{},"wamp"]"#, .register, .notAuthorized, "procedure is reserved"),
            (#"[64,1,{"invoke":"x"},"a"]"#, .register, .invalidArgument, "invalid option invoke"),
            (
                #"[64,1,{"concurrency":[]},"a"]"#, .register, .invalidArgument,
                "invalid option concurrency"
            ),
            (
                #"[16,1,{"acknowledge":true},"com..t",[1]]"#, .publish, .invalidURI,
                "invalid topic URI"
            ),
            (
                #"[16,1,{"acknowledge":true},"wamp.session.on_join",[1]]"#, .publish,
                .notAuthorized, "topic is reserved"
            ),
            (
                #"[16,1,{"exclude":["a"],"acknowledge":true},"a"]"#, .publish, .invalidArgument,
                "invalid option exclude"
            ),
            (
                #"[16,1,{"acknowledge":true,"eligible_authid":[1]},"a"]"#, .publish,
                .invalidArgument, "invalid option eligible_authid"
            ),
        ]
        for (text, code, uri, reason) in rows {
            for serialization in Serialization.allCases {
                let error = failure(wire(text, serialization), serialization)
                #expect(
                    error?.answer == .error(code, request: 1, uri, text: reason),
                    "\(text) \(serialization)")
            }
        }
    }

    @Test("an unacknowledged publish is never answered")
    func unacknowledged() {
        for text in [
            #"[16,6,{},"com..t",[1]]"#, #"[16,6,{"acknowledge":false},"wamp.x"]"#,
            #"[16,6,{"acknowledge":1},"wamp.x"]"#, #"[16,6,{"exclude":"x"},"a"]"#,
        ] {
            #expect(failure(wire(text, .cbor), .cbor) == .ignored, "\(text)")
        }
    }

    @Test("the rules of the realm decide what a URI is")
    func strict() {
        let text = wire(#"[48,1,{},"com.App"]"#, .json)
        #expect(failure(text, .json) == nil)
        #expect(
            failure(text, .json, .router(.established, .strict))
                == .refusal(.call, request: 1, .invalidProcedure))
    }

    @Test("answers are written as the reference shows them")
    func answers() {
        let rows: [(MessageError, String?)] = [
            (
                .violation(.subscribe, .wrongType(.request)),
                #"[3,{"message":"SUBSCRIBE: request id is not an integer"},"wamp.error.protocol_violation"]"#
            ),
            (
                .refusal(.publish, request: 5, .invalidTopic),
                #"[8,16,5,{},"wamp.error.invalid_uri",["invalid topic URI"]]"#
            ),
            (
                .refusal(.publish, request: 7, .reservedTopic),
                #"[8,16,7,{},"wamp.error.not_authorized",["topic is reserved"]]"#
            ),
            (
                .violation(.subscribe, .unexpected(.closed)),
                #"[3,{"message":"first message must be HELLO"},"wamp.error.protocol_violation"]"#
            ),
            (
                .invalidRealm,
                #"[3,{"message":"HELLO: invalid realm URI"},"wamp.error.invalid_uri"]"#
            ),
            (.ignored, nil),
        ]
        for (error, expected) in rows {
            var buffer = OctetBuffer()
            let isAnswered = MessageEncoder<JSONWriter>.answer(error, into: &buffer)
            #expect(isAnswered == (expected != nil))
            #expect(buffer.octets.text == expected ?? "")
        }
    }
}
