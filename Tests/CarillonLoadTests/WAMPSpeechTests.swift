import Bytes
import Codecs
import Hub
import Testing
import WAMP

@testable import CarillonLoad

@Suite("WAMP speech")
struct WAMPSpeechTests {
    private static let rules = URIRules.loose

    /// What `words` are as one WebSocket message.
    private func octets(
        _ speech: WAMPSpeech, _ words: WAMPWords, payload: String? = nil
    ) -> [UInt8] {
        var list = OctetBuffer()
        var message = OctetBuffer()
        guard let payload else {
            speech.write(words, Payload(), into: &message)
            return message.octets.array
        }
        let text = Array(payload.utf8)
        unsafe speech.writeArguments(text.span.bytes, into: &list)
        speech.write(
            words,
            Payload(
                octets: list.octets, serialization: speech.serialization,
                arguments: Extent(0..<list.count)), into: &message)
        return message.octets.array
    }

    /// The only message in it, as a router in `phase` reads it.
    private func decoded(
        _ octets: [UInt8], _ speech: WAMPSpeech, _ phase: SessionPhase = .established,
        _ body: (Message, RawSpan) throws -> Void
    ) throws {
        let span = unsafe octets.span.bytes
        guard speech.isBatched else {
            let message = try Message.decode(
                span, as: speech.serialization, for: .router(phase, Self.rules))
            return try body(message, span)
        }
        var framing = BatchFraming(speech.serialization)
        var position = 0
        let found = try framing.next(in: span, at: &position)
        let place = try #require(found)
        let inner = span.extracting(place)
        let message = try Message.decode(
            inner, as: speech.serialization, for: .router(phase, Self.rules))
        try body(message, inner)
        #expect(position == octets.count)
    }

    @Test("everything said is what a router reads, in every form", arguments: Subprotocol.allCases)
    func words(subprotocol: Subprotocol) throws {
        let speech = WAMPSpeech(
            subprotocol, realm: "there", authID: "me", ticket: "secret", procedure: "a.b",
            isShared: true)
        try decoded(octets(speech, .hello), speech, .closed) { message, octets in
            #expect(message.code == .hello)
            let name = message.nameText(in: octets)
            #expect(name == Array("there".utf8))
            #expect(!message.hello.authMethods.isAbsent && !message.hello.authID.isAbsent)
        }
        try decoded(octets(speech, .authenticate), speech, .challenging) { message, octets in
            let name = message.nameText(in: octets)
            #expect(name == Array("secret".utf8))
        }
        try decoded(octets(speech, .register), speech) { message, octets in
            #expect(message.code == .register && message.options.invoke == .roundRobin)
            let name = message.nameText(in: octets)
            #expect(name == speech.procedure)
        }
        let subscription = speech.subscription(room: 12, .everything)
        try decoded(octets(speech, subscription), speech) { message, octets in
            #expect(message.code == .subscribe && message.request == WAMPSpeech.firstRequest)
            let name = message.nameText(in: octets)
            #expect(name == Array("load.r12".utf8))
        }
        try decoded(octets(speech, .goodbye), speech) { message, _ in
            #expect(message.code == .goodbye)
        }
        let payload = "CLd1 and so on"
        let publish = WAMPWords.publish(request: 7, topic: speech.topic(room: 1, event: 0))
        for (words, code) in [
            (publish, MessageCode.publish), (.call(request: 7), .call), (.yield(7), .yield),
        ] {
            try decoded(octets(speech, words, payload: payload), speech) { message, octets in
                #expect(message.code == code && message.request == 7)
                let found = speech.payloadPlace(message, in: octets)
                let place = try #require(found)
                let text = octets.extracting(place).text
                #expect(text == payload)
            }
        }
    }

