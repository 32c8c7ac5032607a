// Features — what clients and routers announce (reference §5.2, §5.3).
//
// A set of bits per side. Unknown roles, features and keys beside `features` are skipped: wampy
// writes some of its own.

/// The roles of a client and what it can do in each.
package struct ClientFeatures: OptionSet, Sendable, Hashable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    private init(_ bit: UInt64) { rawValue = 1 << bit }

    package static let publisher = ClientFeatures(0)
    package static let subscriber = ClientFeatures(1)
    package static let caller = ClientFeatures(2)
    package static let callee = ClientFeatures(3)
    /// The four roles; a HELLO needs one of them.
    package static let roles: ClientFeatures = [.publisher, .subscriber, .caller, .callee]

    package static let publisherIdentification = ClientFeatures(4)
    package static let publisherExclusion = ClientFeatures(5)
    package static let publisherBlackwhiteListing = ClientFeatures(6)
    package static let publisherPassthru = ClientFeatures(7)

    package static let subscriberIdentification = ClientFeatures(8)
    package static let subscriberPatterns = ClientFeatures(9)
    package static let subscriberTrustLevels = ClientFeatures(10)
    package static let subscriberRevocation = ClientFeatures(11)
    package static let subscriberPassthru = ClientFeatures(12)
    package static let subscriberHistory = ClientFeatures(13)

    package static let callerIdentification = ClientFeatures(14)
    package static let callerProgressiveResults = ClientFeatures(15)
    package static let callerProgressiveInvocations = ClientFeatures(16)
    package static let callerTimeout = ClientFeatures(17)
    package static let callerCanceling = ClientFeatures(18)
    package static let callerPassthru = ClientFeatures(19)

    package static let calleeIdentification = ClientFeatures(20)
    package static let calleeTrustLevels = ClientFeatures(21)
    package static let calleePatterns = ClientFeatures(22)
    package static let calleeSharedRegistration = ClientFeatures(23)
    package static let calleeTimeout = ClientFeatures(24)
    package static let calleeCanceling = ClientFeatures(25)
    package static let calleeProgressiveResults = ClientFeatures(26)
    package static let calleeProgressiveInvocations = ClientFeatures(27)
    package static let calleeRevocation = ClientFeatures(28)
    package static let calleeReroute = ClientFeatures(29)
    package static let calleePassthru = ClientFeatures(30)
}

/// The words of one role: its name, its bit, and its features with theirs.
internal struct RoleTable: Sendable {
    let name: StaticString
    let role: ClientFeatures
    let features: [(name: StaticString, bit: ClientFeatures)]

    /// Every bit of the role.
    var all: ClientFeatures { features.reduce(role) { $0.union($1.bit) } }

    /// All four.
    static let all: [RoleTable] = [
        RoleTable(
            name: "publisher", role: .publisher,
            features: [
                ("publisher_identification", .publisherIdentification),
                ("publisher_exclusion", .publisherExclusion),
                ("subscriber_blackwhite_listing", .publisherBlackwhiteListing),
                ("payload_passthru_mode", .publisherPassthru),
            ]),
        RoleTable(
            name: "subscriber", role: .subscriber,
            features: [
                ("publisher_identification", .subscriberIdentification),
                ("pattern_based_subscription", .subscriberPatterns),
                ("publication_trustlevels", .subscriberTrustLevels),
                ("subscription_revocation", .subscriberRevocation),
                ("payload_passthru_mode", .subscriberPassthru),
                ("event_history", .subscriberHistory),
            ]),
        RoleTable(
            name: "caller", role: .caller,
            features: [
                ("caller_identification", .callerIdentification),
                ("progressive_call_results", .callerProgressiveResults),
                ("progressive_call_invocations", .callerProgressiveInvocations),
                ("call_timeout", .callerTimeout),
                ("call_canceling", .callerCanceling),
                ("payload_passthru_mode", .callerPassthru),
            ]),
        RoleTable(
            name: "callee", role: .callee,
            features: [
                ("caller_identification", .calleeIdentification),
                ("call_trustlevels", .calleeTrustLevels),
                ("pattern_based_registration", .calleePatterns),
                ("shared_registration", .calleeSharedRegistration),
                ("call_timeout", .calleeTimeout),
                ("call_canceling", .calleeCanceling),
                ("progressive_call_results", .calleeProgressiveResults),
                ("progressive_call_invocations", .calleeProgressiveInvocations),
                ("registration_revocation", .calleeRevocation),
                ("call_reroute", .calleeReroute),
                ("payload_passthru_mode", .calleePassthru),
            ]),
    ]
}

