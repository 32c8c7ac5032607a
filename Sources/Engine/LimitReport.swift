// LimitReport — what is said when a limit is reached, at most once per second and limit.

package import Telemetry

/// Goes to the log of whoever runs the engine. Never payloads, never tokens.
package struct LimitReport: Sendable {
    package let limit: LimitName
    package let core: Int
    /// "host:port", or `nil` where the kernel does not tell for this socket.
    package let peer: String?
    /// The path the connection was opened on; `nil` before that.
    package let path: String?
    /// Octets in the connection's queue; of its input, where that is what passed the limit.
    package let queuedOctets: Int
    /// How often the limit was reached since the last report of it.
    package let count: Int
}