    @Test("a payload is found however its heads are written, and nothing else is taken for one")
    func payloadPlace() throws {
        // RESULT of request 1 with arguments behind its details.
        let json = WAMPSpeech(.json)
        let pack = WAMPSpeech(.messagePack)
        let cbor = WAMPSpeech(.cbor)
        let head: [UInt8] = [0x94, 50, 1, 0x80]
        let cases: [(WAMPSpeech, [UInt8], String?)] = [
            (json, Array(#"[50,1,{},["abc"]]"#.utf8), "abc"),
            (json, Array(#"[ 50 , 1 , {} , [ "abc" ] ]"#.utf8), "abc"),
            (json, Array(#"[50,1,{},["a\u0062c"]]"#.utf8), nil),
            (json, Array(#"[50,1,{},["abc",1]]"#.utf8), nil),
            (json, Array(#"[50,1,{},[["abc"]]]"#.utf8), nil),
            (json, Array(#"[50,1,{},[]]"#.utf8), nil),
            (json, Array(#"[50,1,{}]"#.utf8), nil),
            (json, Array(#"[50,1,{},["abc"],{"k":1}]"#.utf8), nil),
            (pack, head + [0x91, 0xA3, 97, 98, 99], "abc"),
            (pack, head + [0xDC, 0, 1, 0xDA, 0, 3, 97, 98, 99], "abc"),
            (pack, head + [0x91, 0xC4, 3, 97, 98, 99], nil),
            (cbor, [0x84, 0x18, 50, 1, 0xA0, 0x81, 0x63, 97, 98, 99], "abc"),
            (cbor, [0x84, 0x18, 50, 1, 0xA0, 0x9F, 0x78, 3, 97, 98, 99, 0xFF], "abc"),
            (cbor, [0x84, 0x18, 50, 1, 0xA0, 0x81, 0x7F, 0x63, 97, 98, 99, 0xFF], nil),
        ]
        for (speech, octets, expected) in cases {
            let span = unsafe octets.span.bytes
            let message = try Message.decode(span, as: speech.serialization, for: .client)
            let place = speech.payloadPlace(message, in: span)
            var text: String?
            if let place { text = span.extracting(place).text }
            #expect(text == expected, "\(octets)")
        }
    }

    @Test("coverages match what they say they match, by the naive rule")
    func coverages() {
        let events = 13
        let ones: UInt64 = 1 << 1 | 0b1111 << 10
        let speech = WAMPSpeech(.json, usesEvents: true)
        for coverage in WAMPSpeech.coverages(eventCount: events, beginWithOne: ones) {
            for room in [1, 12] {
                guard
                    case .subscribe(let pattern, let match) = speech.subscription(
                        room: room, coverage)
                else {
                    Issue.record("no subscription")
                    continue
                }
                for other in [1, 2, 12, 123] {
                    for event in 0..<events {
                        let topic = speech.topic(room: other, event: event)
                        let expected =
                            other == room && coverage.events >> UInt64(event) & 1 == 1
                        #expect(Self.matches(pattern, match, topic) == expected)
                    }
                }
            }
        }
    }

    private static func matches(_ pattern: [UInt8], _ match: MatchPolicy, _ topic: [UInt8]) -> Bool
    {
        switch match {
        case .exact: return pattern == topic
        case .prefix: return topic.starts(with: pattern)
        case .wildcard:
            let dot = UInt8(ascii: ".")
            let wanted = pattern.split(separator: dot, omittingEmptySubsequences: false)
            let given = topic.split(separator: dot, omittingEmptySubsequences: false)
            return wanted.count == given.count
                && zip(wanted, given).allSatisfy { $0.isEmpty || $0 == $1 }
        }
    }
}

@Suite("verified messages")
struct VerifiedMessagesTests {
    @Test("an event is known again at the beginning of a batch, for its subscription only")
    func events() {
        var verified = VerifiedMessages()
        let stamp = Stamp(stream: 3, number: 0x2A, time: 99, payloadSize: 52)
        var octets = Array("[36,5,6,{},[\"".utf8)
        let mark = octets.count
        octets += [UInt8](repeating: 0, count: Stamp.size)
        unsafe octets.withUnsafeMutableBytes {
            unsafe stamp.write(to: $0.baseAddress! + mark, seed: 1)
        }
        octets += Array("\"]]\u{1E}".utf8)
        unsafe octets.withUnsafeBytes {
            unsafe verified.keep(stamp, $0, mark: mark, subscription: 5)
        }
        func known(_ octets: [UInt8], subscription: UInt64) -> Int? {
            unsafe octets.withUnsafeBytes {
                let found = unsafe verified.event(
                    beginning: $0, mark: mark, subscription: subscription)
                #expect(found == nil || found?.stamp == stamp)
                return found?.size
            }
        }
        #expect(known(octets, subscription: 5) == octets.count)
        #expect(known(octets + octets, subscription: 5) == octets.count)
        #expect(known(octets, subscription: 6) == nil)
        #expect(known(octets.dropLast(), subscription: 5) == nil)
        for place in octets.indices {
            var other = octets
            other[place] ^= 1
            #expect(known(other, subscription: 5) == nil, "octet \(place)")
        }
    }
}
