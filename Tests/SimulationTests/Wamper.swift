// Wamper — one WAMP client of a schedule: what it does, what it is owed, and what it may not get.
//
// The promises of reference §6 are checked as each message arrives, from the client's side of the
// stream. All payload is numbers: an event carries the number of its publication, a call its own.

import Bytes
import Codecs
import DialectKit
import Engine
import WAMP
import WebSocket

@testable import WAMPRouter

/// What everybody in a schedule has said so far.
struct Sayings {
    struct Publication {
        let publisher: Int
        /// The session it was published in; whoever begins another is a stranger to it.
        let session: UInt64
        let topic: String
        /// Whether its publisher wants it, too.
        let includesPublisher: Bool
        var isRetained = false
        var isAcknowledged = false
    }

    struct Call {
        let caller: Int
        /// Whom it reached.
        var callee: Int?
        /// Its first callee sent it on, so that it may overtake.
        var isRerouted = false
    }

    var publications: [Publication] = []
    var calls: [Call] = []
}

final class Wamper {
    enum Stage { case connecting, open, greeting, joined, leaving, over }

    struct Topic: Hashable {
        let uri: String
        let match: String

        func matches(_ topic: String) -> Bool {
            switch match {
            case "prefix": return topic.hasPrefix(uri)
            case "wildcard":
                let (pattern, parts) = (
                    uri.split(separator: ".", omittingEmptySubsequences: false),
                    topic.split(separator: ".", omittingEmptySubsequences: false)
                )
                return pattern.count == parts.count
                    && zip(pattern, parts).allSatisfy { $0.isEmpty || $0 == $1 }
            default: return topic == uri
            }
        }
    }

    enum Request {
        case subscribe(Topic, expectsRetained: Bool)
        case unsubscribe(UInt64)
        case publish(Int)
        case register
        case unregister(UInt64)
        case meta
    }

    struct Call {
        let number: Int
        let procedure: String
        var progress = 0
        /// Parts of its arguments that were sent; `nil` when none follow.
        var parts: Int?
        /// Canceled by one who never announced that it can: it may get an answer or none.
        var isAbandoned = false
    }

    struct Held {
        let number: Int
        let wantsProgress: Bool
        var progress = 0
        var parts = 0
        var isOpen: Bool
    }

    struct Owed: Hashable {
        let number: Int
        let subscription: UInt64
    }

    /// Why one is sent away that has not joined: the router stops, or has waited long enough.
    static let patience = [
        "wamp.close.system_shutdown", "wamp.error.authentication_failed",
    ]

    let number: Int
    let client: SimulatedClient
    let form: WAMPForm
    /// Announces that it can cancel, and be told to stop.
    let cancels: Bool
    var stage = Stage.connecting
    var id: UInt64 = 0
    var complaints: [String] = []
    var hasReset = false
    var answerCount = 0

    var requestCount = 0
    var requests: [UInt64: Request] = [:]
    var calls: [UInt64: Call] = [:]
    /// In force from reply to reply.
    var subscriptions: [UInt64: Topic] = [:]
    var ending: Set<UInt64> = []
    var wanted: Set<Topic> = []
    var owed: Set<Owed> = []
    var delivered: Set<Owed> = []
    var lastPublication: [Int: Int] = [:]
    var registrations: Set<UInt64> = []
    var held: [UInt64: Held] = [:]
    var issued: UInt64 = 0
    var lastCall: [Int: Int] = [:]
    /// Subscriptions it was refused to end, since somebody took them or killed it.
    var refused: Set<UInt64> = []
    /// Subscriptions that must begin with a retained event.
    var awaitsRetained: Set<UInt64> = []
    /// What it watches, by subscription.
    var watch: MetaWatch?
    var log: [String] = []

    init(_ number: Int, _ client: SimulatedClient, _ form: WAMPForm, cancels: Bool) {
        self.number = number
        self.client = client
        self.form = form
        self.cancels = cancels
    }

    func complain(_ what: String) {
        if complaints.count < 5 { complaints.append("client \(number) (\(form)): \(what)") }
    }

    /// Whether everything owed has to arrive.
    var isHealthy: Bool {
        stage == .joined && client.isOpen && !client.hasReceivedClose && !client.hasSentClose
            && !hasReset && !client.socket.wasBroken && !client.socket.isReset
            && !client.socket.isFinished
    }

    var isGone: Bool { stage == .over || hasReset || client.socket.isFinished }
    var hasCalls: Bool { calls.values.contains { !$0.isAbandoned } }
    var holdsInvocations: Bool { !held.isEmpty }

    // MARK: at rest

    func check(_ wampers: [Wamper], _ said: Sayings) {
        guard isHealthy else { return }
        for id in refused { complain("subscription \(id) was there and not to be ended") }
        for id in awaitsRetained { complain("subscription \(id) began without a retained event") }
        if let (request, what) = requests.first { complain("no answer to \(request): \(what)") }
        for (request, call) in calls where !call.isAbandoned {
            complain("no answer to call \(call.number), request \(request)")
        }
        calls = [:]
        for event in owed.sorted(by: { $0.number < $1.number }) {
            let publisher = said.publications[event.number].publisher
            let isCertain =
                said.publications[event.number].isAcknowledged || wampers[publisher].isHealthy
            if isCertain { complain("publication \(event.number) of \(publisher) never came") }
        }
        owed = []
    }
}
