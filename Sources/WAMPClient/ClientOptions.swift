// ClientOptions — who a client is, what it asks for and how long it waits.

package import Codecs
package import WAMP

/// What a session is opened with.
package struct ClientOptions: Sendable {
    package var realm = "realm1"
    package var serialization = Serialization.json
    /// Offered in this order; empty means anonymous.
    package var authMethods: [String] = []
    package var authID: String?
    package var authExtra: Extra = []
    /// For the router's people: `agent` in HELLO, `User-Agent` in HTTP. One line of ASCII.
    package var agent = "carillon"
    /// Octets of the largest message taken.
    package var messageLimit = 16 << 20
    /// From the first octet to WELCOME.
    package var openingTime = Duration.seconds(10)
    /// For the answer to a request; `nil`: for ever. A progressive result begins it anew.
    package var answerTime: Duration? = .seconds(30)
    /// After so long a silence the router is pinged, and after as long again given up; or never.
    package var keepAlive: Duration? = .seconds(30)
    /// Readable when somebody wants us to stop: every wait but the last one throws `interrupted`.
    package var interrupt: CInt?
    /// Where nonces and masks come from (RFC 6455 §4.1, §5.3).
    package var random: @Sendable () -> UInt64 = { .random(in: .min ... .max) }

    package init() {}

    /// The roles and features of HELLO: what ``WAMPClient`` does, and no more.
    internal static let features: ClientFeatures = [
        .roles, .publisherIdentification, .publisherExclusion, .publisherBlackwhiteListing,
        .subscriberIdentification, .subscriberPatterns, .subscriberRevocation,
        .callerIdentification, .callerProgressiveResults, .callerTimeout, .callerCanceling,
        .calleeIdentification, .calleePatterns, .calleeSharedRegistration, .calleeCanceling,
        .calleeProgressiveResults, .calleeRevocation,
    ]
}

/// A CHALLENGE: the method, and what is needed to answer.
package struct Challenge: Sendable {
    package let method: String
    package let extra: [String: ExtraValue]
}

/// What AUTHENTICATE says.
package struct ChallengeAnswer: Sendable {
    package var signature: String
    package var extra: Extra

    package init(signature: String, extra: Extra = []) {
        self.signature = signature
        self.extra = extra
    }
}

/// An open session, as WELCOME tells it.
package struct SessionInfo: Sendable {
    package let id: UInt64
    package let realm: String
    package let authID: String?
    package let authRole: String?
    package let authMethod: String?
    package let details: Details

    /// What the method has to say at the end, such as the verifier of SCRAM.
    package var authExtra: [String: ExtraValue] { details.map("authextra") }
}
