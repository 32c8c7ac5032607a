// Arguments — the second canonical form of a payload: args and kwargs.
//
// What WAMP publishes, calls with and answers is a list and a map, each optional, in the
// serialization of its sender. Both stay the octets that were sent, delimited and validated; who
// speaks the same serialization gets them as they are. Shared by reference between cores.

package import Codecs
internal import Synchronization

/// Keys about the payload that a router copies unchanged (§13.1 and the older form of §13.2).
package struct Passthru: Equatable, Sendable {
    package var scheme = Extent.absent
    package var serializer = Extent.absent
    package var cipher = Extent.absent
    package var keyID = Extent.absent
    package var oldAlgorithm = Extent.absent
    package var oldKey = Extent.absent
    package var oldSerializer = Extent.absent

    package init() {}

    /// Whether there is none of them.
    package var isAbsent: Bool {
        (scheme.size | serializer.size | cipher.size | keyID.size | oldAlgorithm.size
            | oldKey.size | oldSerializer.size) == 0
    }
}

/// Arguments of a publication or a call, or a result: octets in one serialization.
package final class Arguments: Sendable {
    /// What the places are in.
    package let octets: [UInt8]
    package let serialization: Serialization
    /// A list, or absent. With the older payload passthru an octet string.
    package let arguments: Extent
    /// A map, or absent; never without ``arguments``.
    package let keywords: Extent
    package let passthru: Passthru
    /// The same in another serialization, which has the one made after it.
    let next = AtomicLazyReference<Arguments>()

    /// - Precondition: The places lie within `octets`, which are valid in the serialization.
    package init(
        octets: [UInt8], serialization: Serialization, arguments: Extent,
        keywords: Extent = .absent, passthru: Passthru = Passthru()
    ) {
        precondition(!arguments.isAbsent || keywords.isAbsent, "keywords without arguments")
        precondition(arguments.range.upperBound <= octets.count)
        precondition(keywords.range.upperBound <= octets.count)
        self.octets = octets
        self.serialization = serialization
        self.arguments = arguments
        self.keywords = keywords
        self.passthru = passthru
    }
}
