// EncodedMessages — one of everything the encoders write, with what it looks like as JSON.

import DialectKit
import Hub
import Bytes
import Codecs

@testable import WAMP

struct EncodedMessage {
    var expected: String
    var octets: [UInt8]
}

/// Every message of the encoder, with payload that came in `source`.
func encodedMessages<Writer: ItemWriter>(
    _ writer: Writer.Type, payloadIn source: Serialization
) throws -> (router: [EncodedMessage], client: [EncodedMessage]) {
    typealias Encoder = MessageEncoder<Writer>
    var list: [EncodedMessage] = []
    func note(
        _ expected: String, _ body: (inout OctetBuffer) throws(CodecError) -> Void
    ) throws {
        var buffer = OctetBuffer()
        buffer.append(0x58)  // what is in the buffer already stays
        try body(&buffer)
        let octets = buffer.octets.array
        precondition(octets[0] == 0x58)
        list.append(EncodedMessage(expected: expected, octets: Array(octets[1...])))
    }
    let sent = wire(
        #"[16,1,{"ppt_scheme":"x_a","ppt_keyid":"k"},"a.b",["Hi",1.5,"\u0000AQI="],{"n":[null]}]"#,
        source)
    let octets = unsafe sent.span.bytes
    let message = try Message.decode(octets, as: source, for: router)
    let full = message.payload(in: octets)
    let lists = Payload(
        octets: octets, serialization: source, arguments: message.arguments)
    let none = Payload()
    let tail = #"["Hi",1.5,"\u0000AQI="],{"n":[null]}]"#
    let ppt = #""ppt_scheme":"x_a","ppt_keyid":"k""#
    let joe = Identity(session: 42, authID: "joe", authRole: "user")

    // What a router sends.
    var welcome = Welcome(
        realm: "realm1", authID: "q7", authRole: "anonymous",
        features: [.publisherExclusion, .callCanceling])
    try note(
        #"[2,771,{"realm":"realm1","authid":"q7","authrole":"anonymous","authmethod":"anonymous","authprovider":"static","roles":{"broker":{"features":{"publisher_exclusion":true}},"dealer":{"features":{"call_canceling":true}}}}]"#
    ) { Encoder.welcome(session: 771, welcome, into: &$0) }
    welcome.features = []
    welcome.agent = "us"
    welcome.authExtra = [("verifier", .text("v"))]
    try note(
        #"[2,1,{"realm":"realm1","authid":"q7","authrole":"anonymous","authmethod":"anonymous","authprovider":"static","authextra":{"verifier":"v"},"agent":"us","roles":{"broker":{"features":{}},"dealer":{"features":{}}}}]"#
    ) { Encoder.welcome(session: 1, welcome, into: &$0) }
    try note(#"[4,"ticket",{}]"#) { Encoder.challenge(method: "ticket", into: &$0) }
    try note(#"[4,"wampcra",{"challenge":"{\"a\":1}","iterations":100,"channel_binding":null}]"#) {
        let extra: Extra = [
            ("challenge", .text(#"{"a":1}"#)), ("iterations", .number(100)),
            ("channel_binding", .null),
        ]
        Encoder.challenge(method: "wampcra", extra: extra, into: &$0)
    }
    try note("[17,1,4429313566]") {
        Encoder.published(request: 1, publication: 4_429_313_566, into: &$0)
    }
    try note("[33,1,10]") { Encoder.subscribed(request: 1, subscription: 10, into: &$0) }
    try note("[35,2]") { Encoder.unsubscribed(request: 2, into: &$0) }
    try note(#"[35,0,{"subscription":10,"reason":"gone"}]"#) {
        Encoder.unsubscribed(revoking: 10, reason: "gone", into: &$0)
    }
    try note("[36,900,5530129,{}]") { (buffer) throws(CodecError) in
        try Encoder.event(
            subscription: 900, publication: 5_530_129, payload: none, into: &buffer)
    }
    try note(#"[36,900,1,{},["Hi",1.5,"\u0000AQI="]]"#) { (buffer) throws(CodecError) in
        try Encoder.event(subscription: 900, publication: 1, payload: lists, into: &buffer)
    }
    let topic = Array("a.b".utf8)
    try note(
        #"[36,9,1,{"topic":"a.b","publisher":42,"publisher_authid":"joe","publisher_authrole":"user","retained":true,"trustlevel":3,"#
            + ppt + "}," + tail
    ) { (buffer) throws(CodecError) in
        try Encoder.event(
            subscription: 9, publication: 1, topic: unsafe topic.span.bytes, publisher: joe,
            isRetained: true, trustLevel: 3, payload: full, into: &buffer)
    }
    try note("[65,1,70]") { Encoder.registered(request: 1, registration: 70, into: &$0) }
    try note("[67,1]") { Encoder.unregistered(request: 1, into: &$0) }
    try note(#"[67,0,{"registration":70,"reason":"wamp.error.unregistered"}]"#) {
        Encoder.unregistered(revoking: 70, reason: "wamp.error.unregistered", into: &$0)
    }
    try note("[68,1,70,{}]") { (buffer) throws(CodecError) in
        try Encoder.invocation(request: 1, registration: 70, payload: none, into: &buffer)
    }
    try note(
        #"[68,1,70,{"procedure":"a.b","caller":42,"caller_authid":"joe","caller_authrole":"user","receive_progress":true,"progress":true,"timeout":500,"trustlevel":1,"#
            + ppt + "}," + tail
    ) { (buffer) throws(CodecError) in
        try Encoder.invocation(
            request: 1, registration: 70, procedure: unsafe topic.span.bytes, caller: joe,
            receivesProgress: true, isProgress: true, timeout: 500, trustLevel: 1, payload: full,
            into: &buffer)
    }
    try note("[50,1,{}]") { (buffer) throws(CodecError) in
        try Encoder.result(request: 1, payload: none, into: &buffer)
    }
    try note(#"[50,1,{"progress":true,"# + ppt + "}," + tail) { (buffer) throws(CodecError) in
        try Encoder.result(request: 1, isProgress: true, payload: full, into: &buffer)
    }
    try note(#"[69,4,{"mode":"killnowait","reason":"wamp.error.timeout"}]"#) {
        Encoder.interrupt(request: 4, mode: .killNoWait, reason: .timeout, into: &$0)
    }
    try note(#"[69,4,{"mode":"kill"}]"#) {
        Encoder.interrupt(request: 4, mode: .kill, into: &$0)
    }
    try note(#"[8,48,1,{},"wamp.error.canceled"]"#) {
        Encoder.error(.call, request: 1, .canceled, into: &$0)
    }
    try note(#"[8,48,3,{},"wamp.error.no_such_procedure",["text"]]"#) {
        Encoder.error(.call, request: 3, .noSuchProcedure, text: "text", into: &$0)
    }
    try note(#"[3,{"message":"no"},"wamp.error.invalid_uri"]"#) {
        Encoder.abort(.invalidURI, message: "no", into: &$0)
    }
    try note(#"[6,{},"wamp.close.goodbye_and_out"]"#) {
        Encoder.goodbye(.goodbyeAndOut, into: &$0)
    }
    try note(#"[6,{"message":"bye"},"a.b"]"#) {
        Encoder.goodbye(reason: unsafe topic.span.bytes, message: "bye", into: &$0)
    }
    let fromRouter = list
    list = []

    // What a client sends.
    try note(#"[3,{},"wamp.error.protocol_violation"]"#) {
        Encoder.abort(.protocolViolation, into: &$0)
    }
    try note(#"[6,{},"wamp.close.close_realm"]"#) { Encoder.goodbye(.closeRealm, into: &$0) }
    try note(#"[8,68,2,{"# + ppt + #"},"a.b","# + tail) { (buffer) throws(CodecError) in
        try Encoder.error(
            .invocation, request: 2, uri: unsafe topic.span.bytes, payload: full, into: &buffer)
    }
    try note(#"[32,1,{},"a.b"]"#) {
        Encoder.subscribe(request: 1, topic: unsafe topic.span.bytes, into: &$0)
    }
    try note(#"[32,1,{"match":"prefix","get_retained":true},"a.b"]"#) {
        Encoder.subscribe(
            request: 1, topic: unsafe topic.span.bytes, match: .prefix, getRetained: true,
            into: &$0)
    }
    try note("[34,2,900]") { Encoder.unsubscribe(request: 2, subscription: 900, into: &$0) }
    var publish = PublishOptions()
    try note(#"[16,2,{},"a.b"]"#) { (buffer) throws(CodecError) in
        try Encoder.publish(
            request: 2, topic: unsafe topic.span.bytes, payload: none, into: &buffer)
    }
    publish.acknowledge = true
    publish.excludeMe = false
    publish.discloseMe = true
    publish.retain = true
    publish.eligible = [1, 2]
    publish.eligibleAuthIDs = ["joe"]
    publish.eligibleAuthRoles = []
    publish.exclude = []
    publish.excludeAuthIDs = ["a"]
    publish.excludeAuthRoles = ["b", "c"]
    try note(
        #"[16,2,{"acknowledge":true,"exclude_me":false,"disclose_me":true,"retain":true,"eligible":[1,2],"eligible_authid":["joe"],"eligible_authrole":[],"exclude":[],"exclude_authid":["a"],"exclude_authrole":["b","c"],"#
            + ppt + #"},"a.b","# + tail
    ) { (buffer) throws(CodecError) in
        try Encoder.publish(
            request: 2, topic: unsafe topic.span.bytes, options: publish, payload: full,
            into: &buffer)
    }
    var call = ClientCallOptions()
    call.timeout = 500
    call.receiveProgress = true
    call.progress = false
    call.discloseMe = true
    try note(
        #"[48,1,{"timeout":500,"receive_progress":true,"progress":false,"disclose_me":true,"#
            + ppt + #"},"a.b","# + tail
    ) { (buffer) throws(CodecError) in
        try Encoder.call(
            request: 1, procedure: unsafe topic.span.bytes, options: call, payload: full,
            into: &buffer)
    }
    try note("[49,1,{}]") { Encoder.cancel(request: 1, into: &$0) }
    try note(#"[49,1,{"mode":"skip"}]"#) { Encoder.cancel(request: 1, mode: .skip, into: &$0) }
    var register = ClientRegisterOptions()
    try note(#"[64,1,{},"a.b"]"#) {
        Encoder.register(request: 1, procedure: unsafe topic.span.bytes, into: &$0)
    }
    register.match = .wildcard
    register.invoke = .roundRobin
    register.concurrency = 4
    register.discloseCaller = true
    register.forwardTimeout = false
    register.forceReregister = true
    try note(
        #"[64,1,{"match":"wildcard","invoke":"roundrobin","concurrency":4,"disclose_caller":true,"forward_timeout":false,"force_reregister":true},"a.b"]"#
    ) {
        Encoder.register(
            request: 1, procedure: unsafe topic.span.bytes, options: register, into: &$0)
    }
    try note("[66,1,80]") { Encoder.unregister(request: 1, registration: 80, into: &$0) }
    try note("[70,1,{}]") { (buffer) throws(CodecError) in
        try Encoder.yield(request: 1, payload: none, into: &buffer)
    }
    try note(#"[70,1,{"progress":true,"# + ppt + "}," + tail) { (buffer) throws(CodecError) in
        try Encoder.yield(request: 1, isProgress: true, payload: full, into: &buffer)
    }
    return (fromRouter, list)
}
