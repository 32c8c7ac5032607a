// What a back end is asked about the clients of a section or route.

extension Configuration {
    /// Who decides about connections, subscriptions and publications besides roles.
    package struct Gate: Sendable, Equatable {
        /// `nil`: nobody.
        package var backEnd: String?
        package var connectTarget: String?
        package var subscribeTarget: String?
        package var publishTarget: String?

        package init() {}

        /// The keys, for whatever holds a gate.
        package static let settings: [Setting<Gate>] = [
            Setting(
                "backend", \.backEnd, .optional(.name),
                "Who is asked about clients besides: the name of a [[backend]]."),
            Setting(
                "connect_target", \.connectTarget, .optional(.target),
                "The path under its URL that decides about a connection and what it may do."),
            Setting(
                "subscribe_target", \.subscribeTarget, .optional(.target),
                "The path that is asked about each subscription."),
            Setting(
                "publish_target", \.publishTarget, .optional(.target),
                "The path that is asked about each publication."),
        ]

        /// A question that nobody is asked.
        var strayKey: String? {
            guard backEnd == nil else { return nil }
            if connectTarget != nil { return "connect_target" }
            if subscribeTarget != nil { return "subscribe_target" }
            return publishTarget != nil ? "publish_target" : nil
        }
    }
}
