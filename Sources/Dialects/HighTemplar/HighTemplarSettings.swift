// HighTemplarSettings — what a route may decide about the dialect (specification §1.1, §2, §3, §4).

/// How the hello says whether the client is welcome (§1.1).
package enum HelloKeys: Sendable {
    /// `is_authorized`, as the reference's code does.
    case authorized
    /// `is_authenticated` besides, as its README has it.
    case both
}

/// What `*` means in a trigger (§4.3, §4.4).
package enum PublishMatch: Sendable {
    /// Any value: the trigger reaches every live room that it covers.
    case covering
    /// Itself, as the reference's code does.
    case exact
}

/// What `*` means in a room that a client joins (§4.3).
package enum SubscribeMatch: Sendable {
    /// Itself.
    case literal
    /// Any value.
    case pattern
}

/// A header that the API gets with every request, beside the usual ones (§2).
package struct ExtraHeader: Sendable {
    /// Where the value comes from. Without one the header is not sent.
    package enum Source: Sendable {
        /// A header of the client's request.
        case header(String)
        /// A parameter of its query.
        case queryParameter(String)
        case cookie(String)
        case fixed(String)
    }

    package var name: String
    package var source: Source
    /// Text in front of the value.
    package var prefix: String
    /// Text behind it.
    package var suffix: String

    package init(_ name: String, from source: Source, prefix: String = "", suffix: String = "") {
        self.name = name
        self.source = source
        self.prefix = prefix
        self.suffix = suffix
    }
}

/// How a route speaks the dialect. The defaults are the specification's.
package struct HighTemplarSettings: Sendable {
    package var helloKeys = HelloKeys.authorized
    package var subscribeMatch = SubscribeMatch.literal
    /// Whether replies to `subscribe` and `unsubscribe` carry the client's `requestId` (§3.4).
    package var repliesWithRequestID = false
    /// Silence after which a client is closed, in nanoseconds; 0 is never (§3.6).
    package var idleTime: UInt64 = 300_000_000_000
    /// How long the API may take to answer the bootstrap, in nanoseconds (§2).
    package var bootstrapTime: UInt64 = 20_000_000_000
    /// Whether the API is told who comes, pings and goes (§2.1).
    package var notifiesAPI = false
    /// Appended to the base URL of the API.
    package var bootstrapTarget = "bootstrap/"
    package var onlineTarget = "user/notify_online/"
    package var offlineTarget = "user/notify_offline/"
    /// Each replaces the usual header of its name.
    package var extraHeaders: [ExtraHeader] = []
    /// What everybody may join where there is no API to ask.
    package var allowedRooms: AllowedRooms?
    /// Subscriptions of one connection.
    package var subscriptionLimit = 10_000
    /// Subscriptions refused at `subscriptionLimit` until the connection is closed with 1008; at
    /// least 1.
    package var refusalLimit = 100

    package init() {}
}

/// The outside world: time and chance.
package struct HighTemplarSurroundings: Sendable {
    /// Nanoseconds since 1970.
    package var wallClock: @Sendable () -> UInt64
    /// Seconds that local time is ahead of UTC at that time.
    package var zoneOffset: @Sendable (UInt64) -> Int
    /// 64 random bits; they become names of connections and keep no secret.
    package var random: @Sendable () -> UInt64

    package init(
        wallClock: @escaping @Sendable () -> UInt64,
        zoneOffset: @escaping @Sendable (UInt64) -> Int,
        random: @escaping @Sendable () -> UInt64
    ) {
        self.wallClock = wallClock
        self.zoneOffset = zoneOffset
        self.random = random
    }
}