/// What a router announces in WELCOME, for its two roles.
package struct RouterFeatures: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    private init(_ bit: UInt32) { rawValue = 1 << bit }

    package static let publisherIdentification = RouterFeatures(0)
    package static let publisherExclusion = RouterFeatures(1)
    package static let blackwhiteListing = RouterFeatures(2)
    package static let patternSubscription = RouterFeatures(3)
    package static let brokerSessionMeta = RouterFeatures(4)
    package static let subscriptionMeta = RouterFeatures(5)
    package static let eventRetention = RouterFeatures(6)
    package static let eventHistory = RouterFeatures(7)
    package static let subscriptionRevocation = RouterFeatures(8)
    package static let publicationTrustLevels = RouterFeatures(9)
    package static let brokerPassthru = RouterFeatures(10)
    package static let brokerOldPassthru = RouterFeatures(11)

    package static let callerIdentification = RouterFeatures(16)
    package static let patternRegistration = RouterFeatures(17)
    package static let sharedRegistration = RouterFeatures(18)
    package static let progressiveResults = RouterFeatures(19)
    package static let progressiveInvocations = RouterFeatures(20)
    package static let callTimeout = RouterFeatures(21)
    package static let callCanceling = RouterFeatures(22)
    package static let callReroute = RouterFeatures(23)
    package static let callTrustLevels = RouterFeatures(24)
    package static let registrationRevocation = RouterFeatures(25)
    package static let dealerSessionMeta = RouterFeatures(26)
    package static let registrationMeta = RouterFeatures(27)
    package static let testamentMeta = RouterFeatures(28)
    package static let dealerPassthru = RouterFeatures(29)
    package static let dealerOldPassthru = RouterFeatures(30)

    internal static let broker: [(name: StaticString, bit: RouterFeatures)] = [
        ("publisher_identification", .publisherIdentification),
        ("publisher_exclusion", .publisherExclusion),
        ("subscriber_blackwhite_listing", .blackwhiteListing),
        ("pattern_based_subscription", .patternSubscription),
        ("session_meta_api", .brokerSessionMeta),
        ("subscription_meta_api", .subscriptionMeta),
        ("event_retention", .eventRetention),
        ("event_history", .eventHistory),
        ("subscription_revocation", .subscriptionRevocation),
        ("publication_trustlevels", .publicationTrustLevels),
        ("payload_passthru_mode", .brokerPassthru),
        ("payload_transparency", .brokerOldPassthru),
        ("payload_encryption_cryptobox", .brokerOldPassthru),
    ]

    internal static let dealer: [(name: StaticString, bit: RouterFeatures)] = [
        ("caller_identification", .callerIdentification),
        ("pattern_based_registration", .patternRegistration),
        ("shared_registration", .sharedRegistration),
        ("progressive_call_results", .progressiveResults),
        ("progressive_call_invocations", .progressiveInvocations),
        ("call_timeout", .callTimeout),
        ("call_canceling", .callCanceling),
        ("call_reroute", .callReroute),
        ("call_trustlevels", .callTrustLevels),
        ("registration_revocation", .registrationRevocation),
        ("session_meta_api", .dealerSessionMeta),
        ("registration_meta_api", .registrationMeta),
        ("testament_meta_api", .testamentMeta),
        ("payload_passthru_mode", .dealerPassthru),
        ("payload_transparency", .dealerOldPassthru),
        ("payload_encryption_cryptobox", .dealerOldPassthru),
    ]
}
