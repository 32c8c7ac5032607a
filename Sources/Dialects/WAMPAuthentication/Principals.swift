// Principals — who may join a realm, and by what (reference §10.1).
//
// Made once from a configuration and never changed: a new configuration is a new value, and
// sessions that are joining finish with the one they began with.

internal import Bytes

/// One way for somebody to join. A name may have several entries, with other methods or roles.
package struct Principal: Sendable {
    package var authID: String
    package var role: String
    package var credential: Credential

    package init(authID: String, role: String, credential: Credential) {
        self.authID = authID
        self.role = role
        self.credential = credential
    }
}

/// What somebody must know or have. Secrets are the octets a client uses, UTF-8 for texts.
package enum Credential: Sendable {
    case ticket([UInt8])
    /// With a salt, `secret` is the derived key: the base 64 text (``WAMPCRA``).
    case wampCRA(secret: [UInt8], salt: (text: String, iterations: Int, keyLength: Int)?)
    case scram(SCRAMVerifier)
    /// Any of these keys of 32 octets.
    case cryptosign(publicKeys: [[UInt8]])

    /// Whether it is one for `method`.
    internal func serves(_ method: AuthMethod) -> Bool {
        switch (self, method) {
        case (.ticket, .ticket), (.wampCRA, .wampCRA), (.cryptosign, .cryptosign): true
        case (.scram(let verifier), .wampSCRAM):
            verifier.parameters.derivation.belongs(to: .specified)
        case (.scram(let verifier), .scram):
            verifier.parameters.derivation.belongs(to: .deployed)
        default: false
        }
    }
}

/// The principals of one realm, immutable.
package struct Principals: Sendable {
    /// Longest authid, in octets of UTF-8; nobody has a longer one.
    package static let authIDLimit = 1024
    /// Methods of a HELLO that are looked at.
    package static let methodLimit = 32

    internal let anonymousRole: String?
    internal let routerKey: RouterKey?
    private let principals: [Principal]
    /// Places in `principals`, in their order.
    private let placesByID: [ExactText: [Int]]
    private let placesByKey: [[UInt8]: [Int]]
    private let methods: Set<AuthMethod>

    /// - Parameters:
    ///   - anonymousRole: The role of sessions without authentication; `nil` lets none in.
    ///   - routerKey: Shows cryptosign clients who the router is, if they ask.
    package init(
        anonymousRole: String?, principals: [Principal], routerKey: RouterKey? = nil
    ) {
        self.anonymousRole = anonymousRole
        self.routerKey = routerKey
        self.principals = principals
        var placesByID: [ExactText: [Int]] = [:]
        var placesByKey: [[UInt8]: [Int]] = [:]
        for (place, principal) in principals.enumerated() {
            placesByID[ExactText(principal.authID), default: []].append(place)
            guard case .cryptosign(let keys) = principal.credential else { continue }
            for key in keys { placesByKey[key, default: []].append(place) }
        }
        self.placesByID = placesByID
        self.placesByKey = placesByKey
        methods = Set(
            AuthMethod.allCases.filter { method in
                method == .anonymous
                    ? anonymousRole != nil
                    : principals.contains { $0.credential.serves(method) }
            })
    }

    /// Decides by what HELLO asks for: the first of the client's methods that is configured and
    /// knows the authid. If none does, the first that is configured says why.
    ///
    /// Takes some microseconds, unless ``isHeavy(_:)``.
    package func decide(_ request: JoinRequest, _ context: JoinContext) -> JoinDecision {
        let offered = request.methods.prefix(Self.methodLimit).map(AuthMethod.init(named:))
        var refusal: JoinDecision?
        var untried = methods
        for case let method? in offered.isEmpty ? [.anonymous] : offered {
            // Naming a method again costs us nothing.
            guard untried.remove(method) != nil else { continue }
            let attempt = Attempt(
                request: request, context: context, principals: self, method: method)
            switch attempt.decide() {
            case .final(let decision): return decision
            case .unsuitable(let decision):
                // Who answers a challenge that nothing fits must not learn from another method that
                // there is no such name.
                if case .challenge = decision {
                    refusal = decision
                    untried.remove(.anonymous)
                } else {
                    refusal = refusal ?? decision
                }
            }
        }
        if let refusal { return refusal }
        return offered.allSatisfy { $0 == .anonymous }
            ? .authenticationRequired : .noMatchingMethod
    }

    /// Whether ``decide(_:_:)`` may have to make a signature, which takes tens of microseconds and
    /// must not be done on a core.
    package func isHeavy(_ request: JoinRequest) -> Bool {
        routerKey != nil && request.extra["challenge"] != nil
            && request.methods.contains { AuthMethod(named: $0) == .cryptosign }
    }

    /// The entries of `authID` for `method`, those with the role asked for first.
    internal func entries(
        of authID: String, method: AuthMethod, preferring role: String?
    ) -> [Principal] {
        Self.sorted((placesByID[ExactText(authID)] ?? []).map { principals[$0] }, preferring: role)
            .filter { $0.credential.serves(method) }
    }

    /// The entries that have `key`, those with the role asked for first.
    internal func entries(key: [UInt8], preferring role: String?) -> [Principal] {
        Self.sorted((placesByKey[key] ?? []).map { principals[$0] }, preferring: role)
    }

    /// The first entry for `method`, whosoever: what a decoy must look like.
    internal func model(for method: AuthMethod) -> Principal? {
        principals.first { $0.credential.serves(method) }
    }

    private static func sorted(
        _ entries: [Principal], preferring role: String?
    ) -> [Principal] {
        guard let role else { return entries }
        let isWanted = { (entry: Principal) in entry.role.isExactly(role) }
        return entries.filter(isWanted) + entries.filter { !isWanted($0) }
    }
}
