// OpenAPISettings — what a route may decide about the dialect (specification §3.5, §3.6).

import Bytes
package import Hub

/// Methods a route can expose (§3). Everything else is asked of the procedures of the realm.
package struct OpenAPIMethods: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let subscribe = OpenAPIMethods(rawValue: 1 << 0)
    package static let unsubscribe = OpenAPIMethods(rawValue: 1 << 1)
    package static let publish = OpenAPIMethods(rawValue: 1 << 2)
    package static let serverInfo = OpenAPIMethods(rawValue: 1 << 3)
    package static let info = OpenAPIMethods(rawValue: 1 << 4)
    package static let echo = OpenAPIMethods(rawValue: 1 << 5)
    /// Closes its own connection with 1000; a test method.
    package static let cancel = OpenAPIMethods(rawValue: 1 << 6)
    /// Fails as a method does whose result is no JSON; a test method.
    package static let badJSON = OpenAPIMethods(rawValue: 1 << 7)

    package static let standard: OpenAPIMethods = [
        .subscribe, .unsubscribe, .publish, .serverInfo, .info, .echo,
    ]
    package static let test: OpenAPIMethods = [.cancel, .badJSON]

    /// The method clients and configuration files call `name`.
    package init?(name: String) {
        var name = name
        guard let method = name.withUTF8({ unsafe Self.named($0.span.bytes) }) else { return nil }
        self = method
    }

    /// The method of that name, the most frequent first; a wrong size ends a comparison at once.
    internal static func named(_ name: RawSpan) -> OpenAPIMethods? {
        if name.equals("publish") { return .publish }
        if name.equals("subscribe") { return .subscribe }
        if name.equals("unsubscribe") { return .unsubscribe }
        if name.equals("echo") { return .echo }
        if name.equals("server_info") { return .serverInfo }
        if name.equals("info") { return .info }
        if name.equals("cancel") { return .cancel }
        if name.equals("badjson") { return .badJSON }
        return nil
    }
}

/// Which channels exist for a route's clients (§3.6).
package enum ChannelPolicy: Sendable {
    case any
    /// Only names that equal their own lower-case form.
    case lowercase
}

/// How a route speaks the dialect.
package struct OpenAPISettings: Sendable {
    package var channels: ChannelPolicy
    /// Exposed methods.
    package var methods: OpenAPIMethods
    /// Subscriptions of one connection.
    package var subscriptionLimit: Int
    /// Octets of their names, from which on there are no further ones: all of them are told with
    /// each.
    package var subscriptionSizeLimit = 1 << 20
    /// Subscriptions refused at one of these limits until the connection is closed with 1008.
    package var refusalLimit: Int
    /// How methods that are none of the dialect's become procedures.
    package var calls = CallRule()
    /// How long they may take, in nanoseconds; 0: as long as they like.
    package var callTime: UInt64 = 60_000_000_000
    /// What clients may subscribe to, publish to and call.
    package var access = Access.open

    /// - Parameter testMethods: Exposes `cancel` and `badjson` as well.
    package init(
        channels: ChannelPolicy = .any, methods: OpenAPIMethods = .standard,
        testMethods: Bool = false, subscriptionLimit: Int = 10_000, refusalLimit: Int = 100
    ) {
        precondition(subscriptionLimit >= 0)
        precondition(refusalLimit >= 1)
        self.channels = channels
        self.methods = testMethods ? methods.union(.test) : methods
        self.subscriptionLimit = subscriptionLimit
        self.refusalLimit = refusalLimit
    }
}
