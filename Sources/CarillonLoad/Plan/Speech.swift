// Speech — what clients of one protocol say and what they wait for, as templates.
//
// A dialect of ours is a ready-made speech (`Speech+Dialects`); any other server is spoken to with
// one that the user writes. A message is recognised by the stamp in it, never by its form, so a
// speech says little of how deliveries look. WAMP has steps and ids and is no text: `WAMPSpeech`.

internal import WAMP

/// The texts of one protocol.
struct Speech: Sendable {
    /// Where subscribers and requesters connect; `%R` and `%I` are filled.
    var path = Speech.template("/")
    /// Where publishers connect.
    var publishPath = Speech.template("/")
    var subprotocols: [String] = []
    /// `Name: value`, for every handshake.
    var fields: [String] = []
    var isBinary = false

    /// A part of what the server says by itself when a connection is open; nothing is said before.
    /// None: it says nothing.
    var hello: [UInt8]?
    /// Parts of what a client hears in place of what it waits for, when it is not let in.
    var denial: [[UInt8]] = []
    /// Said when a subscriber's connection is open; none: the path subscribes.
    var subscribe: Template?
    /// A part of the answer to it; none: it is not answered.
    var subscribed: [UInt8]?
    /// The same for publishers.
    var greet: Template?
    var greeted: [UInt8]?
    /// Publications are bodies of `POST publishPath`, and publishers connections of HTTP.
    var posts = false
    /// How a payload is published.
    var publish = Speech.template("%P")
    /// A request that is answered with its payload.
    var request = Speech.template("%P")
    /// A part of each delivery to a subscriber that those to others do not have.
    var own: Template?
    /// A part of what a publisher hears when a publication is refused.
    var refusal: [UInt8]?
    /// A part of an answer without the payload: the request has failed.
    var failure: [UInt8]?
    /// Speaks WAMP; then paths, subprotocols and fields are all that counts of the above.
    var wamp: WAMPSpeech?

    /// A template of ours, known to be right.
    static func template(_ text: String) -> Template {
        do throws(TemplateError) { return try Template(text) } catch {
            preconditionFailure("\(error)")
        }
    }

    /// openapi-ws, as `carillon` serves it on `/stream` (aio-openapi's WebSocket RPC).
    static let openAPI: Speech = {
        var speech = Speech()
        speech.path = template("/stream")
        speech.publishPath = template("/stream")
        speech.subscribe = template(
            #"{"id":"s","method":"subscribe","payload":{"channel":"r%R","event":"%W"}}"#)
        speech.subscribed = Array(#""subscribed""#.utf8)
        speech.publish = template(
            #"{"id":"p","method":"publish","payload":{"channel":"r%R","data":"%P"}}"#)
        speech.request = template(
            #"{"id":"%N","method":"echo","payload":{"data":"%P"}}"#)
        speech.refusal = Array(#"{"error""#.utf8)
        return speech
    }()

    /// The same with events, for patterns.
    static let openAPIWithEvents: Speech = {
        var speech = openAPI
        speech.publish = template(
            #"{"id":"p","method":"publish","payload":{"channel":"r%R","event":"e%E","data":"%P"}}"#)
        return speech
    }()

    /// WAMP v2, on the path where `carillon` and others serve it.
    static func wamp(_ words: WAMPSpeech) -> Speech {
        var speech = Speech()
        speech.subprotocols = [words.subprotocol.rawValue]
        speech.isBinary = words.isBinary
        speech.wamp = words
        return speech
    }
}
