// The golden transcripts of the reference (§18), as far as messages go: each side takes what the
// other says, and ids are where the transcript has them. `{...}` stands for `{}`.

import Codecs
import Testing

@testable import WAMP

private let transcript = #"""
    C> [1,"realm1",{"roles":{"subscriber":{"features":{"call_timeout":true}},"publisher":{"features":{"call_timeout":true}},"callee":{"shared_registration":true,"features":{"call_timeout":true}},"caller":{"features":{"call_timeout":true}}},"authmethods":["anonymous"]}]
    R> [2,4387623847238471,{"realm":"realm1","authid":"q7Hd-93kX","authrole":"anonymous","authmethod":"anonymous","authprovider":"static","roles":{"broker":{"features":{}},"dealer":{"features":{}}}}]
    C> [64,2874610931,{"invoke":"single"},"get_foo"]
    R> [65,2874610931,51]
    C> [6,{},"wamp.error.close_realm"]
    R> [6,{},"wamp.close.goodbye_and_out"]
    C> [1,"nowhere",{"roles":{"caller":{}}}]
    R> [3,{"message":"no realm \"nowhere\" exists on this router"},"wamp.error.no_such_realm"]
    R> [3,{"message":"first message must be HELLO"},"wamp.error.protocol_violation"]
    C> [1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"martin"}]
    R> [4,"ticket",{}]
    C> [5,"wEx9TPFt",{}]
    R> [2,771,{"realm":"realm1","authid":"martin","authrole":"backend","authmethod":"ticket","authprovider":"static","roles":{}}]
    R> [3,{"message":"ticket in static WAMP-Ticket authentication is invalid"},"wamp.error.not_authorized"]
    R> [4,"wampcra",{"challenge":"{\"authid\":\"peter\",\"session\":3071302313344522}","salt":"salt123","iterations":100,"keylen":32}]
    C> [5,"QISk9x4sT8CL4MAtnw145ubRLi4W0+YopocbhiJUUKQ=",{}]
    C> [32,1,{},"com.app.t"]
    R> [33,1,900]
    C> [16,2,{"acknowledge":true},"com.app.t",["Hi"],{"n":1}]
    R> [17,2,5530129]
    R> [36,900,5530129,{},["Hi"],{"n":1}]
    C> [16,3,{"exclude_me":false},"com.app.t"]
    R> [36,900,8819204,{}]
    C> [34,2,900]
    R> [35,2]
    R> [8,34,3,{},"wamp.error.no_such_subscription"]
    C> [32,2,{"match":"prefix"},"com.app"]
    C> [32,3,{"match":"wildcard"},"com.app..y"]
    R> [36,11,777,{"topic":"com.app.x.y","publisher":42,"publisher_authid":"u","publisher_authrole":"anonymous"},[7]]
    C> [16,1,{"retain":true,"acknowledge":true},"com.app.temp",[21.5]]
    C> [32,1,{"get_retained":true},"com.app.temp"]
    R> [36,20,600,{"retained":true},[21.5]]
    C> [16,1,{"eligible":[100,200],"exclude":[200]},"com.app.t",["only 100"]]
    C> [16,2,{"eligible":[]},"com.app.t",["nobody"]]
    R> [8,16,5,{},"wamp.error.invalid_uri",["invalid topic URI"]]
    C> [48,1,{},"get_foo",[1,2],{"three":3}]
    R> [68,1,70,{},[1,2],{"three":3}]
    C> [70,1,{},["foo"]]
    R> [50,1,{},["foo"]]
    C> [8,68,2,{},"get_foo",[],{"exc_type":"ValueError","message":"no"}]
    C> [70,2,{},[null],{"message":null}]
    R> [8,48,2,{},"get_foo",[],{"exc_type":"ValueError","message":"no"}]
    R> [8,48,3,{},"wamp.error.no_such_procedure",["no callee registered for procedure get_bar"]]
    C> [48,1,{"receive_progress":true},"com.app.long"]
    R> [68,1,71,{"receive_progress":true}]
    C> [70,1,{"progress":true},[10]]
    R> [50,1,{"progress":true},[10]]
    R> [69,1,{"mode":"killnowait"}]
    C> [49,1,{"mode":"skip"}]
    C> [49,2,{"mode":"killnowait"}]
    C> [49,3,{"mode":"kill"}]
    C> [8,68,3,{},"wamp.error.canceled"]
    R> [8,48,4,{},"wamp.error.timeout",["call timed out after 500 ms"]]
    R> [69,4,{"mode":"killnowait","reason":"wamp.error.timeout"}]
    C> [48,99120034,{"timeout":1000},"requires_patience",[],{"wait_in_seconds":3}]
    C> [49,99120034,{}]
    R> [8,64,1,{},"wamp.error.procedure_already_exists"]
    C> [8,68,1,{},"wamp.error.unavailable"]
    C> [48,1,{"progress":true},"com.app.upload",["part 1"]]
    R> [68,1,81,{"progress":true},["part 1"]]
    R> [36,90,1,{},[{"session":555,"authid":"bob","authrole":"user","authmethod":"ticket","authprovider":"static"}]]
    C> [48,3,{},"wamp.session.kill",[555],{"reason":"com.app.kicked","message":"bye"}]
    R> [6,{"message":"bye"},"com.app.kicked"]
    C> [48,1,{},"wamp.session.add_testament",["com.app.gone",["c1"],{}]]
    R> [50,1,{},[null]]
    R> [3,{"message":"SUBSCRIBE: request id is not an integer"},"wamp.error.protocol_violation"]
    R> [36,96,4,{},["\u0000AQI="]]
    """#

@Suite struct TranscriptTests {
    @Test("each side takes every line of the transcripts, in every serialization")
    func lines() throws {
        for line in transcript.split(separator: "\n") {
            let text = String(line.dropFirst(3))
            let receiver: Receiver =
                line.hasPrefix("C") ? .router(phase(for: text), .loose) : .client
            for serialization in Serialization.allCases {
                let found = failure(wire(text, serialization), serialization, receiver)
                #expect(found == nil, "\(line) \(serialization)")
            }
        }
    }
}
