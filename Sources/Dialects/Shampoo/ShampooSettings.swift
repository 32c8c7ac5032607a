// ShampooSettings — what a server may decide about the dialect as a whole (specification §2.2).

package import DialectKit

/// How the dialect is spoken at all endpoints.
package struct ShampooSettings: Sendable, Equatable {
    /// Whether a request must have a `type`, as the reference demands and its README does not.
    /// `false` unless set: what the README shows then works, and so does every other client.
    package var isStrict: Bool

    package init(isStrict: Bool = false) { self.isStrict = isStrict }
}

/// A question to a back end about one endpoint.
package struct ShampooHook: Sendable {
    package var backEnd: any BackEnd
    /// Appended to the base URL of the back end as it stands.
    package var target: String
    /// In nanoseconds; `nil` is the back end's own.
    package var timeLimit: UInt64?

    package init(_ backEnd: any BackEnd, target: String, timeLimit: UInt64? = nil) {
        self.backEnd = backEnd
        self.target = target
        self.timeLimit = timeLimit
    }
}
