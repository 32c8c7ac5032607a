// Joining — the words between a session and what decides who it is (reference §5.2, §5.3, §10).
//
// A session asks once with what HELLO said, gets a welcome, a challenge or a refusal, and after a
// challenge asks once more with what AUTHENTICATE said. Values made once per session: texts are
// strings, and nothing here is tuned.

/// What HELLO asked for.
package struct JoinRequest: Sendable {
    package var realm: String
    /// The client's methods in its order of preference; empty means anonymous.
    package var methods: [String]
    package var authID: String?
    /// A role asked for. It chooses among the entries of a principal and grants nothing.
    package var authRole: String?
    /// The members of `authextra` that are strings.
    package var extra: [String: String]

    package init(
        realm: String, methods: [String] = [], authID: String? = nil, authRole: String? = nil,
        extra: [String: String] = [:]
    ) {
        self.realm = realm
        self.methods = methods
        self.authID = authID
        self.authRole = authRole
        self.extra = extra
    }
}

/// What it takes to decide: made by the session.
package struct JoinContext: Sendable {
    /// The id that WELCOME will carry.
    package var session: UInt64
    /// The time in UTC by ISO 8601, with milliseconds and a `Z`.
    package var timestamp: String
    /// Gives as many octets as asked for, which nobody can guess.
    package var randomOctets: @Sendable (Int) -> [UInt8]
    /// The channel below when it can be bound to: its type (`tls-unique`) and its id.
    package var channel: Channel?

    package init(
        session: UInt64, timestamp: String, randomOctets: @escaping @Sendable (Int) -> [UInt8],
        channel: Channel? = nil
    ) {
        self.session = session
        self.timestamp = timestamp
        self.randomOctets = randomOctets
        self.channel = channel
    }

    internal func random(_ count: Int) -> [UInt8] {
        let octets = randomOctets(count)
        precondition(octets.count == count, "random octets: another number than asked for")
        return octets
    }
}

/// What a secure channel knows and nobody in the middle can copy.
package struct Channel: Sendable, Equatable {
    package var type: String
    package var id: [UInt8]

    package init(type: String, id: [UInt8]) {
        self.type = type
        self.id = id
    }
}

/// A value in Extra or authextra.
package enum AuthValue: Sendable, Equatable {
    case text(String)
    case number(UInt64)
    case null
}

/// A map of such values, in the order they are written.
package typealias AuthExtra = [(key: String, value: AuthValue)]

/// Who the session is.
package struct Joined: Sendable, Equatable {
    package var authID: String
    package var authRole: String
    package var authMethod: String
    package var authProvider: String
    /// WELCOME.authextra; left out when empty.
    package var extra: AuthExtra

    package init(
        authID: String, authRole: String, authMethod: String, authProvider: String = "static",
        extra: AuthExtra = []
    ) {
        self.authID = authID
        self.authRole = authRole
        self.authMethod = authMethod
        self.authProvider = authProvider
        self.extra = extra
    }

    package static func == (left: Joined, right: Joined) -> Bool {
        left.authID == right.authID && left.authRole == right.authRole
            && left.authMethod == right.authMethod && left.authProvider == right.authProvider
            && left.extra.elementsEqual(right.extra, by: ==)
    }
}

/// What becomes of a session that wants to join.
package enum JoinDecision: Sendable {
    /// Send WELCOME.
    case welcome(Joined)
    /// Send CHALLENGE and ask the ``PendingJoin`` with what AUTHENTICATE says.
    case challenge(method: String, extra: AuthExtra, PendingJoin)
    /// Send ABORT with this reason and text, then close.
    case refuse(uri: String, message: String)
}
