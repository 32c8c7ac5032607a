// Dialects — how clients of high-templar, rohrpost and Shampoo speak, as `carillon` serves them.
//
// All three are texts, so they are templates with three additions: a server that speaks first
// (high-templar's hello), publications that an application posts by HTTP, and deliveries with
// something in them that is one client's alone (high-templar's requestId). Answers are recognised
// by values, not by spacing: the Python originals write a blank behind every colon.

extension Speech {
    /// high-templar 3: each client subscribes with a `requestId` of its own, and the application
    /// triggers by `POST /trigger/`.
    ///
    /// - Parameter covers: A trigger names `*` and so reaches all rooms.
    static func highTemplar(covers: Bool = false) -> Speech {
        var speech = Speech()
        speech.path = template("/ws/")
        speech.publishPath = template("/trigger/")
        // Only the hello of those who are let in has rooms, in version 2 as well.
        speech.hello = Array(#""allowed_rooms""#.utf8)
        speech.subscribe = template(
            #"{"type":"subscribe","room":{"target":"load","room":"r%R"},"requestId":"s%I"}"#)
        speech.subscribed = Array(#""success""#.utf8)
        speech.denial = [#""is_authorized""#, #""error""#].map { Array($0.utf8) }
        speech.publish = template(
            covers
                ? #"{"rooms":[{"target":"load","room":"*"}],"data":"%P"}"#
                : #"{"rooms":[{"target":"load","room":"r%R"}],"data":"%P"}"#)
        speech.posts = true
        speech.own = template(#""s%I""#)
        return speech
    }

    /// rohrpost 4: clients subscribe to the group `load-r<room>`, and the application reports
    /// changes of a model.
    ///
    /// - Parameter type: What requesters call; the answer holds their data.
    static func rohrpost(type: String = "ping") -> Speech {
        var speech = Speech()
        speech.path = template("/rohrpost/")
        speech.publishPath = template("/api/rohrpost/notify")
        speech.subscribe = template(
            #"{"type":"subscribe","id":"s%I","auth_jwt":"","data":{"type":"load","id":"r%R"}}"#)
        // The type of the answer; notifications are of another.
        speech.subscribed = Array(#""subscribe""#.utf8)
        speech.denial = [Array(#""error""#.utf8)]
        speech.publish = template(
            #"{"class":"load","pk":"r%R","change":"update","object":"%P"}"#)
        speech.posts = true
        let data = type == "ping" ? #""%P""# : #"{"data":"%P"}"#
        speech.request = template(#"{"id":%N,"type":"\#(type)","auth_jwt":"","data":\#(data)}"#)
        speech.failure = Array(#""error""#.utf8)
        return speech
    }

    /// Shampoo: the path `/load/r<room>/` is an endpoint that joins the room `load.r<room>`, and
    /// the application publishes to it.
    ///
    /// - Parameter method: What requesters call; its result holds their data.
    static func shampoo(method: String = "echo") -> Speech {
        var speech = Speech()
        speech.path = template("/load/r%R/")
        speech.publishPath = template("/api/publish")
        speech.subprotocols = ["shampoo"]
        speech.publish = template(#"{"room":"load.r%R","data":"%P"}"#)
        speech.posts = true
        speech.request = template(
            #"{"type":"request","method":"\#(method)","request_data":{"data":"%P"},"#
                + #""request_id":%N}"#)
        // A response without the payload.
        speech.failure = Array(#""response_data""#.utf8)
        return speech
    }
}
