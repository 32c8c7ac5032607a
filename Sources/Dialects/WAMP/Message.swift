// Message — one WAMP message as numbers and places in its octets (reference §3).
//
// Nothing is copied and nothing allocated: ids are numbers, everything else is where it lies. The
// payload is validated and delimited, never parsed (§19). A message means something only together
// with the octets it was decoded from.

package import Codecs

package struct Message: Sendable {
    /// The code once it is read; a message that was decoded has one.
    internal var knownCode: MessageCode?
    package let serialization: Serialization

    /// The request id, in EVENT and WELCOME 0; for YIELD, INVOCATION, INTERRUPT and an ERROR about
    /// an invocation the id of the invocation.
    package internal(set) var request: UInt64 = 0
    /// The session, subscription or registration the message is about, if it has such an element.
    package internal(set) var target: UInt64 = 0
    /// In PUBLISHED and EVENT.
    package internal(set) var publication: UInt64 = 0
    /// In ERROR: what kind of request failed.
    package internal(set) var requestType: MessageCode?

    /// Topic, procedure, error URI, reason, realm, authentication method or signature, by code.
    package internal(set) var name: Item?
    /// The whole map of options, details or extra.
    package internal(set) var details = Extent.absent
    /// The list; with the older payload passthru an octet string (§13.2).
    package internal(set) var arguments = Extent.absent
    /// The map; never without ``arguments``.
    package internal(set) var keywords = Extent.absent

    package internal(set) var options = Options()
    /// Only in HELLO.
    package internal(set) var hello = Hello()

    internal init(serialization: Serialization) { self.serialization = serialization }

    package var code: MessageCode {
        guard let knownCode else { preconditionFailure("the code is read first") }
        return knownCode
    }

    /// Octets of a message beyond any configured limit, so that places fit 32 bits.
    package static var sizeLimit: Int { Extent.placeLimit }

    /// Elements of payload: 0 to 2.
    package var payloadCount: Int {
        arguments.isAbsent ? 0 : keywords.isAbsent ? 1 : 2
    }
}

extension Message {
    /// The name as it lies in `octets`, unless escapes or chunks have to be resolved first; `nil`
    /// for those, which are rare: take ``nameText(in:)``.
    @_lifetime(copy octets)
    package func plainName(in octets: RawSpan) -> RawSpan? {
        guard let name, name.isPlain else { return nil }
        return octets.extracting(name.contents)
    }

    /// A copy of the name; `nil` when there is none, or half of a surrogate pair in it.
    package func nameText(in octets: RawSpan) -> [UInt8]? {
        guard let name else { return nil }
        return Extent(name.range).text(in: octets, as: serialization)
    }

    /// The payload with the keys that travel with it, ready to be written into another message.
    @_lifetime(copy octets)
    package func payload(in octets: RawSpan) -> Payload {
        Payload(
            octets: octets, serialization: serialization, arguments: arguments,
            keywords: keywords, passthru: options.passthru)
    }
}
