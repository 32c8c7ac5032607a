// What breaks the protocol, in every phase and form (reference §3, §4): ABORT, close 1002, nothing
// afterwards, and nothing left of the session.

import DialectKit
import Testing

@testable import WAMPRouter

/// What clients may send, and what stands behind the code: `i` request id, `n` another id, `t` type
/// of request, `m` map, `s` string, `a` arguments, `k` keywords; behind `?` it may be left out.
private let catalogue: [(code: Int, elements: String)] = [
    (1, "sm"), (3, "ms?ak"), (5, "sm"), (6, "ms"), (8, "tims?ak"), (16, "ims?ak"), (32, "ims"),
    (34, "in"), (48, "ims?ak"), (49, "im"), (64, "ims"), (66, "in"), (70, "im?ak"),
]

/// What only a router may send.
private let routersOnly = [2, 4, 17, 33, 35, 36, 50, 65, 67, 68, 69]

private let values: [(json: String, fits: String)] = [
    ("null", ""), ("true", ""), ("0", "i"), ("1", "in"), ("-1", ""), ("9007199254740992", "in"),
    ("9007199254740993", ""), ("18446744073709551615", ""), ("1.5", ""), ("1.0", ""),
    (#""x""#, "s"), ("[]", "a"), (#"[{"a":[1]}]"#, "a"), ("{}", "mk"), (#"{"a":[]}"#, "mk"),
]

private func sound(_ element: Character, _ code: Int) -> String {
    switch element {
    case "i", "n": "7"
    case "t": "68"
    case "m": code == 1 ? #"{"roles":{"callee":{}}}"# : "{}"
    case "s": code == 1 ? #""realm1""# : #""com.app""#
    case "a": "[1]"
    default: #"{"a":1}"#
    }
}

private func message(_ code: Int, _ elements: [String]) -> String {
    "[" + ([String(code)] + elements).joined(separator: ",") + "]"
}

@Suite struct ViolationTests {
    private enum Phase: CaseIterable { case closed, challenging, established, left }

    private func client(_ hub: ModelHub, _ form: WAMPForm, _ phase: Phase) -> Client {
        switch phase {
        case .closed: return Client(hub, form)
        case .challenging:
            let client = Client(hub, form)
            client.say(
                #"[1,"realm1",{"roles":{"caller":{}},"authmethods":["ticket"],"authid":"martin"}]"#
            )
            precondition(client.message()[0].id == 4)
            return client
        case .established, .left:
            let client = Client.joined(hub, form)
            client.say([#"[32,1,{},"com.t"]"#, #"[64,2,{},"com.p"]"#])
            precondition(client.hearAll().count == 2)
            if phase == .left {
                client.say(#"[6,{},"a.b"]"#)
                precondition(client.hearAll().count == 1)
            }
            return client
        }
    }

    private func phase(of code: Int) -> Phase {
        code == 1 ? .closed : code == 5 ? .challenging : .established
    }

    /// - Returns: What is wrong with the answer to a violation.
    private func complaint(_ text: String, _ form: WAMPForm, _ phase: Phase) -> String? {
        let hub = ModelHub()
        let client = client(hub, form, phase)
        client.say([text, #"[3,{},"a.b"]"#, #"[48,1,{},"wamp.session.count"]"#])
        let heard = client.hearAll()
        guard heard.count == 2, heard[1] == "close 1002" else { return "\(heard)" }
        let abort = Value(heard[0])
        guard abort.count == 3, abort[0].id == 3, abort[1]["message"].string?.isEmpty == false,
            abort[2] == .text("wamp.error.protocol_violation")
        else { return heard[0] }
        return hub.leftovers.first
    }

    /// Whether a message behind a GOODBYE says nothing: it was sent before the end was known.
    private func isIgnored(_ text: String, _ form: WAMPForm) -> Bool {
        let client = client(ModelHub(), form, .left)
        client.say(text)
        guard client.isSilent else { return false }
        client.say(#"[3,{},"a.b"]"#)
        return client.hearAll() == ["close 1000"]
    }

    @Test("each element of each message must have its type", arguments: WAMPForm.allCases)
    func types(_ form: WAMPForm) {
        for (code, elements) in catalogue {
            let names = Array(elements.filter { $0 != "?" })
            let whole = names.map { sound($0, code) }
            for (place, name) in names.enumerated() {
                for value in values where !value.fits.contains(name) {
                    var changed = whole
                    changed[place] = value.json
                    let text = message(code, changed)
                    let wrong = complaint(text, form, phase(of: code))
                    #expect(wrong == nil, "\(text)")
                }
            }
        }
    }

    @Test("each message has as many elements as it has", arguments: WAMPForm.allCases)
    func lengths(_ form: WAMPForm) {
        for (code, elements) in catalogue {
            let names = Array(elements.filter { $0 != "?" })
            let whole = names.map { sound($0, code) }
            let required = elements.split(separator: "?")[0].count
            for count in 0..<required {
                let text = message(code, Array(whole[..<count]))
                #expect(complaint(text, form, phase(of: code)) == nil, "\(text)")
            }
            let text = message(code, whole + ["{}"])
            #expect(complaint(text, form, phase(of: code)) == nil, "\(text)")
        }
    }

    @Test("each phase takes its messages and no others", arguments: WAMPForm.allCases)
    func phases(_ form: WAMPForm) {
        let admitted: [Phase: Set<Int>] = [
            .closed: [1, 3], .left: [1, 3], .challenging: [3, 5],
            .established: [3, 6, 8, 16, 32, 34, 48, 49, 64, 66, 70],
        ]
        for phase in Phase.allCases {
            for (code, elements) in catalogue where !admitted[phase]!.contains(code) {
                let text = message(code, elements.filter { $0 != "?" }.map { sound($0, code) })
                if phase == .left {
                    #expect(isIgnored(text, form), "\(text)")
                } else {
                    #expect(complaint(text, form, phase) == nil, "\(phase) \(text)")
                }
            }
            for code in routersOnly + [0, 7, 9, 255, 256, 1023] {
                let text = message(code, ["1", "{}", #""a.b""#])
                #expect(complaint(text, form, phase) == nil, "\(phase) \(text)")
            }
            for text in ["[]", "{}", "null", "1", #""x""#, #"["x"]"#, "[null]", "[-1]", "[1.5]"] {
                #expect(complaint(text, form, phase) == nil, "\(phase) \(text)")
            }
        }
    }

    @Test(
        "what is established takes every sound message without an end", arguments: WAMPForm.allCases
    )
    func soundMessages(_ form: WAMPForm) {
        let hub = ModelHub()
        let client = client(hub, form, .established)
        for (code, elements) in catalogue
        where phase(of: code) == .established && ![3, 6, 8, 70].contains(code) {
            client.say(message(code, elements.filter { $0 != "?" }.map { sound($0, code) }))
        }
        #expect(client.connection.isOpen)
        #expect(!client.hearAll().contains { $0.hasPrefix("[3,") })
    }

    @Test("octets that are no message of the form are undecodable", arguments: WAMPForm.allCases)
    func undecodable(_ form: WAMPForm) {
        let rubbish: [[UInt8]] = [
            [], [0], [0xFF], [0xC1], [0x1C], Array("[32,1,{}".utf8), Array("[32,1,{},]".utf8),
            Array(repeating: 0x5B, count: 70), Array(repeating: 0x91, count: 70),
            Array(repeating: 0x81, count: 70), [0, 0, 0, 0], [0, 0, 0, 9, 1], [0x1E], [0x18],
            [0x93, 0x20, 0x01], [0x83, 0x18, 0x20, 0x01], [0x5B, 0xFF, 0x5D],
            [0x5B, 0x22, 0xC0, 0x22, 0x5D],
        ]
        // Behind a GOODBYE some of it is ignored.
        for phase in [Phase.closed, .challenging, .established] {
            for octets in rubbish {
                // Text that is not UTF-8 gets no further than its frame, except in RawSocket.
                if form.messageKind == .text, !form.isRaw,
                    String(validating: octets, as: UTF8.self) == nil
                {
                    continue
                }
                let hub = ModelHub()
                let client = client(hub, form, phase)
                client.send(form.messageKind, octets)
                let heard = client.hearAll()
                #expect(heard.last == "close 1002", "\(phase) \(octets) \(heard)")
                #expect(heard.count == 2)
                #expect(hub.leftovers.isEmpty)
            }
        }
    }

    @Test("the wrong kind of frame breaks the protocol", arguments: WAMPForm.allCases)
    func frames(_ form: WAMPForm) {
        for phase in Phase.allCases {
            let hub = ModelHub()
            let client = client(hub, form, phase)
            client.send(form.messageKind == .text ? .binary : .text, Array("[1]".utf8))
            #expect(client.hearAll().last == "close 1002")
            #expect(hub.leftovers.isEmpty)
        }
    }

    @Test("an answer to what was never asked breaks the protocol, a late one does not")
    func answers() {
        for text in ["[70,2,{}]", #"[8,68,2,{},"a.b"]"#, "[70,0,{}]", "[70,9007199254740992,{}]"] {
            let hub = ModelHub()
            let caller = Client.joined(hub)
            let callee = Client.joined(hub)
            callee.say(#"[64,1,{},"com.p"]"#)
            caller.say(#"[48,1,{},"com.p"]"#)
            callee.say(["[70,1,{},[1]]", "[70,1,{},[2]]", #"[8,68,1,{},"a.b"]"#])
            #expect(callee.connection.isOpen)
            #expect(caller.hearAll() == ["[50,1,{},[1]]"])
            callee.say(text)
            #expect(callee.hearAll().last == "close 1002", "\(text)")
            #expect(caller.ask(#"[48,2,{},"com.p"]"#)[4] == .text("wamp.error.no_such_procedure"))
        }
    }

    @Test("the id of a call in progress may not name another one")
    func requestInUse() {
        let hub = ModelHub()
        let caller = Client.joined(hub)
        let callee = Client.joined(hub)
        callee.say(#"[64,1,{},"com.p"]"#)
        caller.say(#"[48,1,{},"com.p"]"#)
        caller.say(#"[48,1,{},"com.p"]"#)
        let heard = caller.hearAll()
        #expect(heard.count == 2 && heard[1] == "close 1002", "\(heard)")
        #expect(callee.hearAll().count == 3, "registered, asked, told to stop")
        callee.say("[70,1,{}]")
        #expect(callee.connection.isOpen)
    }

    @Test("where ids must count up, a gap ends the session")
    func sequence() {
        var settings = RouterSettings()
        settings.wantsSequentialRequests = true
        for (ids, isFine) in [
            ([1, 2, 3], true), ([2], false), ([0], false), ([1, 1], false), ([1, 3], false),
        ] {
            let client = Client.joined(ModelHub(settings: settings))
            for id in ids { client.say(#"[32,\#(id),{},"com.t\#(id)"]"#) }
            #expect(client.connection.isOpen == isFine, "\(ids)")
        }
        // They begin anew with each session, and a part of a call repeats its id.
        let client = Client.joined(ModelHub(settings: settings))
        client.say([#"[64,1,{},"com.p"]"#, #"[48,2,{"progress":true},"com.p"]"#])
        client.say([#"[48,2,{},"com.p"]"#, #"[32,3,{},"com.t"]"#, #"[6,{},"a.b"]"#])
        _ = client.hearAll()
        client.join()
        client.say(#"[32,1,{},"com.t"]"#)
        #expect(client.connection.isOpen)
    }

    @Test("a batch is carried out up to the message that breaks it")
    func batches() {
        for form in WAMPForm.allCases where form.isBatched {
            let hub = ModelHub()
            let client = Client.joined(hub, form)
            client.say([
                #"[32,1,{},"com.t"]"#, #"[16,2,{"exclude_me":false},"com.t",[1]]"#, "[7]",
                #"[16,3,{"exclude_me":false},"com.t",[2]]"#,
            ])
            let heard = client.hearAll()
            #expect(heard.count == 4 && heard[3] == "close 1002", "\(heard)")
            #expect(hub.leftovers.isEmpty)
        }
    }
}
