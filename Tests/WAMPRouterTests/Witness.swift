// Witness — sessions that watch others end, and sessions that leave something behind.

import Testing

@testable import WAMPRouter

/// What clients and routers answer a GOODBYE with.
let farewell = #"[6,{},"wamp.close.goodbye_and_out"]"#

let second: UInt64 = 1_000_000_000

/// A session that hears of everybody who leaves, of testaments, and of what ends.
func watcher(_ hub: ModelHub) -> Client {
    let watcher = Client.joined(hub, details: #"{"authid":"watcher"}"#)
    for (request, topic) in [
        "wamp.session.on_leave", "wamp.subscription.on_unsubscribe",
        "wamp.subscription.on_delete", "wamp.registration.on_unregister",
        "wamp.registration.on_delete", "com.will",
    ].enumerated() {
        watcher.say(#"[32,\#(request + 1),{},"\#(topic)"]"#)
        #expect(watcher.message()[0].id == 33)
    }
    return watcher
}

/// A session with one of everything.
func owner(_ hub: ModelHub, _ form: WAMPForm = .json, name: String = "") -> Client {
    let owner =
        name.isEmpty
        ? Client.joined(hub, form)
        : Client.joined(
            hub, form, details: #"{"authmethods":["ticket"],"authid":"\#(name)"}"#,
            secret: "wEx9TPFtHdRr2Zg7rtRE")
    owner.say(#"[32,1,{},"com.own.\#(owner.id)"]"#)
    owner.say(#"[64,2,{},"com.own.\#(owner.id)"]"#)
    owner.say(#"[48,3,{},"wamp.session.add_testament",["com.will",["will"],{}]]"#)
    #expect(owner.hearAll().count == 3)
    return owner
}

/// What a watcher hears, by the topic's order above: 1 is on_leave, 6 is the testament.
func heard(_ watcher: Client) -> [Value] {
    var events: [Value] = []
    while case .message(let event)? = watcher.hear() { events.append(event) }
    return events
}
